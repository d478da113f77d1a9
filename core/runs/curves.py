"""From events to curves: read on from where the last look ended, smooth first, thin afterwards."""

from __future__ import annotations

import json
import math
import threading
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from core.errors import BadInput

MOST_POINTS = 500  # a curve never carries more
NARROW, WIDTH = 50, 1000  # units of smoothing that an axis is wide, at least and at most
MOST_SMOOTHING = 0.999  # at 1 a curve would stand still for ever
PAUSE = 120.0  # seconds without an event: the run stood still (stopped, then resumed)
AXES = ("step", "epoch", "time")
# What stands before the slash: inside an epoch, of a whole one, and what guessing would reach.
SPLITS = ("step", "train", "val", "chance")
SYSTEM = ("throughput", "gpu", "gpu_memory", "gpu_temperature", "gpu_power", "memory", "cpu", "data_wait")
# Measured by the clock: many between two steps, above all while files are prepared or scored.
MACHINE = ("gpu", "gpu_memory", "gpu_temperature", "gpu_power", "memory", "cpu")
LOWER_IS_BETTER = ("loss", "eer", "brier", "ece", "fpr")


@dataclass(frozen=True)
class Series:
    """All measurements of one name in one run, in the order of steps."""

    step: np.ndarray
    epoch: np.ndarray  # fractional: 1.5 is the middle of the second epoch
    time: np.ndarray  # seconds of running since the first event; pauses left out
    value: np.ndarray

    def axis(self, name: str) -> np.ndarray:
        if name not in AXES:
            raise BadInput(f"axis {name!r} must be one of {', '.join(AXES)}")
        return {"step": self.step, "epoch": self.epoch, "time": self.time}[name]

    def __len__(self) -> int:
        return len(self.value)


@dataclass(frozen=True)
class Curve:
    """What is drawn: at most MOST_POINTS points, and for each the least and greatest value it stands for."""

    x: np.ndarray
    y: np.ndarray  # smoothed
    raw: np.ndarray
    low: np.ndarray
    high: np.ndarray
    thinned: bool
    best: tuple[float, float] | None  # x and raw value
    last: float | None
    record: np.ndarray | None = None  # the best value so far; None for what is neither good nor bad


