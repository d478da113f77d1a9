"""The sample table: one Parquet file a dataset in the workspace; what a scan wrote and everybody else reads."""

from __future__ import annotations

import fcntl
import functools
import json
import os
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

from core.catalog import roots
from core.catalog.info import DatasetInfo, datasets, existing, file_of
from core.catalog.info import forget as forget
from core.catalog.walk import leads_into
from core.errors import BadInput, MediaError, WorkbenchError
from core.media import shards
from core.workspace import Workspace

if TYPE_CHECKING:
    import pandas as pd

SCHEMA = pa.schema(
    [
        ("id", pa.string()),  # unique over the whole catalogue: dataset/path
        ("path", pa.string()),  # relative to the dataset's root, with /
        ("dataset", pa.string()),
        ("layout", pa.string()),
        ("modality", pa.string()),  # image | audio | video
        ("label", pa.int8()),  # 1 = fake, 0 = real, null where nobody states it
        ("label_video", pa.int8()),  # null where it does not apply
        ("label_audio", pa.int8()),
        ("method", pa.string()),  # of fakes, under the published name
        ("split", pa.string()),  # train | val | test, or null: the official one
        ("groups", pa.list_(pa.string())),  # keys that tie the sample to others
        ("identity", pa.string()),
        ("text", pa.string()),
        ("meta", pa.string()),  # JSON
        ("segments", pa.list_(pa.list_(pa.float64()))),  # [t0, t1] in seconds that are fake, where known
        ("bytes", pa.int64()),
        ("mtime_ns", pa.int64()),
    ]
)
COLUMNS = tuple(SCHEMA.names)
_INFO_KEY = b"deepfake-workbench"
_REPEATED = [f.name for f in SCHEMA if pa.types.is_string(f.type) and f.name not in ("id", "path")]
# Paths share their beginnings; written twice as fast as with the defaults, and smaller.
_ENCODING: dict[str, Any] = {
    "compression": "lz4",
    "use_dictionary": [*_REPEATED, "label", "label_video", "label_audio", "groups.list.element"],
    "column_encoding": {"id": "DELTA_BYTE_ARRAY", "path": "DELTA_BYTE_ARRAY"},
    "write_statistics": False,
}


def info(name: str, space: Workspace | None = None) -> DatasetInfo:
    """What is known of a dataset, without reading its samples."""
    path = existing(name, space)
    return _info(path, path.stat().st_mtime_ns)


def infos(space: Workspace | None = None) -> list[DatasetInfo]:
    """What is known of every dataset, but for those that a scan takes out at this moment."""
    found = []
    for name in datasets(space):
        try:
            found.append(info(name, space))
        except (BadInput, FileNotFoundError):
            if file_of(name, space).is_file():  # it is there and damaged
                raise
    return found


@functools.lru_cache(maxsize=512)
def _info(path: Path, mtime_ns: int) -> DatasetInfo:
    return _info_of(_metadata(path), path)


def _metadata(path: Path) -> Mapping[bytes, bytes] | None:
    try:
        return pq.read_metadata(path).metadata
    except (OSError, pa.ArrowException) as error:
        raise BadInput(f"{path} is damaged ({error}); scan again or delete it") from error


def _info_of(metadata: Mapping[bytes, bytes] | None, path: Path) -> DatasetInfo:
    document = json.loads((metadata or {}).get(_INFO_KEY, b"null"))
    if not isinstance(document, dict):
        raise BadInput(f"{path} was not written by a scan; delete it and scan again")
    known = {f.name for f in fields(DatasetInfo)}
    return DatasetInfo(**{k: v for k, v in document.items() if k in known})


def root_of(name: str, space: Workspace | None = None) -> Path:
    """The absolute root that the paths of a dataset are relative to."""
    return Path(info(name, space).root)


def absolute_path(row: Any, space: Workspace | None = None) -> Path:
    """Where a sample lies; `row` is a row of the table (a Series, a named tuple or a mapping).

    A MediaError where the path leads out of the data roots by now: what was scanned may have been replaced by a link.
    """
    dataset, path = (row.dataset, row.path) if hasattr(row, "dataset") else (row["dataset"], row["path"])
    about = info(str(dataset), space)
    whole = Path(about.root) / str(path)
    folders = (about.root, *about.extra.get("roots", ()), *roots.read(space))
    allowed = [os.path.realpath(folder) for folder in folders]
    if not leads_into(os.fspath(shards.file_of(whole)), allowed):
        raise MediaError(f"{whole.name}: leads out of the data roots, so it is not read; scan again")
    return whole


class DataGone(WorkbenchError):
    """A data folder that was there when it was scanned is not there any more: unmounted, unplugged, deleted."""


