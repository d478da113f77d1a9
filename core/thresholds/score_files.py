"""Score files of any detector: CSV (also .gz) or Parquet with a label and a score, read in bounded memory.

What is inside decides, not the name. Files come from elsewhere, so bytes and rows are limited while reading.
"""

from __future__ import annotations

import csv
import io
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv
import pyarrow.parquet as pq

from core.errors import BadInput
from core.workspace import Workspace, workspace

OPTIONAL = ("id", "group", "dataset", "modality", "identity", "method", "split", "probability")
ALIASES = {"sample_id": "id", "component": "group", "attack": "method"}
FAKE_WORDS, REAL_WORDS = ("fake", "1", "1.0", "true"), ("real", "0", "0.0", "false")
BLOCK = 8 << 20  # bytes of CSV read at a time


@dataclass(frozen=True)
class Limits:
    """settings.toml, table [score_files]."""

    max_bytes: int = 8 << 30  # of text, after decompression
    max_rows: int = 100_000_000

    @classmethod
    def of(cls, space: Workspace | None = None) -> Limits:
        chosen = (space or workspace()).settings().get("score_files", {})
        known = {name: chosen[name] for name in ("max_bytes", "max_rows") if name in chosen}
        for name, value in known.items():
            if not isinstance(value, int) or value < 1:
                raise BadInput(f"settings.toml: score_files.{name} ({value!r}) must be a whole number over 0")
        return cls(**known)


def read(
    path: Path | str,
    *,
    fake_label: str | None = None,
    lower_is_fake: bool = False,
    columns: tuple[str, ...] = OPTIONAL,
    limits: Limits | None = None,
) -> pd.DataFrame:
    """The table of a score file: `label` (0 or 1), `score`, and those of `columns` that the file has.

    `fake_label` names the label that means fake where the file does not say it as real/fake or 0/1;
    `lower_is_fake` turns scores whose low end means fake.
    """
    path = Path(path).expanduser()
    if not path.is_file():
        raise BadInput(f"there is no score file {path}")
    limits = limits or Limits.of()
    parts = _Parts(path.name, columns, fake_label)
    for batch in _batches(path, limits):
        parts.add(batch)
        if parts.rows > limits.max_rows:
            raise BadInput(
                f"{path.name} has over {limits.max_rows:,} rows; raise score_files.max_rows in settings.toml"
            )
    table = parts.table()
    if lower_is_fake:
        table["score"] = -table["score"]
    return table


