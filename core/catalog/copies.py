"""Samples of identical bytes: tied by a group key, so that no plan puts copies of one file on two sides.

Sizes come from the catalogue, so most files are never opened; of those that share a size one page from the middle is
read, and only where that agrees the whole. What was read is kept in the workspace's cache.

    a.png 512 B ─┐ same middle, same bytes → both have the key bytes:9f2c…
    b.png 512 B ─┘
    c.png 512 B    another middle → no key
    d.png 700 B    alone in its size → never opened
"""

from __future__ import annotations

import contextlib
import hashlib
import logging
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import quote

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from core import numbers
from core.catalog import fingerprints
from core.catalog.table import absolute_paths
from core.errors import MediaError, WorkbenchError, one_line
from core.media import shards
from core.workspace import Workspace, workspace, write_atomic

log = logging.getLogger(__name__)

KEY = "bytes:"
PAGE = 4096  # bytes from the middle of a file
PACKED = 3_000  # rows of shards that are read, a dataset: each must be unpacked
# One content in more than this share of a dataset, in at
# least so many files, is a placeholder and ties nothing.
PLACEHOLDER, FEWEST = 1 / 3, 4
READERS = 8
WHOLE_OF = {"test": 2, "val": 1, "train": 0}  # which of two crossing copies stays
Stamp = tuple[str, int, int]  # id, bytes, time of the file
Known = dict[Stamp, tuple[str, str]]  # digests of the middle and of all; "" where not taken


def tie(table: pd.DataFrame, notes: list[str], space: Workspace | None = None) -> pd.DataFrame:
    """The table with a further group key for every sample that has a copy in it; a table without sizes as it is."""
    if not {"bytes", "mtime_ns"} <= set(table.columns) or not len(table):
        return table
    found = identical(table, notes, space)
    same = {digest: rows for digest, rows in found.items() if not _is_placeholder(rows, table)}
    held = len(found) - len(same)
    if held:
        notes.append(
            f"{held} contents fill more than a third of a dataset's files each; such placeholders are not kept together"
        )
    if not same:
        return table
    groups = [list(keys) for keys in table["groups"]]
    for digest, rows in same.items():
        for row in rows:
            groups[row].append(f"{KEY}{digest[:16]}")
    extra = sum(len(rows) - 1 for rows in same.values())
    notes.append(
        f"{numbers.count_of(extra, 'sample is a copy of another', 'samples are copies of others')}, byte for byte"
    )
    tied = table.assign(groups=pd.Series(groups, index=table.index, dtype=object))
    if pairs := contradictions(tied):
        notes.append(describe(pairs))
    return tied


def contradictions(table: pd.DataFrame) -> list[tuple[str, str]]:
    """Ids of samples of the same bytes, one real and one fake: a pair for each content."""
    label, ids = table["label"].to_numpy(), table["id"].to_numpy()
    found = []
    for rows in _by_key(table["groups"]).values():
        first = {int(label[i]): str(ids[i]) for i in reversed(rows)}
        if len(first) > 1:
            found.append((first[0], first[1]))
    return found


def describe(pairs: list[tuple[str, str]]) -> str:
    real, fake = pairs[0]
    return (
        f"{len(pairs):,} files lie here as real and as fake with the same bytes, the first is {real} (real) and {fake} "
        "(fake); correct the label of one or exclude it"
    )


def shared(table: pd.DataFrame) -> dict[str, set[str]]:
    """Keys of copies that lie in several datasets, with those datasets."""
    names = table["dataset"].to_numpy()
    places = {key: {str(names[i]) for i in rows} for key, rows in _by_key(table["groups"]).items()}
    return {key: where for key, where in places.items() if len(where) > 1}


def drop_crossing(
    table: pd.DataFrame, split: NDArray[np.object_], fixed: NDArray[np.bool_], notes: list[str]
) -> None:
    """Of copies that still lie on two sides keep those of one side; what an official list states (`fixed`) stays."""
    dropped = 0
    for rows in _by_key(table["groups"]).values():
        kept = [i for i in rows if split[i]]
        if len({split[i] for i in kept}) < 2:
            continue
        stated = [i for i in kept if fixed[i]]
        side = max((split[i] for i in stated or kept), key=WHOLE_OF.__getitem__)
        for i in kept:
            if not fixed[i] and split[i] != side:
                split[i] = ""
                dropped += 1
    if dropped:
        notes.append(
            numbers.count_of(
                dropped,
                "copy of a file in another part was dropped",
                "copies of files in another part were dropped",
            )
        )


def _by_key(groups: Iterable[Iterable[str]]) -> dict[str, list[int]]:
    found: dict[str, list[int]] = defaultdict(list)
    for i, keys in enumerate(groups):
        for key in keys:
            if key.startswith(KEY):
                found[key].append(i)
    return found


def _is_placeholder(rows: list[int], table: pd.DataFrame) -> bool:
    if len(rows) < FEWEST:
        return False
    names = table["dataset"].to_numpy()
    here = pd.Series([names[i] for i in rows]).value_counts()
    return bool((here > PLACEHOLDER * table["dataset"].value_counts().loc[here.index]).any())