def require_roots(folders: Iterable[Path]) -> None:
    """DataGone for the first folder that is not there, or empty as the place of an unmounted disk is."""
    for folder in folders:
        try:
            with os.scandir(folder) as entries:
                there = next(entries, None) is not None
        except OSError:
            there = False
        if not there:
            raise DataGone(
                f"the data folder {folder} is gone or empty: mount its disk again, or scan the data where it lies now"
            )


def absolute_paths(frame: pd.DataFrame, space: Workspace | None = None) -> list[Path]:
    """Where the samples of a table lie, in its order."""
    roots = {name: root_of(name, space) for name in frame["dataset"].unique()}
    return [roots[d] / p for d, p in zip(frame["dataset"], frame["path"], strict=True)]


def load(
    names: Iterable[str] | None = None, space: Workspace | None = None, columns: Iterable[str] | None = None
) -> pd.DataFrame:
    """The samples of the named datasets (all without names), optionally only some columns.

    Labels are floats (0, 1 or NaN); groups are lists; segments lists of [t0, t1] or None; meta dictionaries.
    """
    wanted = datasets(space) if names is None else list(names)
    chosen = list(columns) if columns is not None else list(COLUMNS)
    return frame_of(pa.concat_tables([arrow(name, space, chosen) for name in wanted] or [_empty(chosen)]))


def arrow(name: str, space: Workspace | None = None, columns: Iterable[str] | None = None) -> pa.Table:
    """One dataset as an Arrow table: the cheap way for counting."""
    return arrow_file(existing(name, space), columns)


def arrow_file(path: Path, columns: Iterable[str] | None = None) -> pa.Table:
    """The same, from the dataset's file."""
    try:
        table = pq.read_table(path, columns=list(columns) if columns is not None else None)
    except (OSError, pa.ArrowException) as error:
        raise BadInput(f"{path} is damaged ({error}); scan again or delete it") from error
    return table.replace_schema_metadata(None)


def frame_of(table: pa.Table) -> pd.DataFrame:
    """An Arrow sample table as a pandas one."""
    plain = [c for c in table.column_names if c not in ("groups", "segments", "meta")]
    frame = table.select(plain).to_pandas()
    for name in ("label", "label_video", "label_audio"):
        if name in plain:
            frame[name] = frame[name].astype("float64")
    if "groups" in table.column_names:
        frame["groups"] = _objects([g or [] for g in table.column("groups").to_pylist()])
    if "segments" in table.column_names:
        frame["segments"] = _objects(table.column("segments").to_pylist())
    if "meta" in table.column_names:
        frame["meta"] = _objects([json.loads(m) if m else {} for m in table.column("meta").to_pylist()])
    return frame[table.column_names]


def _objects(values: list[Any]) -> Any:
    import numpy as np

    out = np.empty(len(values), dtype=object)
    for i, value in enumerate(values):  # one by one: NumPy would make a matrix of lists of equal length
        out[i] = value
    return out


def _empty(columns: list[str]) -> pa.Table:
    return pa.schema([SCHEMA.field(c) for c in columns]).empty_table()


def save(
    name: str,
    frame: pd.DataFrame | pa.Table | Iterable[pa.RecordBatch | pa.Table],
    about: DatasetInfo | Callable[[], DatasetInfo],
    space: Workspace | None = None,
    distinct: Sequence[str] = (),
) -> Path:
    """Write a dataset's table with what is known of it, atomically. `distinct` columns hardly repeat a value.

    Batches are written as they come; `about` may be a function that is called after the last one.
    """
    path = file_of(name, space)
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".scan-", suffix=".tmp")
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)  # see core/temporary.py
        repeated = [name for name in _ENCODING["use_dictionary"] if name not in distinct]
        with pq.ParquetWriter(temporary, SCHEMA, **{**_ENCODING, "use_dictionary": repeated}) as writer:
            for batch in _batches(frame):
                writer.write(batch)
            document = json.dumps(asdict(about() if callable(about) else about), ensure_ascii=False).encode()
            writer.add_key_value_metadata({_INFO_KEY: document})
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    finally:
        os.close(handle)
    return path


def _batches(frame: Any) -> Iterable[Any]:
    if isinstance(frame, pa.Table):
        return [frame.select(COLUMNS).cast(SCHEMA)]
    if hasattr(frame, "iloc"):  # a pandas table
        return [arrow_of(frame)]
    return frame


def arrow_of(frame: pd.DataFrame) -> pa.Table:
    """A pandas sample table as an Arrow one; columns that are missing become null."""
    arrays = []
    for column in SCHEMA:
        values = list(frame[column.name]) if column.name in frame else [None] * len(frame)
        arrays.append(pa.array([_to_storable(v) for v in values], type=column.type))
    return pa.Table.from_arrays(arrays, schema=SCHEMA)


def _to_storable(value: Any) -> Any:
    if isinstance(value, Mapping):
        return json.dumps(value, ensure_ascii=False) if value else None
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, float):
        return None if value != value else int(value) if value.is_integer() else value
    return value
