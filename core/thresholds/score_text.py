"""Text of a score file, kept once for each distinct value: a few kilobytes may repeat a long word a million times."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from core.errors import BadInput

LONGEST = 4_096  # bytes of one id, label or name


def check_type(kind: pa.DataType, column: str, name: str) -> None:
    """Refuses lists and the like before anything of them is read."""
    while isinstance(kind, (pa.BaseExtensionType, pa.DictionaryType)):
        kind = kind.storage_type if isinstance(kind, pa.BaseExtensionType) else kind.value_type
    wide = pa.types.is_fixed_size_binary(kind) and kind.byte_width > LONGEST
    if wide or pa.types.is_nested(kind):
        raise BadInput(f"{name}: column {column} has the type {kind}, which is neither text nor numbers")


def is_text(kind: pa.DataType) -> bool:
    return any(
        test(kind)
        for test in (
            pa.types.is_string,
            pa.types.is_large_string,
            pa.types.is_binary,
            pa.types.is_large_binary,
        )
    )


def encode(column: pa.ChunkedArray, name: str) -> pa.DictionaryArray:
    """The column as its distinct texts and the place of each row's; `name` is of the file and the column."""
    if pa.types.is_dictionary(column.type):
        found = _used(column)
    else:
        found = _text(column, name).combine_chunks().dictionary_encode()
    words = _text(found.dictionary, name)
    longest = pc.max(pc.binary_length(words)).as_py() or 0
    if longest > LONGEST:
        raise BadInput(f"{name} holds a text of {longest:,} bytes; at most {LONGEST:,} are read")
    return pa.DictionaryArray.from_arrays(found.indices, words)


def _used(column: pa.ChunkedArray) -> pa.DictionaryArray:
    """Without the words of the dictionary that no row has."""
    chunks = column.unify_dictionaries().chunks
    if not chunks:
        return pa.array([], pa.string()).dictionary_encode()
    indices = pa.chunked_array([chunk.indices for chunk in chunks]).combine_chunks()
    places = indices.drop_null().to_numpy()
    rows = np.bincount(places, minlength=len(chunks[0].dictionary))
    kept = np.flatnonzero(rows)
    renumbered = pa.array(np.cumsum(rows > 0) - 1).take(indices)
    return pa.DictionaryArray.from_arrays(
        renumbered.cast(pa.int32()), chunks[0].dictionary.take(pa.array(kept))
    )


def size(column: pa.DictionaryArray) -> int:
    """Bytes of the text of all rows."""
    lengths = pc.fill_null(pc.binary_length(column.dictionary), 0).to_numpy()
    return int(lengths[column.indices.drop_null().to_numpy()].sum()) if len(lengths) else 0


def hashes(column: pa.DictionaryArray) -> np.ndarray:
    """64 bits of each text that is stated; those left empty are nobody's twice."""
    words = column.dictionary.to_numpy(zero_copy_only=False)
    stated = pd.notna(words) & (words != "")
    codes = np.zeros(len(words), np.uint64)
    codes[stated] = pd.util.hash_array(words[stated], categorize=False)
    rows = column.indices.drop_null().to_numpy()
    return codes[rows[stated[rows]]] if len(words) else codes


# One odd number for each place of a text; a text is the sum of its bytes times these (multilinear hashing).
_PLACES = np.random.default_rng(0).integers(0, 2**63, LONGEST, dtype=np.uint64) * np.uint64(2) + np.uint64(1)


def whole(column: pa.ChunkedArray, name: str) -> pa.StringArray:
    """A column of ids, mostly distinct: as it is, with no text too long."""
    text = _text(column, name).combine_chunks()
    text = text.combine_chunks() if isinstance(text, pa.ChunkedArray) else text
    longest = pc.max(pc.binary_length(text)).as_py() or 0
    if longest > LONGEST:
        raise BadInput(f"{name} holds a text of {longest:,} bytes; at most {LONGEST:,} are read")
    return text


def text_hashes(column: pa.StringArray) -> np.ndarray:
    """64 bits of each text that is stated, straight from the bytes."""
    if not len(column):
        return np.zeros(0, np.uint64)
    _, places, text = column.buffers()
    offsets = np.frombuffer(places, np.int32)[column.offset : column.offset + len(column) + 1]
    lengths = np.diff(offsets)
    starts, lengths = (offsets[:-1] - offsets[0])[lengths > 0], lengths[lengths > 0]
    if not len(starts):
        return np.zeros(0, np.uint64)
    data = np.frombuffer(text, np.uint8)[offsets[0] : offsets[-1]]
    place = np.arange(len(data), dtype=np.int32) - np.repeat(starts, lengths)
    return np.add.reduceat(_PLACES[place] * (data.astype(np.uint64) + np.uint64(1)), starts)


def _text(column: pa.ChunkedArray | pa.Array, name: str) -> pa.ChunkedArray | pa.Array:
    try:
        return column if pa.types.is_string(column.type) else column.cast(pa.string())
    except (pa.ArrowNotImplementedError, pa.ArrowInvalid) as error:
        raise BadInput(
            f"{name} has the type {column.type}, which is neither text nor numbers that can be read ({error})"
        ) from error
