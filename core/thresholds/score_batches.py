"""From a score file to batches of its rows: CSV or columns apart by spaces (also .gz), or Parquet; in bounded memory.

What is inside decides, not the name. Files come from elsewhere, so bytes are limited while reading.
"""

from __future__ import annotations

import csv
import io
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv
import pyarrow.parquet as pq

from core.errors import BadInput
from core.thresholds import plain_columns, score_text
from core.thresholds.column_names import Asked, names, places, places_taken
from core.thresholds.gunzip import Gunzip
from core.thresholds.not_scores import SAVE, instead_of_a_row, instead_of_a_table
from core.thresholds.single_spaces import SingleSpaces
from core.workspace import Workspace, workspace

BLOCK = 8 << 20  # bytes of CSV read at a time


@dataclass(frozen=True)
class Limits:
    """settings.toml, table [score_files]."""

    max_bytes: int = 8 << 30  # of text, after decompression
    max_rows: int = 100_000_000
    max_text_bytes: int = 2 << 30  # of ids and names that are kept

    @classmethod
    def of(cls, space: Workspace | None = None) -> Limits:
        chosen = (space or workspace()).settings().get("score_files", {})
        known = {name: chosen[name] for name in cls.__dataclass_fields__ if name in chosen}
        for name, value in known.items():
            if not isinstance(value, int) or value < 1:
                raise BadInput(f"settings.toml: score_files.{name} ({value!r}) must be a whole number over 0")
        return cls(**known)

    def too_large(self, name: str) -> str:
        return f"{name} holds over {self.max_bytes:,} bytes; raise score_files.max_bytes in settings.toml or split the file"

    def too_many_rows(self, name: str) -> str:
        return f"{name} has over {self.max_rows:,} rows; raise score_files.max_rows in settings.toml"


class ScoresAreText(Exception):
    """Scores that are not numbers: read again as text, to say which."""


def batches(path: Path, limits: Limits, asked: Asked | None = None) -> Iterator[pa.Table]:
    """Batches whose columns have house names."""
    asked = asked or Asked()
    with path.open("rb") as file:
        head = file.read(4)
    if not head:
        raise BadInput(f"{path.name} is empty")
    if (what := instead_of_a_table(head)) is not None:
        raise BadInput(f"{path.name} is {what}")
    if head == b"PAR1":
        yield from _parquet_batches(path, limits, asked)
    elif head[:2] == b"\x1f\x8b":
        with path.open("rb") as file:
            yield from _text_batches(
                Gunzip(file, limits.max_bytes, limits.too_large(path.name)), path.name, asked
            )
    else:
        if path.stat().st_size > limits.max_bytes:
            raise BadInput(limits.too_large(path.name))
        with path.open("rb") as file:
            yield from _text_batches(file, path.name, asked)


def _parquet_batches(path: Path, limits: Limits, asked: Asked) -> Iterator[pa.Table]:
    try:
        with pq.ParquetFile(path) as file:
            found = names(file.schema_arrow.names, path.name, asked)
            for known, own in found.items():
                score_text.check_type(file.schema_arrow.field(own).type, known, path.name)
            text = _check_chunks(file, found, path.name, limits)
        with pq.ParquetFile(path, read_dictionary=text) as file:
            for batch in file.iter_batches(1 << 20, columns=list(found.values())):
                yield _rename(pa.Table.from_batches([batch]), found)
    except (pa.ArrowException, OSError) as error:
        raise BadInput(f"{path.name} is not a whole Parquet file ({error})") from error


def _check_chunks(file: pq.ParquetFile, found: dict[str, str], name: str, limits: Limits) -> list[str]:
    """The text columns to read as a dictionary, which holds a repeated text once. What the file says of itself is
    held against the limits before any of it is unpacked."""
    metadata, known_of = file.metadata, {own: known for known, own in found.items()}
    if metadata.num_rows > limits.max_rows:
        raise BadInput(limits.too_many_rows(name))
    unpacked, plain = 0, set()
    for group in map(metadata.row_group, range(metadata.num_row_groups)):
        for chunk in map(group.column, range(group.num_columns)):
            own = chunk.path_in_schema
            if own not in known_of:
                continue
            unpacked += chunk.total_uncompressed_size
            if "DELTA_BYTE_ARRAY" in chunk.encodings:  # a text may be as long as all before it, at no cost
                raise BadInput(
                    f"{name}: column {known_of[own]} is packed as DELTA_BYTE_ARRAY; save it with dictionary encoding"
                )
            if "DELTA_LENGTH_BYTE_ARRAY" in chunk.encodings:
                plain.add(own)  # never longer than it is in the file
    if unpacked > limits.max_bytes:
        raise BadInput(limits.too_large(name))
    return [
        own for own in known_of if own not in plain and score_text.is_text(file.schema_arrow.field(own).type)
    ]


