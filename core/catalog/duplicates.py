"""Files that are the same, or nearly, on two sides of a plan."""

from __future__ import annotations

import contextlib
import os
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from urllib.parse import quote

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from core.catalog import fingerprints
from core.catalog.allocation import order_of
from core.catalog.fingerprints import Fingerprint
from core.catalog.table import absolute_paths
from core.errors import MediaError
from core.media import cache, shards
from core.media.limits import Limits
from core.workspace import Workspace, workspace, write_atomic

TIMED = 3  # files of each modality that are read to say how long all take
MOST_FILES = 3_000  # a dataset whose files are looked at for near duplicates
Progress = Callable[[float, float, str], None]


@dataclass(frozen=True)
class Pair:
    one: str  # id
    two: str
    how: str  # exact | picture | sound


def exact(
    table: pd.DataFrame, space: Workspace | None = None, progress: Progress | None = None
) -> list[Pair]:
    """Pairs of files with the same bytes on different sides. Only files of equal size are read."""
    table = table.reset_index(drop=True)
    paths, limits = absolute_paths(table, space), Limits.from_settings(space)
    sizes: dict[int, list[int]] = defaultdict(list)
    packed: Counter[str] = Counter()
    for i, path in enumerate(paths):
        try:
            if shards.address(path):  # only reading tells how long a row is: as many as are looked at anyway
                packed[table["dataset"][i]] += 1
                if packed[table["dataset"][i]] <= MOST_FILES:
                    sizes[shards.length(path, limits)].append(i)
                continue
            sizes[path.stat().st_size].append(i)
        except MediaError:
            continue  # cannot be read: nothing to compare
        except OSError:
            continue  # gone since the scan; the next scan says so
    split = table["split"].to_numpy()

    def on_two_sides(buckets: Iterable[list[int]]) -> list[list[int]]:
        return [same for same in buckets if len({split[i] for i in same}) > 1]

    suspects = on_two_sides(sizes.values())
    for beginning in (True, False):  # most files of one size differ early
        suspects = on_two_sides(_alike(suspects, paths, beginning, progress))
    return [pair for same in suspects for pair in _crossing(same, table, "exact")]


def _alike(
    suspects: list[list[int]], paths: list[Path], beginning: bool, progress: Progress | None
) -> list[list[int]]:
    """The suspects divided further by content: the first block, or all of it."""
    wanted = [(bucket, i) for bucket, same in enumerate(suspects) for i in same]

    def digest(item: tuple[int, int]) -> str | None:
        try:
            return fingerprints.content(paths[item[1]], beginning=beginning)
        except (OSError, MediaError):
            return None

    found: dict[tuple[int, str], list[int]] = defaultdict(list)
    with ThreadPoolExecutor(_workers()) as pool:
        for done, ((bucket, i), value) in enumerate(zip(wanted, pool.map(digest, wanted), strict=True)):
            if progress and done % 50 == 0:
                progress(done, len(wanted), "comparing files of equal size")
            if value is not None:
                found[bucket, value].append(i)
    return list(found.values())


def _crossing(same: Sequence[int], table: pd.DataFrame, how: str) -> list[Pair]:
    """One pair for every file whose copy lies on another side."""
    split, ids = table["split"].to_numpy(), table["id"].to_numpy()
    first: dict[str, int] = {}
    for i in same:
        first.setdefault(split[i], i)
    if len(first) < 2:
        return []
    pairs = []
    for i in same:
        other = next(j for s, j in first.items() if s != split[i])
        pairs.append(Pair(min(ids[i], ids[other]), max(ids[i], ids[other]), how))
    return list(dict.fromkeys(pairs))


def near(
    table: pd.DataFrame,
    space: Workspace | None = None,
    progress: Progress | None = None,
    most: int = MOST_FILES,
) -> list[Pair]:
    """Pairs that look or sound the same on different sides; large datasets are sampled, the test side first."""
    table = sample_rows(table, most).reset_index(drop=True)
    prints = fingerprints_of(table, space, progress)
    split, ids = table["split"].to_numpy(), table["id"].to_numpy()
    owner = np.array([i for i, p in enumerate(prints) for _ in p.pictures], np.int64)
    hashes = np.concatenate([p.pictures for p in prints] or [np.zeros(0, np.uint64)])
    thumbnails = [t for p in prints for t in p.thumbnails]
    found: dict[tuple[str, str], Pair] = {}
    for a, b, _ in fingerprints.near_pictures(hashes):
        i, j = owner[a], owner[b]
        if i != j and split[i] != split[j] and fingerprints.alike(thumbnails[a], thumbnails[b]):
            key = (min(ids[i], ids[j]), max(ids[i], ids[j]))
            found.setdefault(key, Pair(*key, "picture"))
    for i, j, _ in fingerprints.near_sounds([p.sound for p in prints]):
        if split[i] != split[j]:
            key = (min(ids[i], ids[j]), max(ids[i], ids[j]))
            found.setdefault(key, Pair(*key, "sound"))
    return [found[key] for key in sorted(found)]