class _Parts:
    """Batches turned into narrow columns one by one, so that text never piles up."""

    def __init__(self, name: str, columns: tuple[str, ...], fake_label: str | None) -> None:
        self.name, self.columns, self.fake_label = name, columns, fake_label
        self.rows = 0
        self.words: list[str] = []  # distinct labels, in order of appearance
        self.codes: list[np.ndarray] = []
        self.scores: list[np.ndarray] = []
        self.ids: list[np.ndarray] = []  # hashes
        self.others: dict[str, list[pa.ChunkedArray | pa.Array]] = {}

    def add(self, batch: pa.Table) -> None:
        names = _names(batch.column_names, self.name)
        self.scores.append(self._scores(batch.column(names["score"])))
        self.codes.append(self._codes(batch.column(names["label"])))
        if "id" in names:
            self.ids.append(_hashes(batch.column(names["id"])))
        for wanted in self.columns:
            if wanted in names:
                column = batch.column(names[wanted])
                kind = pa.float64() if wanted == "probability" else pa.string()
                try:
                    column = _text(column).cast(kind) if column.type != kind else column
                except pa.ArrowInvalid as error:
                    raise BadInput(f"{self.name}: column {wanted} cannot be read ({error})") from error
                if wanted not in ("id", "probability"):
                    column = column.combine_chunks().dictionary_encode()
                self.others.setdefault(wanted, []).append(column)
        self.rows += batch.num_rows

    def _scores(self, column: pa.ChunkedArray) -> np.ndarray:
        if not (pa.types.is_floating(column.type) or pa.types.is_integer(column.type)):
            text = pc.utf8_trim_whitespace(_text(column))
            try:
                column = text.cast(pa.float64())
            except pa.ArrowInvalid:
                row = next(i for i, word in enumerate(text.to_pylist()) if not _is_number(word))
                if not text[row].as_py():
                    raise BadInput(_no_score(self.name, self.rows + row)) from None
                raise BadInput(
                    f"{self.name}: score {text[row].as_py()!r} in row {self.rows + row + 1} is not a number"
                ) from None
        kind = np.float32 if column.type in (pa.float32(), pa.float16()) else np.float64
        scores = column.to_numpy().astype(kind, copy=False)
        finite = np.isfinite(scores)
        if not finite.all():
            row = int(np.argmin(finite))
            raise BadInput(_no_score(self.name, self.rows + row))
        return scores

    def _codes(self, column: pa.ChunkedArray) -> np.ndarray:
        column = _whole(column)
        encoded = pc.utf8_trim_whitespace(_text(column)).combine_chunks().dictionary_encode()
        if encoded.null_count:
            row = int(np.argmax(np.asarray(encoded.is_null())))
            raise BadInput(f"{self.name}: the label in row {self.rows + row + 1} is missing")
        words = encoded.dictionary.to_pylist()
        if "" in words:
            row = int(np.argmax(np.asarray(encoded.indices) == words.index("")))
            raise BadInput(f"{self.name}: the label in row {self.rows + row + 1} is missing")
        for word in words:
            if word not in self.words:
                self.words.append(word)
        if len(self.words) > 64:
            raise BadInput(
                f"{self.name}: column label holds {_list(self.words)}; it needs two labels, real and fake"
            )
        places = np.array([self.words.index(word) for word in words], np.uint8)
        return places[np.asarray(encoded.indices)]

    def table(self) -> pd.DataFrame:
        if not self.rows:
            raise BadInput(f"{self.name} has no rows")
        self._refuse_repeated_ids()
        is_fake = np.array(self._sides(), np.uint8)
        columns: dict[str, Any] = {
            "label": is_fake[np.concatenate(self.codes)],
            "score": np.concatenate(self.scores),
        }
        for name, arrays in self.others.items():
            columns[name] = _joined(arrays).unify_dictionaries().to_pandas()
        return pd.DataFrame(columns)

    def _refuse_repeated_ids(self) -> None:
        """By 64-bit hashes: eight bytes a row instead of the text of every id."""
        hashes = np.concatenate(self.ids) if self.ids else np.zeros(0, np.uint64)
        self.ids.clear()
        hashes.sort()
        repeated = int(np.count_nonzero(hashes[1:] == hashes[:-1]))
        if repeated:
            some = "1 row repeats" if repeated == 1 else f"{repeated:,} rows repeat"
            raise BadInput(f"{self.name}: {some} an id; a sample counts once, so keep one row for each")

    def _sides(self) -> list[int]:
        """For each distinct label whether it is fake; asks where that is not plain."""
        if self.fake_label is not None:
            chosen = [w.casefold() == self.fake_label.strip().casefold() for w in self.words]
            if not any(chosen):
                raise BadInput(f"{self.name}: no label is {self.fake_label!r}; it has {_list(self.words)}")
            if len(self.words) > 2:
                raise BadInput(f"{self.name}: column label holds {_list(self.words)}; it needs two labels")
            return [int(c) for c in chosen]
        lower = [w.casefold() for w in self.words]
        if all(w in FAKE_WORDS or w in REAL_WORDS for w in lower):
            return [int(w in FAKE_WORDS) for w in lower]
        plain = {"real", "fake"} & set(lower)
        if len(self.words) <= 2 and not plain:
            raise BadInput(
                f"{self.name}: labels are {_list(self.words)} and it is not plain which means fake; "
                f"name it with --fake-label, e.g. --fake-label {self.words[-1]}"
            )
        wrong = next(w for w in self.words if w.casefold() not in FAKE_WORDS + REAL_WORDS)
        raise BadInput(f"{self.name}: label {wrong!r} is neither real nor fake (labels are 0/1 or real/fake)")


def _batches(path: Path, limits: Limits) -> Iterator[pa.Table]:
    with path.open("rb") as file:
        head = file.read(4)
    if not head:
        raise BadInput(f"{path.name} is empty")
    if head == b"PAR1":
        yield from _parquet_batches(path)
    elif head[:2] == b"\x1f\x8b":
        with path.open("rb") as file:
            yield from _csv_batches(_Gunzip(file, limits.max_bytes, path.name), path.name)
    else:
        if path.stat().st_size > limits.max_bytes:
            raise BadInput(_too_large(path.name, limits.max_bytes))
        with path.open("rb") as file:
            yield from _csv_batches(file, path.name)


def _parquet_batches(path: Path) -> Iterator[pa.Table]:
    try:
        with pq.ParquetFile(path) as file:
            found = _names(file.schema_arrow.names, path.name)
            for batch in file.iter_batches(1 << 20, columns=list(found.values())):
                yield pa.Table.from_batches([batch])
    except (pa.ArrowException, OSError) as error:
        raise BadInput(f"{path.name} is not a whole Parquet file ({error})") from error


