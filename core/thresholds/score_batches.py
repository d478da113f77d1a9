"""From a score file to batches of its rows: CSV (also .gz) or Parquet, in bounded memory.

What is inside decides, not the name. Files come from elsewhere, so bytes are limited while reading.
"""

from __future__ import annotations

import csv
import io
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq

from core.errors import BadInput
from core.workspace import Workspace, workspace

OPTIONAL = ("id", "group", "dataset", "modality", "identity", "method", "split", "probability")
ALIASES = {"sample_id": "id", "component": "group", "attack": "method"}
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


def batches(path: Path, limits: Limits) -> Iterator[pa.Table]:
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
            found = names(file.schema_arrow.names, path.name)
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
    found = names(header, name)
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


def _too_large(name: str, limit: int) -> str:
    return (
        f"{name} holds over {limit:,} bytes; raise score_files.max_bytes in settings.toml or split the file"
    )


def _header(head: bytes, name: str) -> tuple[list[str], str]:
    """The column names and the separator of a CSV from its first bytes."""
    if b"\x00" in head:
        raise BadInput(f"{name} is neither CSV nor Parquet")
    line = (head.removeprefix(b"\xef\xbb\xbf").splitlines() or [b""])[0]
    try:
        text = line.decode("utf-8")
    except UnicodeDecodeError:
        raise BadInput(f"{name} is not UTF-8 text; save it as UTF-8 CSV or Parquet") from None
    separator = max(",;\t|", key=text.count)
    return next(csv.reader([text], delimiter=separator), []), separator


def names(header: list[str], name: str) -> dict[str, str]:
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
