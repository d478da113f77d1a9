"""Fingerprints that were taken before, a file a dataset in the workspace's cache."""

from __future__ import annotations

import contextlib
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from core.catalog.fingerprints import Fingerprint
from core.catalog.table import absolute_paths
from core.media import shards
from core.workspace import Workspace, workspace, write_atomic

if TYPE_CHECKING:
    import pandas as pd


def stamp_of(path: Path) -> str:
    try:
        status = shards.status(path)
    except OSError:
        return "gone"
    return f"{status.st_size}-{status.st_mtime_ns}"


def _cache_file(name: str, space: Workspace) -> Path:
    return space.cache / "fingerprints" / f"{quote(name, safe=' ()+')}.parquet"


def read_cached_fingerprints(
    name: str, table: pd.DataFrame, space: Workspace | None = None
) -> list[Fingerprint | None]:
    """The fingerprints of a dataset's samples that were taken before; nothing is decoded."""
    space = space or workspace()
    known = read_fingerprints(name, space)
    return [
        known.get((i, stamp_of(p))) for i, p in zip(table["id"], absolute_paths(table, space), strict=True)
    ]


def read_fingerprints(name: str, space: Workspace) -> dict[tuple[str, str], Fingerprint]:
    path = _cache_file(name, space)
    try:
        return dict(_read_file(path, path.stat().st_mtime_ns))
    except (OSError, pa.ArrowException):
        return {}  # none yet, or damaged: it is made again


@lru_cache(maxsize=32)
def _read_file(path: Path, _changed: int) -> dict[tuple[str, str], Fingerprint]:
    rows = pq.read_table(path).to_pylist()
    return {
        (r["id"], r["stamp"]): Fingerprint(
            np.frombuffer(r["pictures"], np.uint64),
            np.frombuffer(r["thumbnails"], np.uint8).reshape(-1, 16, 16),
            np.frombuffer(r["sound"], np.uint32),
        )
        for r in rows
    }


def write_fingerprints(name: str, known: dict[tuple[str, str], Fingerprint], space: Workspace) -> None:
    rows = [
        {
            "id": i,
            "stamp": stamp,
            "pictures": p.pictures.tobytes(),
            "thumbnails": p.thumbnails.tobytes(),
            "sound": p.sound.tobytes(),
        }
        for (i, stamp), p in known.items()
    ]
    file = pa.BufferOutputStream()
    pq.write_table(pa.Table.from_pylist(rows), file)
    with contextlib.suppress(OSError):  # a full or read-only disk: they are taken anew next time
        write_atomic(_cache_file(name, space), file.getvalue().to_pybytes())
