"""What the browser gets: at most 60 KB whatever the number of scores. Counts are exact at every threshold sent."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from core.thresholds import intervals, table
from core.thresholds.point import Point
from core.thresholds.sweep import Sweep

Payload = dict[str, Any]
LARGEST = 60_000  # bytes of JSON
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
ROWS_OF_TWO = 380  # rows of each split where two are sent
GRID = 36  # thresholds with intervals
DRAWS = 200


def build(
    chosen: Sweep,
    looked: Sweep,
    points: Sequence[Point],
    *,
    chosen_name: str,
    looked_name: str,
    bands: dict[str, Any] | None = None,
    extra: Sequence[float] = (),
) -> Payload:
    """The data of the component, without its settings. `extra` thresholds get a row too (a saved operating point)."""
    wanted = [p.threshold for p in points if p.threshold is not None] + list(extra)
    sides = [chosen] if looked is chosen else [chosen, looked]
    limit = table.ROWS if len(sides) == 1 else ROWS_OF_TWO
    t = np.unique(np.concatenate([*(_rows(side, limit) for side in sides), wanted]))
    tp, fp = table.counts(looked, t)
    rows = {"t": t.tolist(), "tp": tp.tolist(), "fp": fp.tolist()}
    if looked is not chosen:
        chosen_tp, chosen_fp = table.counts(chosen, t)
        rows |= {"chosen_tp": chosen_tp.tolist(), "chosen_fp": chosen_fp.tolist()}
    edges, real, fake = table.histogram(looked)
    data: Payload = {
        "rows": rows,
        "chosen": _side(chosen_name, chosen),
        "look": _side(looked_name, looked),
        "points": [{"words": p.method, "t": p.threshold, "reachable": p.reachable} for p in points],
        "range": [pick(float(side.thresholds[end]) for side in sides) for pick, end in ((min, 0), (max, -1))],
        "histogram": {"edges": edges.tolist(), "real": real.tolist(), "fake": fake.tolist()},
        "bands": bands,
    }
    data["version"] = hashlib.sha256(json.dumps(data).encode()).hexdigest()[:16]
    return data


def size(data: Payload) -> int:
    return len(json.dumps(data, separators=(",", ":")).encode())


def bands(
    frame: pd.DataFrame, sweep: Sweep, thresholds: Sequence[float], draws: int = DRAWS
) -> dict[str, Any]:
    """95 % intervals (bootstrap by group) at some thresholds, for the bands of the drawings."""
    spread = np.linspace(0, len(sweep.thresholds) - 1, GRID).astype(np.intp)
    grid = np.unique(np.concatenate([sweep.thresholds[spread], np.asarray(thresholds, np.float64)]))
    found = intervals.along(
        frame["label"].to_numpy(),
        frame["score"].to_numpy(),
        frame.get("group"),
        grid.tolist(),
        BANDED,
        draws,
    )
    drawn: dict[str, Any] = {"t": grid.tolist()}
    drawn["recall"] = _short(table.counts(sweep, grid)[0] / sweep.positives)
    for name in BANDED:
        ends = [here.get(name) for here in found]
        drawn[f"{name}_low"] = [None if e is None else round(e[0], 4) for e in ends]
        drawn[f"{name}_high"] = [None if e is None else round(e[1], 4) for e in ends]
    return drawn


def _rows(sweep: Sweep, limit: int) -> np.ndarray:
    return sweep.thresholds[table.rows(sweep, limit)].astype(np.float64)


def _side(name: str, sweep: Sweep) -> dict[str, Any]:
    return {"name": name, "positives": sweep.positives, "negatives": sweep.negatives}


def _short(values: np.ndarray) -> list[float]:
    return [float(f"{value:.6g}") for value in values]


def near(drawn: dict[str, Any], threshold: float | None) -> dict[str, intervals.Interval]:
    """The intervals at the grid's threshold nearest to this one; empty where nothing is called fake."""
    if threshold is None:
        return {}
    place = int(np.abs(np.asarray(drawn["t"]) - threshold).argmin())
    names = ("balanced_accuracy", "precision", "recall", "fpr")
    ends = {name: (drawn[f"{name}_low"][place], drawn[f"{name}_high"][place]) for name in names}
    return {name: pair for name, pair in ends.items() if None not in pair}
