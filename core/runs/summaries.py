"""One run in a list: what its files say, in one small record."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from core import plain_yaml, progress, words
from core.errors import WorkbenchError
from core.runs import notes
from core.runs.folder import FINAL_STATES, RunFolder, Status, shown_state
from core.runs.reasons import cause
from core.workspace import Workspace


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
    auc: float | None = None  # of a finished run on validation, whatever it watched
    auc_interval: tuple[float, float] | None = None
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
    def shown_state(self) -> str:
        """The state that a person reads."""
        return shown_state(self.state, self.heartbeat or self.started)

    @property
    def stalled(self) -> bool:
        return self.shown_state == "stalled"

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
    def scoring(self) -> bool:
        """Whether all steps are done, and validation and test are scored."""
        return self.shown_state in ("running", "stopping") and self.progress == 1 and self.preparation is None

    @property
    def seconds_left(self) -> float | None:
        """At the pace so far; None before there is one, and once all steps are done and the rest is
        scoring."""
        share = self.progress or 0.0
        began = self.learning_since or self.started
        if self.shown_state != "running" or began is None or self.preparation or not 0.01 <= share < 1:
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


def summary(run: RunFolder) -> Summary:
    """Read one run. A damaged file leaves its part empty, never the list."""
    status: Status = run.status()
    config = _config(run.config_file)
    metrics = _metrics(run.path / "metrics.json") if status.state in FINAL_STATES else {}
    datasets = _datasets(config)
    learned_nothing = metrics.get("learned_nothing")
    best, interval = _on_validation(metrics, str(config.get("monitor") or "auc"))
    auc, auc_interval = _on_validation(metrics, "auc")
    written = notes.read(run)
    return Summary(
        id=run.id,
        name=written["name"] or str(config.get("name") or "") or automatic_name(config) or run.id,
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
        best=status.best if interval is None else best,
        interval=interval,
        auc=auc,
        auc_interval=auc_interval,
        created=status.created or modified_ns(run.path) / 1e9,
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


def _on_validation(metrics: dict[str, Any], figure: str) -> tuple[float | None, tuple[float, float] | None]:
    """A figure of the finished run on validation with its interval, as its documents have it."""
    at: Any = metrics
    for part in ("val", "at_chosen"):
        at = at.get(part) if isinstance(at, dict) else None
    value = at.get(figure) if isinstance(at, dict) else None
    if not isinstance(value, float):
        return None, None
    ends = at.get("intervals")
    match ends.get(figure) if isinstance(ends, dict) else None:
        case [float(low), float(high)]:
            return value, (low, high)
    return value, None


def _demo(datasets: tuple[str, ...], root: Path) -> bool:
    """Whether all that it learned from is demo data, as the catalogue says."""
    from core.catalog import table  # heavy, and only needed when a run is read for the first time

    try:
        return bool(datasets) and all(table.info(name, Workspace(root)).demo for name in datasets)
    except WorkbenchError:  # not in the catalogue of this workspace
        return False


def _datasets(config: Mapping[str, Any]) -> tuple[str, ...]:
    named = config.get("datasets")
    return tuple(str(d) for d in named) if isinstance(named, list) else ()


def automatic_name(config: Mapping[str, Any]) -> str:
    """Of a run that nobody named: its network and its datasets."""
    datasets = _datasets(config)
    shown = " + ".join(datasets[:2]) + (f" + {len(datasets) - 2}" if len(datasets) > 2 else "")
    return " · ".join(filter(None, [words.network(str(config.get("model") or "")), shown]))


def _whole(value: Any) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) else 0


def _config(path: Path) -> dict[str, Any]:
    try:
        document = plain_yaml.load(path.read_text(encoding="utf-8"))
    # The list stays whole; opening the run says that its config.yaml cannot be read.
    except (OSError, yaml.YAMLError, ValueError):
        return {}
    return document if isinstance(document, dict) else {}


def _metrics(path: Path) -> dict[str, Any]:
    try:
        document = json.loads(path.read_bytes())
    # The list stays whole; opening the run says that its metrics.json cannot be read.
    except (OSError, ValueError, RecursionError):
        return {}
    return document if isinstance(document, dict) else {}


def modified_ns(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    # Absent: older than anything.
    except OSError:
        return 0