def _text_batches(file: IO[bytes] | Gunzip, name: str, asked: Asked) -> Iterator[pa.Table]:
    raw: io.RawIOBase = file if isinstance(file, Gunzip) else io.FileIO(file.fileno(), closefd=False)
    buffered = io.BufferedReader(raw, BLOCK)
    head = _skip_comments(buffered, name)
    if (what := instead_of_a_row(head.split(b"\n", 1)[0])) is not None:
        raise BadInput(f"{name} is {what}")
    plain = plain_columns.recognise(head, asked.needed, asked.fake_word, places_taken(asked.mapping))
    header, separator = _header(head, name) if plain is None else (plain.header, plain.separator)
    found = names(header, name, asked) if plain is None else places(plain, name, asked)
    spaced = separator == " "
    source = io.BufferedReader(SingleSpaces(buffered, BLOCK), BLOCK) if spaced else buffered
    types = dict.fromkeys(header, pa.string())
    if "score" in found and not asked.scores_as_text:
        types[found["score"]] = pa.float64()
    feedback = plain is None and {"truth", "verdict"} <= {column.strip().casefold() for column in header}
    try:
        reader = pacsv.open_csv(
            source,
            read_options=pacsv.ReadOptions(block_size=BLOCK, column_names=header if plain else None),
            parse_options=pacsv.ParseOptions(
                delimiter=separator, quote_char='"' if plain is None or plain.quoted else False
            ),
            convert_options=pacsv.ConvertOptions(
                include_columns=list(dict.fromkeys(found.values())),
                column_types=types,
                strings_can_be_null=False,
            ),
        )
        for batch in reader:
            table = _rename(pa.Table.from_batches([batch]), found)
            yield _drop_unscored(table, asked) if feedback else table
    except (pa.ArrowException, EOFError, OSError, zlib.error) as error:
        if "straddling" in str(error):  # Arrow's word for a row that does not end in its block
            raise BadInput(f"{name} has a row of over {BLOCK:,} bytes") from error
        if "conversion error to double" in str(error):
            raise ScoresAreText from error
        if "invalid UTF8" in str(error):
            raise BadInput(f"{name} is not UTF-8 text; save it as UTF-8 CSV or Parquet") from error
        raise BadInput(f"{name} cannot be read as CSV ({error})") from error


def _skip_comments(buffered: io.BufferedReader[io.RawIOBase], name: str) -> bytes:
    """The first bytes of the rows, with all before them read."""
    try:
        head = buffered.peek(1 << 16)[: 1 << 16]
    except (EOFError, zlib.error) as error:
        raise BadInput(f"{name} cannot be unpacked ({error})") from error
    if b"\x00" in head:
        raise BadInput(f"{name} is neither CSV nor Parquet; {SAVE}")
    if not head.strip():
        raise BadInput(f"{name} is empty")
    before = plain_columns.before_rows(head)
    buffered.read(before)
    return head[before:]


def _rename(table: pa.Table, found: dict[str, str]) -> pa.Table:
    return pa.table({known: table.column(own) for known, own in found.items()})


def _drop_unscored(table: pa.Table, asked: Asked) -> pa.Table:
    """Of the workbench's own feedback: a file that got no score is no row to choose a threshold on, and is counted."""
    scores = table.column("score")
    stated = pc.is_valid(scores) if pa.types.is_floating(scores.type) else pc.not_equal(scores, "")
    kept = table.filter(stated)
    asked.left_out += table.num_rows - kept.num_rows
    return kept


def _header(head: bytes, name: str) -> tuple[list[str], str]:
    """The column names and the separator of a CSV from its first bytes."""
    line = (head.splitlines() or [b""])[0]
    try:
        text = line.decode("utf-8")
    except UnicodeDecodeError:
        raise BadInput(f"{name} is not UTF-8 text; save it as UTF-8 CSV or Parquet") from None
    separator = max(",;\t|", key=text.count)
    if not text.count(separator) and " " in text.strip():
        if (uneven := plain_columns.uneven_row(head)) is not None:
            raise BadInput(f"{name}: {uneven}")
        return text.split(), " "
    return next(csv.reader([text], delimiter=separator), []), separator
