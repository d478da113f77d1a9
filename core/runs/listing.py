"""All runs at a glance: a small summary each, read again only when its files change."""

from __future__ import annotations

import contextlib
import json
import os
import threading
import time
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import yaml

from core import plain_yaml, progress, words
from core.errors import WorkbenchError
from core.runs import notes
from core.runs.folder import FINAL_STATES, STALLED_AFTER, RunFolder, Status
from core.runs.reasons import cause
from core.workspace import Workspace, workspace, write_json

_FILES = ("status.json", "config.yaml", "metrics.json", "notes.json")


@dataclass(frozen=True)
class Summary:
    """What a list shows of a run, without opening its folder."""

    id: str
    name: str
    state: str
    modality: str = ""
    model: str = ""
    datasets: tuple[str, ...] = ()
    protocol: str = ""
    monitor: str = "auc"
    epoch: int = 0
    epochs: int = 0
    step: int = 0
    steps: int = 0
    best: float | None = None
    interval: tuple[float, float] | None = None  # 95 %, of the best value of a finished run
    created: float = 0.0
    started: float | None = None
    ended: float | None = None
    heartbeat: float | None = None
    error: str | None = None
    device: str | None = None
    executor: str = "local"
    host: str = ""
    person: str = ""
    learned_nothing: bool | None = None
    demo: bool = False
    tags: tuple[str, ...] = ()
    note: str = ""
    preparing: dict[str, Any] | None = None
    learning_since: float | None = None

    @property
    def stalled(self) -> bool:
        beat = self.heartbeat or self.started
        return self.state == "running" and beat is not None and time.time() - beat > STALLED_AFTER

    @property
    def active(self) -> bool:
        return self.state in ("queued", "running", "stopping")

    @property
    def progress(self) -> float | None:
        """Share done, by steps where they are known, else by epochs; while files are prepared, of these."""
        if self.preparation is not None and self.preparing is not None:
            return float(min(1.0, self.preparing["done"] / max(1, self.preparing["total"])))
        if self.state == "completed":
            return 1.0
        if self.steps > 0:
            return min(1.0, self.step / self.steps)
        return min(1.0, self.epoch / self.epochs) if self.epochs > 0 else None

    @property
    def preparation(self) -> str | None:
        """`Preparing 212 of 740 files, 3 min left, 3.1 files/s`; None where it does not prepare just now."""
        found = self.preparing or {}
        counts = [found.get("done"), found.get("total")]
        if self.state not in ("running", "stopping") or not all(type(n) is int and n >= 0 for n in counts):
            return None
        return progress.words(found)

    @property
    def seconds_left(self) -> float | None:
        """At the pace so far; None before there is one, and once all steps are done and the rest is scoring."""
        share = self.progress or 0.0
        began = self.learning_since or self.started
        if self.state != "running" or began is None or self.preparation or not 0.01 <= share < 1:
            return None
        spent = max(0.0, (self.heartbeat or time.time()) - began)
        return max(0.0, spent * (1 - share) / share)

    @property
    def seconds(self) -> float | None:
        """How long it has run."""
        if self.started is None:
            return None
        end = self.ended if self.state in FINAL_STATES and self.ended else time.time()
        return max(0.0, end - self.started)


class Listing:
    """The summaries of one workspace, cached by the files' times in memory and, for the next server, on disk."""

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
        """Finished runs only, and not more often than every half minute: it saves time, it is not the truth."""
        if time.time() - _mtime(self._index) / 1e9 < 30:
            return
        finished = {name: [t, vars(s)] for name, (t, s) in self._known.items() if not s.active}
        # On a full or read-only disk the next server reads the folders themselves.
        try:
            write_json(self._index, {"fields": _FIELDS, "runs": finished})
        except OSError:
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


