"""The scale of the threshold axis, and the part of the scores that fills it: where the two classes meet."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from core.thresholds.sweep import Sweep

EDGE = 0.01  # the 1st percentile of fakes, the 99th of reals
BINS = 24
EVEN = 0.8  # entropy over the bins, as a share of the most there can be
FEW = 12  # operating points


@dataclass(frozen=True)
class Axis:
    """`low` to `high` fill the axis; `lowest` and `highest` are the ends of all scores."""

    scale: str  # score, logit or quantile
    low: float
    high: float
    lowest: float
    highest: float
    probability: bool  # whether log odds can be drawn

    def to_dict(self) -> dict[str, Any]:
        return {
            "scale": self.scale,
            "low": self.low,
            "high": self.high,
            "range": {"low": self.lowest, "high": self.highest},
            "probability": self.probability,
        }


def axis_for(chosen: Sweep, looked: Sweep) -> Axis:
    """From the split where thresholds are chosen, so that the axis stays when another is looked at."""
    low, high = meeting(chosen)
    lowest = min(float(side.thresholds[0]) for side in (chosen, looked))
    highest = max(float(side.thresholds[-1]) for side in (chosen, looked))
    probability = lowest >= 0 and highest <= 1
    return Axis(_scale(chosen, low, high, probability), low, high, lowest, highest, probability)


def meeting(sweep: Sweep) -> tuple[float, float]:
    """From the 1st percentile of the fakes to the 99th of the reals, the lower first.

    real  ▂▅█▅▂▁▁
    fake      ▁▁▂▅█▅▂
              [  ]
    """
    fakes_under = _first(sweep.positives - sweep.tp, EDGE * sweep.positives)
    reals_under = _first(sweep.negatives - sweep.fp, (1 - EDGE) * sweep.negatives)
    first, last = min(fakes_under, reals_under), max(fakes_under, reals_under)
    if last - first < FEW:  # classes that hardly meet: some operating points on both sides
        first, last = max(0, first - FEW), min(len(sweep.thresholds) - 1, last + FEW)
    return float(sweep.thresholds[first]), float(sweep.thresholds[last])


def _first(under: np.ndarray, wanted: float) -> int:
    """The first threshold with at least so many samples of a class under it."""
    return min(int(np.searchsorted(under, wanted, "left")), len(under) - 1)


def _scale(sweep: Sweep, low: float, high: float, probability: bool) -> str:
    """The first scale on which the samples of the window lie evenly enough for a hand to part them."""
    first, last = sweep.index(low), sweep.index(high)
    thresholds = sweep.thresholds[first : last + 1].astype(np.float64)
    tp = np.append(sweep.tp, 0)[first : last + 2] / sweep.positives
    fp = np.append(sweep.fp, 0)[first : last + 2] / sweep.negatives
    mass = -np.diff(tp) - np.diff(fp)  # each class counts half
    if _evenness(thresholds / 2, mass) >= EVEN:
        return "score"
    if probability and _evenness(_log_odds(thresholds), mass) >= EVEN:
        return "logit"
    return "quantile"


def _log_odds(shares: np.ndarray) -> np.ndarray:
    with np.errstate(divide="ignore"):
        return np.clip(np.log(shares) - np.log1p(-shares), -40, 40)


def _evenness(places: np.ndarray, mass: np.ndarray) -> float:
    """1 where every bin of the window holds as much as the others, 0 where one holds all."""
    if len(places) < FEW or places[-1] <= places[0]:
        return 1.0
    edges = np.linspace(places[0], places[-1], BINS + 1)
    held, _ = np.histogram(places, edges, weights=mass)
    parts = held[held > 0] / held.sum()
    return float(-(parts * np.log(parts)).sum() / np.log(BINS))