class EventLog:
    """The events of one run, held as arrays; a look reads only what was appended since."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()
        self._reset()

    def _reset(self) -> None:
        self._offset, self._inode = 0, -1
        self._rows: dict[str, list[tuple[float, int, int, float]]] = {}
        self._series: dict[str, tuple[int, Series]] = {}
        self._ends: dict[int, int] = {}  # last step of each epoch
        self._gaps: list[tuple[float, float]] = []  # (end of a pause, its length)
        self._first = self._latest = 0.0

    def series(self) -> dict[str, Series]:
        """Every name with its measurements, up to date."""
        with self._lock:
            self._read()
            return {name: self._made(name) for name in self._rows}

    def _read(self) -> None:
        try:
            found = self.path.stat()
        except FileNotFoundError:
            self._reset()
            return
        if found.st_ino != self._inode or found.st_size < self._offset:
            self._reset()
            self._inode = found.st_ino
        if found.st_size == self._offset:
            return
        with self.path.open("rb") as file:
            file.seek(self._offset)
            data = file.read()
        end = data.rfind(b"\n") + 1
        self._offset += end
        for line in data[:end].splitlines():
            try:
                document = json.loads(line)
                row = (
                    float(document["time"]),
                    int(document["step"]),
                    int(document["epoch"]),
                    float(document["value"]),
                )
                name = str(document["name"])
            except (ValueError, TypeError, KeyError):
                continue  # torn by a crash
            self._add(name, row)

    def _add(self, name: str, row: tuple[float, int, int, float]) -> None:
        time, step, epoch, _ = row
        if not self._first:
            self._first = self._latest = time
        if time - self._latest > PAUSE:
            self._gaps.append((time, time - self._latest))
        self._latest = max(self._latest, time)
        self._ends[epoch] = max(step, self._ends.get(epoch, 0))
        rows = self._rows.setdefault(name, [])
        again = step + 1 if name in MACHINE else step
        while rows and rows[-1][1] >= again:  # a resumed run does these steps again
            rows.pop()
        rows.append(row)

    def _made(self, name: str) -> Series:
        rows = self._rows[name]
        known = self._series.get(name)
        stamp = self._offset
        if known is None or known[0] != stamp:
            table = np.array(rows, dtype=np.float64).reshape(-1, 4)
            epoch = _fractional(table[:, 1], table[:, 2], self._ends)
            running = table[:, 0] - self._first
            for end, length in self._gaps:
                running[table[:, 0] >= end] -= length
            known = (stamp, Series(table[:, 1], epoch, running, table[:, 3]))
            self._series[name] = known
        return known[1]


def _fractional(step: np.ndarray, epoch: np.ndarray, ends: dict[int, int]) -> np.ndarray:
    """Epoch as a number that grows inside an epoch too: its last step stands at the whole number."""
    numbers = np.array(sorted(ends), dtype=np.float64)
    last = np.maximum.accumulate(np.array([ends[int(n)] for n in numbers], dtype=np.float64))
    place = np.searchsorted(numbers, epoch)
    end = last[place]
    begin = np.where(place > 0, last[np.maximum(place - 1, 0)], 0.0)
    share = np.where(end > begin, (step - begin) / np.maximum(end - begin, 1.0), 1.0)
    return np.asarray(epoch - 1 + np.clip(share, 0.0, 1.0))


_logs: dict[Path, EventLog] = {}
_logs_lock = threading.Lock()
MOST_LOGS = 32


def series(events_file: Path) -> dict[str, Series]:
    """The series of a run; the files of the runs looked at last stay in memory."""
    with _logs_lock:
        log = _logs.pop(events_file, None) or EventLog(events_file)
        _logs[events_file] = log
        while len(_logs) > MOST_LOGS:
            _logs.pop(next(iter(_logs)))
    return log.series()


def smooth(x: np.ndarray, y: np.ndarray, weight: float) -> np.ndarray:
    """Exponential moving average weighted by distance on the x axis, so that uneven steps do not bend it.

    The unit is the mean distance of two points, in long series a thousandth of the axis: so the same weight calms a
    short run as much as a long one; a handful of epochs, where the unit is a fiftieth, stays nearly as it is.
    Debiased: the first value is itself, and a constant series stays that constant.
    """
    if weight <= 0 or len(y) < 2:
        return np.asarray(y, dtype=np.float64)
    keep = min(math.sqrt(weight), MOST_SMOOTHING)
    span = float(x[-1] - x[0])
    units = min(max(len(y) - 1, NARROW), WIDTH)
    gaps = np.diff(x, prepend=x[0]) / span * units if span > 0 else np.ones(len(y))
    factors = keep ** np.maximum(gaps, 0.0)
    smoothed, total, norm = [], 0.0, 0.0
    for factor, value in zip(factors.tolist(), np.asarray(y, dtype=np.float64).tolist(), strict=True):
        total, norm = total * factor + value, norm * factor + 1.0
        smoothed.append(total / norm)
    return np.array(smoothed)


def curve(
    found: Series, *, axis: str = "step", smoothing: float = 0.0, points: int = MOST_POINTS, name: str = ""
) -> Curve:
    """Smooth the whole series, then thin it; low and high are the raw values that each point stands for."""
    x, raw = found.axis(axis), found.value
    whole = np.isfinite(raw)
    if axis != "time" and len(x):  # of several measurements at one step the last
        whole &= np.append(np.diff(x) != 0, True)
    x, raw = x[whole], raw[whole]
    y = smooth(x, raw, smoothing)
    best, record = None, None
    if len(raw) and (lower := lower_is_better(name)) is not None:
        record = (np.minimum if lower else np.maximum).accumulate(raw)
        place = int(np.argmin(raw) if lower else np.argmax(raw))
        best = (float(x[place]), float(raw[place]))
    last = float(raw[-1]) if len(raw) else None
    points = max(2, min(points, MOST_POINTS))
    if len(raw) <= points:
        return Curve(x, y, raw, raw, raw, False, best, last, record)
    edges = np.linspace(0, len(raw), points + 1).astype(int)
    starts, ends = edges[:-1], edges[1:] - 1
    return Curve(
        x[ends],
        y[ends],
        raw[ends],
        np.minimum.reduceat(raw, starts),
        np.maximum.reduceat(raw, starts),
        True,
        best,
        last,
        None if record is None else record[ends],
    )


def lower_is_better(name: str) -> bool | None:
    """For a metric: whether less is better. None for what is neither good nor bad (learning rate, memory)."""
    group, _, metric = name.rpartition("/")
    if group == "gap" or not group:
        return None
    return any(metric == word or metric.endswith(f"_{word}") for word in LOWER_IS_BETTER)


def metrics(found: dict[str, Series]) -> list[str]:
    """The names under the split (loss, auc, …) that can be drawn, loss and AUC first; then the single
    ones."""
    bare = {name.partition("/")[2] for name in found if name.startswith(tuple(f"{s}/" for s in SPLITS))}
    single = [name for name in found if "/" not in name and name not in SYSTEM]
    order = {"loss": 0, "auc": 1}
    return sorted(bare, key=lambda name: (order.get(name, 2), name)) + sorted(single)


def pieces(metric: str, found: dict[str, Series]) -> list[str]:
    """The series that belong to a metric: in the steps, of the epochs' training and validation, or of that
    name."""
    return [name for name in (*(f"{split}/{metric}" for split in SPLITS), metric) if name in found]
