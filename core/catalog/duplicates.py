"""Files that are the same, or nearly, on two sides of a plan."""

from __future__ import annotations

import contextlib
import logging
import os
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from core.catalog import fingerprints
from core.catalog.allocation import order_of
from core.catalog.fingerprint_cache import read_fingerprints, stamp_of, write_fingerprints
from core.catalog.fingerprints import Fingerprint
from core.catalog.table import absolute_paths
from core.errors import MediaError, one_line
from core.media import cache, shards
from core.media.limits import Limits
from core.workspace import Workspace, workspace

if TYPE_CHECKING:
    import pandas as pd

log = logging.getLogger(__name__)

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
    unread: list[str] = []
    for i, path in enumerate(paths):
        try:
            if shards.address(path):  # only reading tells how long a row is: as many as are looked at anyway
                packed[table["dataset"][i]] += 1
                if packed[table["dataset"][i]] <= MOST_FILES:
                    sizes[shards.length(path, limits)].append(i)
                continue
            sizes[path.stat().st_size].append(i)
        except (MediaError, OSError) as error:
            unread.append(f"{path}: {one_line(error)}")
    _report_unread(unread)
    split = table["split"].to_numpy()

    def on_two_sides(buckets: Iterable[list[int]]) -> list[list[int]]:
        return [same for same in buckets if len({split[i] for i in same}) > 1]

    suspects = on_two_sides(sizes.values())
    for beginning in (True, False):  # most files of one size differ early
        suspects = on_two_sides(_alike(suspects, paths, beginning, progress))
    return [pair for same in suspects for pair in _crossing(same, table, "exact")]


def _report_unread(unread: list[str]) -> None:
    """A file that cannot be read is compared with nothing, and that is said."""
    if unread:
        log.warning("%d files were compared with nothing, the first is %s", len(unread), unread[0])


def _alike(
    suspects: list[list[int]], paths: list[Path], beginning: bool, progress: Progress | None
) -> list[list[int]]:
    """The suspects divided further by content: the first block, or all of it."""
    wanted = [(bucket, i) for bucket, same in enumerate(suspects) for i in same]
    unread: list[str] = []

    def digest(item: tuple[int, int]) -> str | None:
        try:
            return fingerprints.content(paths[item[1]], beginning=beginning)
        except (OSError, MediaError) as error:
            unread.append(f"{paths[item[1]]}: {one_line(error)}")
            return None

    found: dict[tuple[int, str], list[int]] = defaultdict(list)
    with ThreadPoolExecutor(_workers()) as pool:
        for done, ((bucket, i), value) in enumerate(zip(wanted, pool.map(digest, wanted), strict=True)):
            if progress and done % 50 == 0:
                progress(done, len(wanted), "comparing files of equal size")
            if value is not None:
                found[bucket, value].append(i)
    _report_unread(unread)
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


def near_duplicates(
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
    import pandas as pd  # not at the top: a verdict looks for copies, and has no table

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
    stamps = [stamp_of(p) for p in paths]
    total, done = len(table), 0
    unread: list[str] = []
    for name, part in table.groupby("dataset", sort=True):
        known = read_fingerprints(str(name), space)
        for i in part.index:
            out[i] = known.get((table["id"][i], stamps[i]))
        unknown = [i for i in part.index if out[i] is None]
        for i in unknown:
            out[i] = _prepared_with(paths[i], table["modality"][i], space)
        fresh = [i for i in unknown if out[i] is None]

        def made(i: int) -> Fingerprint:
            try:
                return fingerprints.perceptual(paths[i], table["modality"][i], limits)
            except MediaError as error:
                unread.append(f"{paths[i]}: {one_line(error)}")
                return Fingerprint(np.zeros(0, np.uint64))

        done += len(part) - len(fresh)
        with ThreadPoolExecutor(_workers()) as pool:
            for i, fingerprint in zip(fresh, pool.map(made, fresh), strict=True):
                out[i] = fingerprint
                done += 1
                if progress:
                    progress(done, total, "comparing files")
        if unknown:
            known.update({(table["id"][i], stamps[i]): out[i] for i in unknown})  # type: ignore[misc]
            write_fingerprints(str(name), known, space)
    _report_unread(unread)
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
        known = read_fingerprints(str(name), space)
        for i in part.index:
            modality = table["modality"][i]
            there = known.get((table["id"][i], stamp_of(paths[i]))) or _prepared_with(
                paths[i], modality, space
            )
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
        # A damaged file takes its time too; the comparison itself reports it.
        with contextlib.suppress(MediaError):
            fingerprints.perceptual(path, modality, limits)
        spent.append(time.perf_counter() - start)
    return float(np.median(spent))


def _workers() -> int:
    return max(1, min(8, len(os.sched_getaffinity(0))))
