"""Is the judged file in the catalogue already, by its bytes or looking and sounding nearly the same?

A near copy is found by the fingerprints that the leak check uses. Those that are missing are taken here and kept in
the workspace's cache, within a limit of time: the next file goes on where this one stopped.
"""

from __future__ import annotations

import threading
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from core.catalog import duplicates, fingerprint_cache, fingerprints, known_files, table
from core.catalog.fingerprints import Fingerprint
from core.detection import facts
from core.workspace import Workspace, workspace

PATIENCE = 3.0  # seconds for missing fingerprints, a file
MOST_COMPARED = 20_000  # files of a dataset: each costs a look at its date whenever a file is judged
BLOCK = 48  # files between two looks at the clock
_taking = threading.Lock()
SAME_LOOK = 0.004  # of correlation: two near copies so close are both named


@dataclass(frozen=True)
class Known:
    """A sample of the catalogue that is this file, or nearly."""

    id: str
    dataset: str
    label: str  # real | fake | unlabelled
    exact: bool
    demo: bool
    likeness: float = 1.0

    @property
    def words(self) -> str:
        name = f"{self.id} of {self.dataset}" + (" (demo)" if self.demo else "")
        labelled = "which has no label" if self.label == "unlabelled" else f"labelled {self.label} there"
        if self.exact:
            return f"This very file is in the catalogue: {name}, {labelled}."
        return f"It is nearly the same as a file in the catalogue: {name}, {labelled}."

    def to_dict(self) -> dict[str, Any]:
        return {**asdict(self), "words": self.words}


@dataclass(frozen=True)
class Found:
    known: tuple[Known, ...]
    compared: int = 0  # files of the same kind whose fingerprints were compared
    of: int = 0  # and how many there are
    within: int | None = None  # and among how many of them near copies are looked for at all; null: all

    @property
    def note(self) -> str | None:
        """What to say where not everything was compared."""
        if self.compared >= self.of:
            return None
        if self.within is not None and self.compared >= self.within:
            return (
                f"Near copies are looked for among the first {MOST_COMPARED:,} files of a dataset: {self.compared:,} of "
                f"{self.of:,} here. Of the others only a copy of the very same bytes is found."
            )
        return (
            f"Compared with {self.compared:,} of {self.of:,} catalogued files so far for near copies; "
            "later files are compared with more."
        )


def same_bytes(size: int, sha256: str, space: Workspace | None = None) -> tuple[Known, ...]:
    space = space or workspace()
    found = facts.duplicates(size, sha256, space)
    return tuple(
        Known(d["id"], d["dataset"], d["label"], True, table.info(d["dataset"], space).demo) for d in found
    )


def anything(kind: str, space: Workspace | None = None) -> bool:
    """Whether the catalogue holds files of this kind at all."""
    space = space or workspace()
    return any(
        row.get("modality") == kind
        for name in table.datasets(space)
        for row in table.info(name, space).counts
    )


def near_copies(
    own: Fingerprint,
    kind: str,
    space: Workspace | None = None,
    *,
    demo_only: bool = False,
    patience: float | None = PATIENCE,
) -> Found:
    """The samples most like it, the likest first. `patience` null: until every fingerprint is there."""
    space = space or workspace()
    end = None if patience is None else time.monotonic() + patience
    found: list[Known] = []
    compared, total, within = 0, 0, 0
    for name in table.datasets(space):
        about = table.info(name, space)
        if demo_only and not about.demo:
            continue
        rows = table.load([name], space, ["id", "path", "dataset", "modality", "label"])
        rows = rows[rows["modality"] == kind].reset_index(drop=True)
        total += len(rows)
        within += min(len(rows), MOST_COMPARED)
        places, prints = _prints(name, rows, space, end)
        compared += len(prints)
        for k, likeness in known_files.likest(own, prints):
            row = rows.iloc[places[k]]
            label = {1: "fake", 0: "real"}.get(row["label"], "unlabelled")
            found.append(Known(str(row["id"]), name, label, False, about.demo, likeness))
    best = max((k.likeness for k in found), default=0.0)
    kept = sorted((k for k in found if k.likeness >= best - SAME_LOOK), key=lambda k: -k.likeness)
    return Found(tuple(kept[:4]), compared, total, within)


def _prints(name: str, rows: Any, space: Workspace, end: float | None) -> tuple[list[int], list[Fingerprint]]:
    """Rows with their fingerprints: those that were there, and as many more as there is time for."""
    rows = rows.iloc[:MOST_COMPARED]
    found = fingerprint_cache.read_cached_fingerprints(name, rows, space)
    missing = [k for k, one in enumerate(found) if one is None]
    step = BLOCK if end is not None else max(1, len(missing))
    for start in range(0, len(missing), step):
        if end is not None and time.monotonic() >= end:
            break
        places = missing[start : start + step]
        block = rows.iloc[places].reset_index(drop=True)
        with _taking:  # files are judged side by side: what one of them took is there for the next
            made = duplicates.fingerprints_of(block, space)
        for k, one in zip(places, made, strict=True):
            found[k] = one
    there = [k for k, one in enumerate(found) if one is not None]
    return there, [one for one in found if one is not None]


def fingerprint(path: Path, kind: str) -> dict[str, Any]:
    """As plain arrays, so that a process that only decodes can send it."""
    found = fingerprints.perceptual(path, kind)
    return {"pictures": found.pictures, "thumbnails": found.thumbnails, "sound": found.sound}
