"""Media in Parquet files: which column holds it, and one row of it without reading the rest."""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from core.errors import MediaError
from core.media.limits import Limits, reason

# Names of columns with media, the likeliest first; a struct {bytes, path} or a column of bytes.
WORDS = {
    "image": "image",
    "image_data": "image",
    "img": "image",
    "picture": "image",
    "jpg": "image",
    "png": "image",
    "photo": "image",
    "image_bytes": "image",
    "audio": "audio",
    "audio_data": "audio",
    "wav": "audio",
    "flac": "audio",
    "speech": "audio",
    "audio_bytes": "audio",
    "video": "video",
    "video_data": "video",
    "mp4": "video",
    "clip": "video",
    "video_bytes": "video",
    "media": "",
    "bytes": "",
    "data": "",
    "content": "",
}
STRINGS, CONTAINERS = 100 << 20, 10_000_000  # bytes and entries of a footer
BLOCK = 16 << 20  # decoded bytes of media that are held at a time
OPEN = 8  # shards that are kept open
FAILURES = (OSError, pa.ArrowException, ValueError, KeyError, MemoryError, OverflowError, RuntimeError)


@dataclass(frozen=True)
class Column:
    """The column that holds the media."""

    name: str
    path: str  # as Parquet names the leaf: `image.bytes`
    kind: str  # image | audio | video, or empty where only decoding tells
    inner: str = ""  # the field of the struct
    named: str = ""  # the leaf with the name that the file had: `image.path`


@dataclass
class Shard:
    """One open file and where its last read stopped."""

    file: pq.ParquetFile
    column: Column
    starts: np.ndarray  # first row of each row group, and the number of rows
    group: int = -1
    batches: Iterator[pa.RecordBatch] = field(default_factory=lambda: iter(()))
    first: int = 0  # row that the batch begins with
    batch: pa.RecordBatch | None = None


def media_column(schema: pa.Schema) -> Column | None:
    """The column with media in it, by its type and name; None where there is none."""
    found = [column for field in schema if (column := _column(field, schema)) is not None]
    order = list(WORDS)
    return min(
        found,
        key=lambda c: order.index(_plain(c.name)) if _plain(c.name) in WORDS else len(order),
        default=None,
    )


def _column(field: pa.Field, schema: pa.Schema) -> Column | None:
    kind = _stated_type(field.name, schema) or WORDS.get(_plain(field.name), "")
    if _is_bytes(field.type):
        return Column(field.name, field.name, kind)
    if pa.types.is_struct(field.type):
        for inner in field.type:
            if inner.name == "bytes" and _is_bytes(inner.type):
                named = any(other.name == "path" and pa.types.is_string(other.type) for other in field.type)
                return Column(
                    field.name, f"{field.name}.bytes", kind, "bytes", f"{field.name}.path" if named else ""
                )
    return None


def _is_bytes(kind: pa.DataType) -> bool:
    return bool(pa.types.is_binary(kind) or pa.types.is_large_binary(kind))


def _plain(name: str) -> str:
    return name.casefold().replace("-", "_").replace(" ", "_")


def _stated_type(name: str, schema: pa.Schema) -> str:
    """What the `datasets` library wrote about the column: Image, Audio, Video."""
    word = str(features(schema).get(name, {}).get("_type", "")).casefold()
    return word if word in ("image", "audio", "video") else ""


def features(schema: pa.Schema) -> dict[str, dict[str, Any]]:
    """The features that the `datasets` library kept in the schema, by column."""
    try:
        document = json.loads((schema.metadata or {}).get(b"huggingface", b"{}"))
        found = document["info"]["features"]
    # Not written by that library: columns are told by their names.
    except (ValueError, KeyError, TypeError, RecursionError):
        return {}
    return {str(k): v for k, v in found.items() if isinstance(v, dict)} if isinstance(found, dict) else {}


def open_parquet(path: Path) -> pq.ParquetFile:
    """The file with its footer read, within limits; what is no Parquet is a MediaError."""
    try:
        return pq.ParquetFile(
            path,
            pre_buffer=False,
            buffer_size=1 << 20,
            thrift_string_size_limit=STRINGS,
            thrift_container_size_limit=CONTAINERS,
        )
    except FAILURES as error:
        raise MediaError(f"{path.name}: is no Parquet file that can be read ({reason(error)})") from error


def row_starts(file: pq.ParquetFile) -> np.ndarray:
    """The first row of each row group, and the number of rows at the end."""
    meta = file.metadata
    return np.cumsum([0, *(meta.row_group(i).num_rows for i in range(meta.num_row_groups))])


def leaf(file: pq.ParquetFile, path: str) -> int:
    """The number of a leaf column."""
    group = file.metadata.row_group(0)
    return next(i for i in range(group.num_columns) if group.column(i).path_in_schema == path)


def blocks(file: pq.ParquetFile, column: Column, group: int) -> Iterator[pa.RecordBatch]:
    """The media of one row group, a few megabytes at a time."""
    chunk = file.metadata.row_group(group).column(leaf(file, column.path))
    rows = file.metadata.row_group(group).num_rows
    size = int(max(1, min(rows, BLOCK // max(1, chunk.total_uncompressed_size // max(1, rows)))))
    return file.iter_batches(batch_size=size, row_groups=[group], columns=[column.path], use_threads=False)


_shards: OrderedDict[tuple[str, int, int], Shard] = OrderedDict()


def _shard(path: Path) -> Shard:
    status = path.stat()
    key = (str(path), status.st_size, status.st_mtime_ns)
    if key not in _shards:
        file = open_parquet(path)
        column = media_column(file.schema_arrow)
        if column is None:
            raise MediaError(f"{path.name}: has no column with media")
        _shards[key] = Shard(file, column, row_starts(file))
        while len(_shards) > OPEN:
            _shards.popitem(last=False)[1].file.close()
    _shards.move_to_end(key)
    return _shards[key]


@contextmanager
def _errors(name: str) -> Iterator[None]:
    try:
        yield
    except FAILURES as error:
        raise MediaError(f"{name}: the shard is damaged ({reason(error)})") from error


def read(path: Path, row: int, limits: Limits) -> bytes:
    """The bytes of one row. Rows that are asked for in their order are read once."""
    name = f"{path.name}#{row}"
    with _errors(name):
        shard = _shard(path)
        if row >= shard.starts[-1]:
            raise MediaError(f"{name}: the shard has {shard.starts[-1]:,} rows; scan again")
        group = int(np.searchsorted(shard.starts, row, side="right")) - 1
        if group != shard.group or shard.batch is None or row < shard.first:
            shard.batches, shard.group = blocks(shard.file, shard.column, group), group
            shard.first, shard.batch = int(shard.starts[group]), next(shard.batches, None)
        while shard.batch is not None and row >= shard.first + len(shard.batch):
            shard.first += len(shard.batch)
            shard.batch = next(shard.batches, None)
        if shard.batch is None:
            raise MediaError(f"{name}: the shard ends before this row")
        values = shard.batch.column(0)
        if shard.column.inner:
            values = values.field(0)
        value = values[row - shard.first]
        data = value.as_buffer() if value.is_valid else None
    if data is None or not len(data):
        raise MediaError(f"{name}: the row holds no media")
    if len(data) > limits.bytes:
        raise MediaError(f"{name}: {len(data):,} bytes; the limit is {limits.bytes:,} (settings, [limits])")
    return bytes(data)