def _csv_batches(file: IO[bytes] | _Gunzip, name: str) -> Iterator[pa.Table]:
    buffered = io.BufferedReader(
        file if isinstance(file, _Gunzip) else io.FileIO(file.fileno(), closefd=False), BLOCK
    )
    try:
        head = buffered.peek(1 << 16)[: 1 << 16]
    except (EOFError, zlib.error) as error:
        raise BadInput(f"{name} cannot be unpacked ({error})") from error
    header, separator = _header(head, name)
    found = _names(header, name)
    strings = dict.fromkeys(header, pa.string())
    try:
        reader = pacsv.open_csv(
            buffered,
            read_options=pacsv.ReadOptions(block_size=BLOCK),
            parse_options=pacsv.ParseOptions(delimiter=separator),
            convert_options=pacsv.ConvertOptions(
                include_columns=list(dict.fromkeys(found.values())),
                column_types=strings,
                strings_can_be_null=False,
            ),
        )
        for batch in reader:
            yield pa.Table.from_batches([batch])
    except (pa.ArrowException, EOFError, OSError, zlib.error) as error:
        raise BadInput(f"{name} cannot be read as CSV ({error})") from error


class _Gunzip(io.RawIOBase):
    """Decompresses as it is read and stops at the limit: a small file may hold terabytes."""

    def __init__(self, file: IO[bytes], limit: int, name: str) -> None:
        self.file, self.limit, self.name = file, limit, name
        self.inflate = zlib.decompressobj(31)
        self.given = 0
        self.left = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        wanted = len(buffer)
        data = b""
        while not data:
            if self.inflate.eof:  # members may follow each other
                self.left = self.inflate.unused_data or self.file.read(1 << 20)
                if not self.left:
                    return 0
                self.inflate = zlib.decompressobj(31)
            source = self.left or self.inflate.unconsumed_tail or self.file.read(1 << 20)
            self.left = b""
            if not source:
                raise EOFError("the compressed file ends early")
            data = self.inflate.decompress(source, wanted)
        self.given += len(data)
        if self.given > self.limit:
            raise BadInput(_too_large(self.name, self.limit))
        buffer[: len(data)] = data
        return len(data)


def _no_score(name: str, row: int) -> str:
    return f"{name}: the score in row {row + 1} is missing, NaN or infinite; every row needs a finite score"


def _too_large(name: str, limit: int) -> str:
    return (
        f"{name} holds over {limit:,} bytes; raise score_files.max_bytes in settings.toml or split the file"
    )


def _header(head: bytes, name: str) -> tuple[list[str], str]:
    """The column names and the separator of a CSV from its first bytes."""
    if b"\x00" in head:
        raise BadInput(f"{name} is neither CSV nor Parquet")
    line = head.removeprefix(b"\xef\xbb\xbf").split(b"\n", 1)[0].rstrip(b"\r")
    try:
        text = line.decode("utf-8")
    except UnicodeDecodeError:
        raise BadInput(f"{name} is not UTF-8 text; save it as UTF-8 CSV or Parquet") from None
    separator = max(",;\t|", key=text.count)
    return next(csv.reader([text], delimiter=separator), []), separator


def _names(header: list[str], name: str) -> dict[str, str]:
    """House name -> the file's own name of each column that is read."""
    plain: dict[str, str] = {}
    for column in header:
        key = column.strip().casefold()
        if key in ("label", "score", *OPTIONAL) and key in plain:
            raise BadInput(f"{name} has two columns {key!r}")
        plain.setdefault(key, column)
    for alias, known in ALIASES.items():
        if known not in plain and alias in plain:
            plain[known] = plain[alias]
    missing = [c for c in ("label", "score") if c not in plain]
    if missing:
        shown = ", ".join(header[:12]) or "nothing"
        raise BadInput(f"{name} has no column {missing[0]!r}; it has {shown} (needed are label and score)")
    return {known: plain[known] for known in ("label", "score", *OPTIONAL) if known in plain}


def _text(column: pa.ChunkedArray) -> pa.ChunkedArray:
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    return column if pa.types.is_string(column.type) else column.cast(pa.string())


def _whole(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Labels kept as floats (0.0, 1.0) or text of these read as the whole numbers that they are."""
    if pa.types.is_floating(column.type):
        filled = column.drop_null()
        if pc.all(pc.equal(filled, pc.floor(filled))).as_py():
            return column.cast(pa.int64())
    return column


def _hashes(column: pa.ChunkedArray) -> np.ndarray:
    """Of the ids that are stated; those left empty are nobody's twice."""
    words = _text(column).to_numpy(zero_copy_only=False)
    stated = words[pd.notna(words) & (words != "")]
    return np.asarray(pd.util.hash_array(stated, categorize=False), np.uint64)


def _joined(arrays: list[pa.ChunkedArray | pa.Array]) -> pa.ChunkedArray:
    return pa.chunked_array(
        [c for a in arrays for c in (a.chunks if isinstance(a, pa.ChunkedArray) else [a])]
    )


def _is_number(word: str | None) -> bool:
    try:
        float(word or "")
    except ValueError:
        return False
    return True


def _list(words: list[str]) -> str:
    shown = ", ".join(repr(word[:40]) for word in words[:5])
    return shown + (", …" if len(words) > 5 else "")
