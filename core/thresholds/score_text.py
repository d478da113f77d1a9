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


def keep_ids(column: pa.ChunkedArray, name: str) -> pa.StringArray:
    """A column of ids, mostly distinct: as it is, with no text too long."""
    text = _text(column, name).combine_chunks()
    text = text.combine_chunks() if isinstance(text, pa.ChunkedArray) else text
    longest = pc.max(pc.binary_length(text)).as_py() or 0
    if longest > LONGEST:
        raise BadInput(f"{name} holds a text of {longest:,} bytes; at most {LONGEST:,} are read")
    return text


def text_hashes(column: pa.StringArray) -> np.ndarray:
    """64 bits of each text that is stated, straight from its bytes, eight at a time:

    "LA_E_2834763" -> word "LA_E_283", word "4763" and zeros; hash = mix(mix(mix(length) ^ word) ^ word)
    """
    if not len(column):
        return np.zeros(0, np.uint64)
    _, places, text = column.buffers()
    offsets = np.frombuffer(places, np.int32)[column.offset : column.offset + len(column) + 1]
    lengths = np.diff(offsets)
    starts, lengths = (offsets[:-1] - offsets[0])[lengths > 0], lengths[lengths > 0]
    if not len(starts):
        return np.zeros(0, np.uint64)
    padded = np.zeros(int(offsets[-1] - offsets[0]) + WORD, np.uint8)
    padded[:-WORD] = np.frombuffer(text, np.uint8)[offsets[0] : offsets[-1]]
    # The word that begins at each byte.
    words = np.ndarray(len(padded) - WORD + 1, np.uint64, padded, strides=(1,))
    found, rows = _mix(lengths.astype(np.uint64)), np.arange(len(lengths))
    for place in range(0, int(lengths.max()), WORD):
        longer = lengths > place
        if not longer.all():
            rows, starts, lengths = rows[longer], starts[longer], lengths[longer]
        word = words[starts + place] & _LEADING[np.minimum(lengths - place, WORD)]
        found[rows] = _mix(found[rows] ^ word)
    return found


WORD = 8  # bytes
# Of a word its first so many bytes.
_LEADING = np.array([(1 << 8 * size) - 1 for size in range(WORD + 1)], np.uint64)


def _mix(values: np.ndarray) -> np.ndarray:
    """Every bit of the input moves about half of those of the output (splitmix64)."""
    values = values + np.uint64(0x9E3779B97F4A7C15)
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return values ^ (values >> np.uint64(31))


def _text(column: pa.ChunkedArray | pa.Array, name: str) -> pa.ChunkedArray | pa.Array:
    try:
        return column if pa.types.is_string(column.type) else column.cast(pa.string())
    except (pa.ArrowNotImplementedError, pa.ArrowInvalid) as error:
        raise BadInput(
            f"{name} has the type {column.type}, which is neither text nor numbers that can be read ({error})"
        ) from error
