"""All runs at a glance: a small summary each, read again only when its files change."""

from __future__ import annotations

import contextlib
import json
import os
import threading
import time
from dataclasses import fields
from pathlib import Path
from typing import Any

from core.runs.folder import RunFolder
from core.runs.summaries import Summary, modified_ns, summary
from core.workspace import Workspace, workspace, write_json

_FILES = ("status.json", "config.yaml", "metrics.json", "notes.json")


class Listing:
    """The summaries of one workspace, cached by the files' times in memory and, for the next server, on
    disk."""

    def __init__(self, space: Workspace) -> None:
        self.space = space
        self._lock = threading.Lock()
        self._known: dict[str, tuple[tuple[int, ...], Summary]] = {}
        self._stored: bool = False

    def runs(self) -> list[Summary]:
        """The latest first."""
        with self._lock:
            if not self._stored:
                self._stored = True
                self._known = _load(self._index)
            fresh: dict[str, tuple[tuple[int, ...], Summary]] = {}
            changed = False
            for path, times in _folders(self.space.runs):
                known = self._known.get(path.name)
                if known is None or known[0] != times:
                    known, changed = (times, summary(RunFolder(path))), True
                fresh[path.name] = known
            if changed or len(fresh) != len(self._known):
                self._known = fresh
                if sum(not s.active for _, s in fresh.values()) >= 20:
                    self._save()
            return sorted((s for _, s in fresh.values()), key=lambda s: (-s.created, s.id))

    @property
    def _index(self) -> Path:
        return self.space.cache / "runs.json"

    def _save(self) -> None:
        """Finished runs only, and not more often than every half minute: it saves time, it is not the
        truth."""
        if time.time() - modified_ns(self._index) / 1e9 < 30:
            return
        finished = {name: [t, vars(s)] for name, (t, s) in self._known.items() if not s.active}
        # On a full or read-only disk the next server reads the folders themselves.
        try:
            write_json(self._index, {"fields": _FIELDS, "runs": finished})
        except OSError:
            # The list is only remembered here: without it every run is read.
            with contextlib.suppress(OSError):
                self._index.unlink(missing_ok=True)


_FIELDS = [f.name for f in fields(Summary)]
_listings: dict[Path, Listing] = {}
_listings_lock = threading.Lock()


def listing(space: Workspace | None = None) -> Listing:
    """The listing of a workspace, one a process."""
    space = space or workspace()
    with _listings_lock:
        return _listings.setdefault(space.root, Listing(space))


def runs(space: Workspace | None = None) -> list[Summary]:
    return listing(space).runs()


def detectors(space: Workspace | None = None) -> list[Summary]:
    """Imported detectors, by name, in the shape in which pages know runs."""
    found = _folders((space or workspace()).detectors)
    return sorted((summary(RunFolder(path)) for path, _ in found), key=lambda one: one.id)


def active(space: Workspace | None = None) -> list[Summary]:
    """What runs, stops or waits now: running first."""
    order = {"running": 0, "stopping": 1, "queued": 2}
    return sorted((s for s in runs(space) if s.active), key=lambda s: (order[s.state], s.created))


def _folders(root: Path) -> list[tuple[Path, tuple[int, ...]]]:
    """Every run folder with the stamps of the files that a summary is made from."""
    entries = [p for p in _entries(root) if is_nameable(p.name)]
    found = []
    for path in entries:
        stamps = tuple(number for name in _FILES for number in _stamp(path / name))
        if any(stamps[:4]):
            found.append((path, stamps))
    return found


def _entries(root: Path) -> list[Path]:
    try:
        return [p for p in root.iterdir() if not p.name.startswith(".")]
    # No run was made yet.
    except (FileNotFoundError, NotADirectoryError):
        return []


def is_nameable(name: str) -> bool:
    """Whether pages, links and JSON can hold the name; one that is not UTF-8 they cannot."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def describe_misnamed(space: Workspace) -> str:
    """One line about the folders of runs that are left out because their names are not UTF-8; empty where
    there are none."""
    names = sorted(repr(os.fsencode(p.name))[1:] for p in _entries(space.runs) if not is_nameable(p.name))
    if not names:
        return ""
    folders = "a folder whose name is" if len(names) == 1 else f"{len(names)} folders whose names are"
    return f"{space.runs} holds {folders} not UTF-8, left out here: {', '.join(names[:3])}; rename to see the run"


def _stamp(path: Path) -> tuple[int, int]:
    """Time and inode: two replacements within one tick of the clock differ in the second."""
    try:
        found = path.stat()
        return found.st_mtime_ns, found.st_ino
    except OSError:
        return 0, 0


def _tuples(values: dict[str, Any]) -> dict[str, Any]:
    """JSON has lists alone."""
    found = {name: tuple(values[name]) for name in ("datasets", "tags")}
    ends = ("interval", "auc_interval")
    return {**found, **{name: None if values[name] is None else tuple(values[name]) for name in ends}}


def _load(index: Path) -> dict[str, tuple[tuple[int, ...], Summary]]:
    try:
        document = json.loads(index.read_bytes())
        if document["fields"] != _FIELDS:
            return {}
        return {
            name: (tuple(times), Summary(**{**values, **_tuples(values)}))
            for name, (times, values) in document["runs"].items()
        }
    # None yet, or damaged: every run is read and it is written anew.
    except (OSError, ValueError, KeyError, TypeError):
        return {}
