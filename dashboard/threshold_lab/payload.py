"""What the browser gets: at most 60 kB whatever the number of scores. Counts are exact at every threshold sent."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from core.thresholds import table
from core.thresholds.intervals import Interval
from core.thresholds.point import Point
from core.thresholds.scored import Scored
from core.thresholds.sweep import Sweep
from dashboard.threshold_lab.axis import Axis, axis_for

Payload = dict[str, Any]
LARGEST = 60_000  # bytes of JSON
ROWS = 430  # of one split alone
ROWS_OF_TWO = 300  # of each of two
EVEN_ROWS = 90  # more of each split, spread over the part where the classes meet
GRID = 36  # thresholds with intervals
NEIGHBOURS = 24  # exact operating points on each side of the line
AROUND = 3  # samples on each side of it
BANDED = (
    "precision",
    "recall",
    "fpr",
    "f1",
    "macro_f1",
    "accuracy",
    "balanced_accuracy",
    "youden",
    "called_fake",
)


@dataclass(frozen=True)
class Side:
    """One split as the lab knows it."""

    name: str
    scored: Scored

    @property
    def sweep(self) -> Sweep:
        return self.scored.sweep


def build(
    chosen: Side,
    looked: Side,
    points: Sequence[Point],
    *,
    titles: Mapping[str, str] | None = None,
    grid: Mapping[float | None, Mapping[str, Interval]] | None = None,
    extra: Sequence[float] = (),
) -> Payload:
    """The data of the component, without its settings. `grid` holds the intervals of the split that is looked at,
    those of the points among them. `extra` thresholds get a row too (a saved operating point)."""
    grid = grid or {}
    axis = axis_for(chosen.sweep, looked.sweep)
    wanted = [p.threshold for p in points if p.threshold is not None] + list(extra)
    wanted += [t for t in grid if t is not None]
    sides = [chosen] if looked.scored is chosen.scored else [chosen, looked]
    limit = ROWS if len(sides) == 1 else ROWS_OF_TWO
    spread = [rows for side in sides for rows in (_thin(side.sweep, limit), _meeting(side.sweep, axis))]
    rows = np.unique(np.concatenate([*spread, np.asarray(wanted, np.float64)]))
    titles = titles or {}
    data: Payload = {
        "rows": rows_at(chosen, looked, rows),
        "chosen": _side(chosen),
        "look": _side(looked),
        "points": [
            {
                "words": p.method,
                "title": titles.get(p.method, p.method),
                "t": p.threshold,
                "reachable": p.reachable,
            }
            for p in points
        ],
        "axis": axis.to_dict(),
        "turned": chosen.scored.turned,
        "complete": bool(np.isin(chosen.sweep.thresholds.astype(np.float64), rows).all()),
        "bands": _bands(grid),
    }
    data["version"] = hashlib.sha256(json.dumps(data).encode()).hexdigest()[:16]
    return data


def size(data: Payload) -> int:
    return len(json.dumps(data, separators=(",", ":")).encode())


def rows_at(chosen: Side, looked: Side, thresholds: np.ndarray) -> Payload:
    """Exact counts at some thresholds, on both splits where there are two."""
    tp, fp = table.counts(looked.sweep, thresholds)
    rows = {"t": thresholds.tolist(), "tp": tp.tolist(), "fp": fp.tolist()}
    if looked.scored is not chosen.scored:
        chosen_tp, chosen_fp = table.counts(chosen.sweep, thresholds)
        rows |= {"chosen_tp": chosen_tp.tolist(), "chosen_fp": chosen_fp.tolist()}
    return rows


def neighbours(chosen: Side, looked: Side, threshold: float | None) -> np.ndarray:
    """Distinct scores next to the line, so that keys move one operating point at a time."""
    sides = [chosen.sweep] if looked.scored is chosen.scored else [chosen.sweep, looked.sweep]
    near = [] if threshold is None else [np.array([threshold])]
    for sweep in sides:
        place = sweep.index(threshold)
        near.append(sweep.thresholds[max(0, place - NEIGHBOURS) : place + NEIGHBOURS + 1].astype(np.float64))
    return np.unique(np.concatenate(near))


def grid(sweep: Sweep) -> np.ndarray:
    """Thresholds at which intervals are worked out for drawing: evenly by rank, each class counting half."""
    return _quantiles(sweep, GRID, 0, len(sweep.thresholds))


def ends(found: Mapping[str, Interval] | None) -> dict[str, list[float]] | None:
    """Six significant digits of what they are away from 0 or 1, rounded away from the figure."""
    return None if found is None else {name: [_down(low), _up(high)] for name, (low, high) in found.items()}


def _bands(grid: Mapping[float | None, Mapping[str, Interval]]) -> dict[str, Any]:
    """Column by column: t, and for each figure the low and the high ends (null where it has none)."""
    columns: dict[str, Any] = {"t": list(grid)}
    for name in BANDED:
        found = [here.get(name) for here in grid.values()]
        columns[name] = [
            [None if pair is None else _down(pair[0]) for pair in found],
            [None if pair is None else _up(pair[1]) for pair in found],
        ]
    return columns


def _thin(sweep: Sweep, limit: int) -> np.ndarray:
    return sweep.thresholds[table.rows(sweep, limit)].astype(np.float64)


def _meeting(sweep: Sweep, axis: Axis) -> np.ndarray:
    first, last = sweep.index(axis.low), sweep.index(axis.high) + 1
    return _quantiles(sweep, EVEN_ROWS, first, max(last, first + 1))


def _quantiles(sweep: Sweep, count: int, first: int, last: int) -> np.ndarray:
    """Some of the thresholds from `first` to before `last`, evenly by share of the samples, each class counting half."""
    tp, fp = sweep.tp[first:last] / sweep.positives, sweep.fp[first:last] / sweep.negatives
    if not len(tp):
        return np.zeros(0)
    above = tp + fp
    wanted = np.linspace(above[0], above[-1], count)
    places = len(above) - 1 - np.searchsorted(above[::-1], wanted, "left").clip(0, len(above) - 1)
    return np.unique(sweep.thresholds[first + places].astype(np.float64))


def _side(side: Side) -> dict[str, Any]:
    return {"name": side.name, "positives": side.sweep.positives, "negatives": side.sweep.negatives}


def _down(value: float) -> float:
    places = _places(value)
    return round(math.floor(value * 10**places) / 10**places, places)


def _up(value: float) -> float:
    places = _places(value)
    return round(math.ceil(value * 10**places) / 10**places, places)


def _places(value: float) -> int:
    """0.123456 has 6 decimals, 0.0000123456 and 0.9999876544 have 10."""
    away = min(abs(value), abs(1 - value))
    return 6 if away == 0 else min(5 - math.floor(math.log10(away)), 15)