def summary(run: RunFolder) -> Summary:
    """Read one run. A damaged file leaves its part empty, never the list."""
    status: Status = run.status()
    config = _config(run.config_file)
    metrics = _metrics(run.path / "metrics.json") if status.state in FINAL_STATES else {}
    datasets = _datasets(config)
    learned_nothing = metrics.get("learned_nothing")
    best, interval = _best(metrics, str(config.get("monitor") or "auc"))
    written = notes.read(run)
    return Summary(
        id=run.id,
        name=written["name"] or str(config.get("name") or "") or _name(config) or run.id,
        state=status.state,
        modality=str(config.get("modality") or ""),
        model=str(config.get("model") or ""),
        datasets=datasets,
        protocol=str(config.get("protocol") or ""),
        monitor=str(config.get("monitor") or "auc"),
        epoch=status.epoch,
        epochs=status.epochs or _whole(config.get("epochs")),
        step=status.step,
        steps=status.steps,
        best=status.best if best is None else best,
        interval=interval,
        created=status.created or _mtime(run.path) / 1e9,
        started=status.started,
        ended=status.ended,
        heartbeat=status.heartbeat,
        error=None if status.error is None else cause(status.error),
        device=status.device,
        executor=status.executor,
        host=status.host,
        person=status.person,
        preparing=status.preparing,
        learning_since=status.learning_since,
        learned_nothing=learned_nothing if isinstance(learned_nothing, bool) else None,
        demo=_demo(datasets, run.path.parent.parent),
        tags=written["tags"],
        note=written["note"],
    )


def _best(metrics: dict[str, Any], monitor: str) -> tuple[float | None, tuple[float, float] | None]:
    """The monitored figure of the finished run on validation with its interval, as its documents have it."""
    at: Any = metrics
    for part in ("val", "at_chosen"):
        at = at.get(part) if isinstance(at, dict) else None
    value = at.get(monitor) if isinstance(at, dict) else None
    ends = (at.get("intervals") or {}).get(monitor) if isinstance(at, dict) else None
    if not isinstance(value, float) or not isinstance(ends, list) or len(ends) != 2:
        return None, None
    low, high = ends
    return (value, (low, high)) if isinstance(low, float) and isinstance(high, float) else (None, None)


def _demo(datasets: tuple[str, ...], root: Path) -> bool:
    """Whether all that it learned from is demo data, as the catalogue says."""
    from core.catalog import table  # heavy, and only needed when a run is read for the first time

    try:
        return bool(datasets) and all(table.info(name, Workspace(root)).demo for name in datasets)
    except WorkbenchError:  # not in the catalogue of this workspace
        return False


def _datasets(config: dict[str, Any]) -> tuple[str, ...]:
    named = config.get("datasets")
    return tuple(str(d) for d in named) if isinstance(named, list) else ()


def _name(config: dict[str, Any]) -> str:
    datasets = _datasets(config)
    shown = " + ".join(datasets[:2]) + (f" + {len(datasets) - 2}" if len(datasets) > 2 else "")
    return " · ".join(filter(None, [words.network(str(config.get("model") or "")), shown]))


def _whole(value: Any) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) else 0


def _config(path: Path) -> dict[str, Any]:
    try:
        document = plain_yaml.load(path.read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError, ValueError):
        return {}
    return document if isinstance(document, dict) else {}


def _metrics(path: Path) -> dict[str, Any]:
    try:
        document = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return {}
    return document if isinstance(document, dict) else {}


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
    """One line about the folders of runs that are left out because their names are not UTF-8; empty where there are none."""
    names = sorted(repr(os.fsencode(p.name))[1:] for p in _entries(space.runs) if not is_nameable(p.name))
    if not names:
        return ""
    folders = "a folder whose name is" if len(names) == 1 else f"{len(names)} folders whose names are"
    return f"{space.runs} holds {folders} not UTF-8, left out here: {', '.join(names[:3])}; rename to see the run"


def _mtime(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0


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
    return {**found, "interval": None if values["interval"] is None else tuple(values["interval"])}


def _load(index: Path) -> dict[str, tuple[tuple[int, ...], Summary]]:
    try:
        document = json.loads(index.read_bytes())
        if document["fields"] != _FIELDS:
            return {}
        return {
            name: (tuple(times), Summary(**{**values, **_tuples(values)}))
            for name, (times, values) in document["runs"].items()
        }
    except (OSError, ValueError, KeyError, TypeError):
        return {}