def sample_rows(table: pd.DataFrame, most: int) -> pd.DataFrame:
    """At most `most` samples of each dataset: all of test and val first, then training samples."""
    parts = []
    for _, part in table.groupby("dataset", sort=True):
        if len(part) > most:
            rank = part["split"].map({"test": 0, "val": 1}).fillna(2).to_numpy()
            part = part.iloc[np.lexsort((order_of(list(part["id"]), 0), rank))[:most]]
        parts.append(part)
    return pd.concat(parts) if parts else table


def fingerprints_of(
    table: pd.DataFrame, space: Workspace | None = None, progress: Progress | None = None
) -> list[Fingerprint]:
    """The fingerprint of every sample, from the cache where the file has not changed."""
    space, limits = space or workspace(), Limits.from_settings(space)
    out: list[Fingerprint | None] = [None] * len(table)
    paths = absolute_paths(table, space)
    stamps = [_stamp(p) for p in paths]
    total, done = len(table), 0
    for name, part in table.groupby("dataset", sort=True):
        known = _read_cache(str(name), space)
        for i in part.index:
            out[i] = known.get((table["id"][i], stamps[i]))
        unknown = [i for i in part.index if out[i] is None]
        for i in unknown:
            out[i] = _prepared_with(paths[i], table["modality"][i], space)
        fresh = [i for i in unknown if out[i] is None]

        def made(i: int) -> Fingerprint:
            try:
                return fingerprints.perceptual(paths[i], table["modality"][i], limits)
            except MediaError:
                return Fingerprint(np.zeros(0, np.uint64))  # undecodable: nothing to compare

        done += len(part) - len(fresh)
        with ThreadPoolExecutor(_workers()) as pool:
            for i, fingerprint in zip(fresh, pool.map(made, fresh), strict=True):
                out[i] = fingerprint
                done += 1
                if progress:
                    progress(done, total, "comparing files")
        if unknown:
            known.update({(table["id"][i], stamps[i]): out[i] for i in unknown})  # type: ignore[misc]
            _write_cache(str(name), known, space)
    return [p for p in out if p is not None]


def _prepared_with(path: Path, modality: str, space: Workspace) -> Fingerprint | None:
    """The fingerprint that was kept when the file was prepared."""
    facts = cache.facts_of(path, space)
    return facts.fingerprint if facts is not None and facts.info.kind == modality else None


@dataclass(frozen=True)
class Cost:
    """Of looking for near duplicates: files compared, how many of them must be read first, and how long that takes."""

    files: int
    unread: int
    seconds: float

    @property
    def words(self) -> str:
        minutes = self.seconds / 60
        time = f"{minutes:,.0f} minutes" if minutes >= 1.5 else f"{max(1, round(self.seconds))} s"
        return (
            f"near duplicates: {self.unread:,} of {self.files:,} files must be read, about {time} here; `prepare` reads "
            "them once for this and for training, --no-media leaves it out"
        )


def cost(table: pd.DataFrame, space: Workspace | None = None, most: int = MOST_FILES) -> Cost:
    """What `near` will take, measured on a few of the files that were never read."""
    space, limits = space or workspace(), Limits.from_settings(space)
    table = sample_rows(table, most).reset_index(drop=True)
    paths = absolute_paths(table, space)
    unread: dict[str, list[Path]] = defaultdict(list)
    for name, part in table.groupby("dataset", sort=True):
        known = _read_cache(str(name), space)
        for i in part.index:
            modality = table["modality"][i]
            there = known.get((table["id"][i], _stamp(paths[i]))) or _prepared_with(paths[i], modality, space)
            if there is None:
                unread[modality].append(paths[i])
    seconds = sum(len(files) * _seconds_each(files, kind, limits) for kind, files in unread.items())
    return Cost(len(table), sum(map(len, unread.values())), seconds / _workers())


def _seconds_each(files: Sequence[Path], modality: str, limits: Limits) -> float:
    """The median over a few of them, spread over the list."""
    chosen = [files[k * len(files) // TIMED] for k in range(TIMED)] if len(files) > TIMED else files
    spent = []
    for path in chosen:
        start = time.perf_counter()
        with contextlib.suppress(MediaError):
            fingerprints.perceptual(path, modality, limits)
        spent.append(time.perf_counter() - start)
    return float(np.median(spent))


def _workers() -> int:
    return max(1, min(8, len(os.sched_getaffinity(0))))


def _stamp(path: Path) -> str:
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
    known = _read_cache(name, space)
    return [known.get((i, _stamp(p))) for i, p in zip(table["id"], absolute_paths(table, space), strict=True)]


def _read_cache(name: str, space: Workspace) -> dict[tuple[str, str], Fingerprint]:
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


def _write_cache(name: str, known: dict[tuple[str, str], Fingerprint], space: Workspace) -> None:
    rows = [
        {
            "id": i, "stamp": stamp, "pictures": p.pictures.tobytes(), "thumbnails": p.thumbnails.tobytes(),
            "sound": p.sound.tobytes(),
        }
        for (i, stamp), p in known.items()
    ]  # fmt: skip
    file = pa.BufferOutputStream()
    pq.write_table(pa.Table.from_pylist(rows), file)
    with contextlib.suppress(OSError):  # a full or read-only disk: they are taken anew next time
        write_atomic(_cache_file(name, space), file.getvalue().to_pybytes())