def identical(table: pd.DataFrame, notes: list[str], space: Workspace | None = None) -> dict[str, list[int]]:
    """Positions of the samples of one content, by its SHA-256; contents that occur once are left out."""
    space = space or workspace()
    size = table["bytes"].to_numpy(np.int64)
    rows = np.flatnonzero(table["bytes"].duplicated(keep=False).to_numpy() & (size > 0))
    rows = _without_most_packed(table, rows, notes)
    if not len(rows):
        return {}
    stamps = _stamps(table.iloc[rows], rows)
    owner = dict(zip(rows.tolist(), table["dataset"].iloc[rows].astype(str), strict=True))
    kept = {name: _read(name, space) for name in sorted(set(owner.values()))}
    digests = _Digests(kept, owner, stamps, _paths(table, rows, space))
    suspects = _split_by([rows.tolist()], lambda i: int(size[i]))
    for which in (0, 1):
        found = digests.take(suspects, which)
        suspects = _split_by(suspects, found.get)
    for name in digests.changed:
        _write(name, kept[name], space)
    return {found[same[0]]: same for same in suspects}


def _stamps(part: pd.DataFrame, rows: NDArray[np.int64]) -> dict[int, Stamp]:
    columns = (part["id"], part["bytes"].astype(np.int64), part["mtime_ns"].astype(np.int64))
    return dict(zip(rows.tolist(), zip(*(c.tolist() for c in columns), strict=True), strict=True))


def _paths(table: pd.DataFrame, rows: NDArray[np.int64], space: Workspace) -> dict[int, Path]:
    try:
        return dict(zip(rows.tolist(), absolute_paths(table.iloc[rows], space), strict=True))
    except WorkbenchError:  # a table of samples that are in no catalogue
        return {}


def _without_most_packed(table: pd.DataFrame, rows: NDArray[np.int64], notes: list[str]) -> NDArray[np.int64]:
    """Rows of shards only as far as PACKED: their sizes may be means, and reading one unpacks it."""
    packed = table["path"].iloc[rows].str.contains("#", regex=False).to_numpy()
    if not packed.any():
        return rows
    number = table["dataset"].iloc[rows][packed].groupby(table["dataset"].iloc[rows][packed]).cumcount()
    keep = np.ones(len(rows), bool)
    keep[np.flatnonzero(packed)[number.to_numpy() >= PACKED]] = False
    if not keep.all():
        notes.append(
            f"{numbers.count_of(int((~keep).sum()), 'sample in shards was', 'samples in shards were')} not compared for copies"
        )
    return rows[keep]


def _split_by(groups: Iterable[Iterable[int]], value: Callable[[int], object]) -> list[list[int]]:
    """Each group divided by a value of its members; what stands alone or has no value is left out."""
    out: list[list[int]] = []
    for group in groups:
        found: dict[object, list[int]] = defaultdict(list)
        for i in group:
            if (one := value(i)) is not None:
                found[one].append(i)
        out += [same for same in found.values() if len(same) > 1]
    return out


class _Digests:
    """Digests of files, from what was kept or read now."""

    def __init__(
        self, kept: dict[str, Known], owner: dict[int, str], stamps: dict[int, Stamp], paths: dict[int, Path]
    ) -> None:
        self.kept, self.owner, self.stamps, self.paths = kept, owner, stamps, paths
        self.changed: set[str] = set()  # datasets

    def take(self, groups: Sequence[Sequence[int]], which: int) -> dict[int, str]:
        """The digest of the middle (0) or of all (1) of every member; a file that cannot be read has none."""
        rows = [i for group in groups for i in group]
        unread = [i for i in rows if not self._of(i)[which] and i in self.paths]
        with ThreadPoolExecutor(READERS) as pool:
            digests = pool.map(lambda i: _digest(self.paths[i], which), unread)
            for i, digest in zip(unread, digests, strict=True):
                if digest:
                    self._keep(i, which, digest)
        return {i: digest for i in rows if (digest := self._of(i)[which])}

    def _of(self, row: int) -> tuple[str, str]:
        return self.kept[self.owner[row]].get(self.stamps[row], ("", ""))

    def _keep(self, row: int, which: int, digest: str) -> None:
        middle, whole = self._of(row)
        name = self.owner[row]
        self.kept[name][self.stamps[row]] = (middle, digest) if which else (digest, whole)
        self.changed.add(name)


def _digest(path: Path, which: int) -> str:
    try:
        if which:
            return fingerprints.content(path)
        with shards.reader(path) as file:
            end = file.seek(0, 2)
            file.seek(max(0, end // 2 - PAGE // 2))
            return hashlib.blake2b(file.read(PAGE), digest_size=8).hexdigest()
    except (OSError, MediaError) as error:
        log.info("%s was compared with nothing: %s", path, one_line(error))
        return ""


def _file(name: str, space: Workspace) -> Path:
    return space.cache / "contents" / f"{quote(name, safe=' ()+')}.parquet"


def _read(name: str, space: Workspace) -> Known:
    try:
        table = pq.read_table(_file(name, space))
        columns = [table.column(c).to_pylist() for c in ("id", "bytes", "mtime_ns", "middle", "whole")]
    except (OSError, KeyError, pa.ArrowException):
        return {}  # none yet, or damaged: they are read again
    return {(i, n, t): (middle, whole) for i, n, t, middle, whole in zip(*columns, strict=True)}


def _write(name: str, known: Known, space: Workspace) -> None:
    rows = {
        "id": [stamp[0] for stamp in known],
        "bytes": [stamp[1] for stamp in known],
        "mtime_ns": [stamp[2] for stamp in known],
        "middle": [digests[0] for digests in known.values()],
        "whole": [digests[1] for digests in known.values()],
    }
    file = pa.BufferOutputStream()
    pq.write_table(pa.table(rows), file)
    with contextlib.suppress(OSError):  # a full or read-only disk: they are read anew next time
        write_atomic(_file(name, space), file.getvalue().to_pybytes())
