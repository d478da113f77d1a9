"""One Parquet shard as rows of the sample table: only the columns that say something are read."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from core.catalog.problems import Problems
from core.catalog.shards.columns import Said, choose_columns, read_columns
from core.errors import MediaError
from core.media.kinds import KINDS
from core.media.shards import ending
from core.media.shards.parquet import (
    FAILURES,
    Column,
    blocks,
    features,
    leaf,
    media_column,
    open_parquet,
)

MEASURED = 64 << 20  # bytes of media in a dataset up to which each row is measured
MOST_TEXT = 4 << 30  # decoded bytes of the columns that are read: more is no description but an attack


def holds_media(path: Path) -> bool:
    try:
        file = open_parquet(path)
    # What is no whole Parquet file becomes a problem of the scan.
    except MediaError:
        return False
    return file.metadata.num_rows > 0 and media_column(file.schema_arrow) is not None


def media_bytes(path: Path) -> int:
    """Decoded bytes of the media in a shard, as its footer states them."""
    try:
        file = open_parquet(path)
        column = media_column(file.schema_arrow)
        if column is None or not file.metadata.num_row_groups:
            return 0
        at = leaf(file, column.path)
        groups = range(file.metadata.num_row_groups)
        return sum(file.metadata.row_group(i).column(at).total_uncompressed_size for i in groups)
    # Only an estimate of the work; reading the shard reports what is wrong with it.
    except (MediaError, StopIteration, *FAILURES):
        return 0


def read(path: Path, one_is: int, measured: bool, problems: Problems) -> tuple[str, Said, pa.Array] | None:
    """Kind, columns and bytes of each row; None where the shard holds no media or cannot be read."""
    try:
        file = open_parquet(path)
        column = media_column(file.schema_arrow)
        if column is None or not file.metadata.num_rows:
            problems.add("no media", path, "" if column is None else "it has no rows")
            return None
        names = choose_columns(file.schema_arrow, column.name)
        table = _table(file, sorted(set(names.values())), path)
        classes = features(file.schema_arrow).get(names.get("label", ""), {}).get("names")
        words = [str(word) for word in classes] if isinstance(classes, list) else []
        said = read_columns(table, names, words, one_is, problems, path.name)
        if column.named and "name" not in said.columns:
            own = file.read(columns=[column.named], use_threads=False).column(0).combine_chunks()
            said.columns["name"] = own.field(0)
        return _kind(file, column), said, _row_bytes(file, column, measured)
    except (MediaError, StopIteration, *FAILURES) as error:
        problems.report_damaged(path, f"cannot be read ({str(error)[:200]})")
        return None


def _table(file: pq.ParquetFile, names: list[str], path: Path) -> pa.Table:
    size = sum(
        group.column(i).total_uncompressed_size
        for group in map(file.metadata.row_group, range(file.metadata.num_row_groups))
        for i in range(group.num_columns)
        if group.column(i).path_in_schema in names
    )
    if size > MOST_TEXT:
        raise MediaError(f"{path.name}: its columns hold {size:,} bytes, more than a description does")
    if not names:
        return pa.table({"": pa.nulls(file.metadata.num_rows)})
    return file.read(columns=names, use_threads=False)


def _kind(file: pq.ParquetFile, column: Column) -> str:
    """By the column's name or what wrote the file, else by how the first row begins."""
    if column.kind:
        return column.kind
    batch = next(blocks(file, column, 0))
    values = batch.column(0).field(0) if column.inner else batch.column(0)
    head = next((v.as_py()[:64] for v in values if v.is_valid), b"")
    return KINDS.get(ending(head), "image")


def _row_bytes(file: pq.ParquetFile, column: Column, measured: bool) -> pa.Array:
    """The bytes of each row, 0 where it holds no media: measured in small sets, else the mean of its row group.

    The footer knows how many rows of a group are null; only groups that have some are read then.
    """
    at = leaf(file, column.path)
    lengths = []
    for number in range(file.metadata.num_row_groups):
        group = file.metadata.row_group(number)
        statistics = group.column(at).statistics
        nulls = statistics is not None and statistics.has_null_count and statistics.null_count > 0
        if measured or nulls:
            lengths += _cell_lengths(file, column, number)
        else:
            mean = max(1, group.column(at).total_uncompressed_size // max(1, group.num_rows))
            lengths.append(pa.array(np.full(group.num_rows, mean, np.int64)))
    return pa.concat_arrays(lengths)


def _cell_lengths(file: pq.ParquetFile, column: Column, group: int) -> list[pa.Array]:
    """The bytes of each row of one group, in blocks."""
    found = []
    for batch in blocks(file, column, group):
        values = batch.column(0).field(0) if column.inner else batch.column(0)
        found.append(pc.fill_null(pc.binary_length(values), 0).cast(pa.int64()))
    return found
