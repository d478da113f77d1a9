"""Figures of a ranking in many draws at once, and what no interval of them may be narrower than.

tp and fp are (draws, scores), counts at scores that fall from the highest. A draw that lost a class gives NaN.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from core.thresholds.proportions import Z, wilson
from core.thresholds.sweep import Sweep

LOW_RATES = (0.01, 0.001)  # of false alarms, at which the recall is read
PARTIAL = 0.1  # partial AUC up to this false-positive rate
FEW = 50  # samples of a class; under it, no bootstrap is wide enough by itself
Figure = Callable[[np.ndarray, np.ndarray], np.ndarray]


def auc(tp: np.ndarray, fp: np.ndarray) -> np.ndarray:
    before_tp, before_fp = _before(tp), _before(fp)
    return ((fp - before_fp) * (tp + before_tp)).sum(axis=1) / (2 * tp[:, -1] * fp[:, -1])


def ap(tp: np.ndarray, fp: np.ndarray) -> np.ndarray:
    return ((tp - _before(tp)) * tp / np.maximum(tp + fp, 1)).sum(axis=1) / tp[:, -1]


def eer(tp: np.ndarray, fp: np.ndarray) -> np.ndarray:
    """Where FPR = FNR on straight lines between neighbours."""
    x, gap = fp / fp[:, -1:], fp / fp[:, -1:] - (1 - tp / tp[:, -1:])
    at = (gap >= 0).argmax(axis=1)
    rows = np.arange(len(tp))
    first = at == 0
    x0, gap0 = (np.where(first, none, part[rows, at - 1]) for part, none in ((x, 0.0), (gap, -1.0)))
    x1, gap1 = x[rows, at], gap[rows, at]
    return x0 - gap0 / (gap1 - gap0) * (x1 - x0)


def recall_at(rate: float) -> Figure:
    """The highest recall among thresholds whose false-positive rate is at most `rate`."""

    def figure(tp: np.ndarray, fp: np.ndarray) -> np.ndarray:
        within = fp <= rate * fp[:, -1:]
        return np.where(within, tp, 0).max(axis=1) / tp[:, -1]

    return figure


def partial_auc(most: float) -> Figure:
    """McClish's standardised area up to a false-positive rate, as Sweep.partial_auc has it."""

    def figure(tp: np.ndarray, fp: np.ndarray) -> np.ndarray:
        x1, x0 = fp / fp[:, -1:], _before(fp) / fp[:, -1:]
        y1, y0 = tp / tp[:, -1:], _before(tp) / tp[:, -1:]
        wide = np.clip(most - x0, 0, x1 - x0)
        rise = np.divide(wide, x1 - x0, out=np.ones_like(wide), where=x1 > x0)
        area = (wide * (2 * y0 + (y1 - y0) * rise)).sum(axis=1) / 2
        return standardise(area, most)

    return figure


def plain_mean(value: float, most: float) -> float:
    """From a standardised partial area back to the mean recall up to that false-positive rate."""
    least = most**2 / 2
    return ((2 * value - 1) * (most - least) + least) / most if most < 1 else value


def standardise(area: np.ndarray, most: float) -> np.ndarray:
    least = most**2 / 2
    return 0.5 * (1 + (area - least) / (most - least)) if most < 1 else area


def least_cost(fp_weight: float, fn_weight: float) -> Figure:
    """The lowest fp_weight x FPR + fn_weight x FNR over all thresholds, the one that calls nothing fake among them."""

    def figure(tp: np.ndarray, fp: np.ndarray) -> np.ndarray:
        costs = fp_weight * fp / fp[:, -1:] + fn_weight * (1 - tp / tp[:, -1:])
        return np.minimum(costs.min(axis=1), fn_weight)

    return figure


FIGURES: dict[str, Figure] = {"auc": auc, "ap": ap, "eer": eer}


def _before(counts: np.ndarray) -> np.ndarray:
    return np.concatenate([np.zeros((len(counts), 1)), counts[:, :-1]], axis=1)


def floor(name: str, swept: Sweep, fakes: int, reals: int) -> tuple[float, float]:
    """The narrowest interval that so many independent fakes and reals allow a ranking figure, by its value alone."""
    if name == "auc":
        return newcombe(swept.auc, fakes, reals)
    if name == "ap":
        return share_floor(swept.ap, fakes)
    here = swept.eer
    ends = [share_floor(here, size) for size in (fakes, reals)]
    low = here - math.hypot(here - ends[0][0], here - ends[1][0]) / 2
    high = here + math.hypot(here - ends[0][1], here - ends[1][1]) / 2
    return max(low, 0.0), min(high, 1.0)


def share_floor(value: float, of: int) -> tuple[float, float]:
    """Wilson's interval of a share among so many."""
    low, high = wilson(np.array(value * of), np.array(float(of)))
    return float(low), float(high)


def newcombe(value: float, fakes: int, reals: int) -> tuple[float, float]:
    """The interval of an AUC whose ends have Hanley and McNeil's variance at the ends (Newcombe 2006, method 5):
    1.000 of 25 and 25 is not certain."""

    def far(theta: float) -> float:
        half = (fakes + reals) / 2 - 1
        spread = 1 + half * (1 - theta) / (2 - theta) + half * theta / (1 + theta)
        return Z * math.sqrt(theta * (1 - theta) * spread / (fakes * reals))

    def solve(inner: float, outer: float) -> float:
        for _ in range(60):
            middle = (inner + outer) / 2
            inner, outer = (middle, outer) if abs(value - middle) <= far(middle) else (inner, middle)
        return outer

    return solve(value, 0.0), solve(value, 1.0)
