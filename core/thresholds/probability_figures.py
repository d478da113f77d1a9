"""Log loss, Brier score and calibration error of probabilities, and their 95 % intervals.

The first two are means: their intervals follow from the spread over groups. The calibration error sums the gaps of its
bins without their signs, so noise raises the figure, and the draws once more: the interval is that of the draws mirrored
at the figure, and reaches as far down as it does around the figure without the noise of each bin. One more sample, the best or the worst there might be, is always
possible, so none of a finite sample has no width.
"""

from __future__ import annotations

import math

import numpy as np

from core.thresholds import proportions
from core.thresholds.intervals import Interval
from core.thresholds.resampling import FINE, Groups, Resampled

BINS = 15  # of equal width
EDGE = 1e-7  # a probability of 0 or 1 would cost without end
WORST_LOSS = -math.log(EDGE)


def probability_figures(labels: np.ndarray, probability: np.ndarray) -> dict[str, float]:
    p = _clipped(probability)
    gaps = np.bincount(_bin(p), p - labels, minlength=BINS) / len(p)
    return {
        "log_loss": float(_losses(labels, p).mean()),
        "brier": float(np.mean((p - labels) ** 2)),
        "ece": float(np.abs(gaps).sum()),
    }


def probability_intervals(
    labels: np.ndarray, probability: np.ndarray, groups: Groups = None, n: int = 1000, seed: int = 0
) -> dict[str, Interval]:
    """Of each of `probability_figures`; `n` draws of groups for the calibration error."""
    p, figures = _clipped(probability), probability_figures(labels, probability)
    resampled = Resampled(labels, p, groups, n, seed)
    return {
        "log_loss": _of_mean(resampled, _losses(labels, p), WORST_LOSS),
        "brier": _of_mean(resampled, (p - labels) ** 2, 1.0),
        "ece": _of_calibration_error(resampled, figures["ece"]),
    }


def _clipped(probability: np.ndarray) -> np.ndarray:
    return np.clip(np.asarray(probability, np.float64), EDGE, 1 - EDGE)


def _bin(p: np.ndarray) -> np.ndarray:
    return np.minimum((p * BINS).astype(np.intp), BINS - 1)


def _losses(labels: np.ndarray, p: np.ndarray) -> np.ndarray:
    return -np.log(np.where(labels == 1, p, 1 - p))


def _of_mean(resampled: Resampled, values: np.ndarray, worst: float) -> Interval:
    mean, groups = float(values.mean()), resampled.groups
    sums = np.bincount(resampled.group, weights=values - mean, minlength=groups)
    spread = math.sqrt(float(np.sum(sums**2)) * (groups / (groups - 1) if groups > 1 else 1)) / len(values)
    half = proportions.Z * spread
    return _with_one_more(mean, mean - half, mean + half, worst, groups)


def _of_calibration_error(resampled: Resampled, here: float) -> Interval:
    """From the gap of each bin in each draw."""
    drawn = (
        _normal_gaps(resampled)
        if resampled.independent and len(resampled.labels) > FINE
        else _gaps(resampled)
    )
    if not len(drawn):
        return _with_one_more(here, here, here, 1.0, resampled.groups)
    low, high = np.quantile(np.abs(drawn).sum(axis=1), [0.025, 0.975]).tolist()
    noise = drawn.var(axis=0)
    without = float(np.sqrt(np.maximum(_mean_gaps(resampled) ** 2 - noise, 0)).sum())
    return _with_one_more(
        here, min(2 * here - high, without - (high - low) / 2), 2 * here - low, 1.0, resampled.groups
    )


def _mean_gaps(resampled: Resampled) -> np.ndarray:
    gap = resampled.scores - resampled.labels
    return np.bincount(_bin(resampled.scores), weights=gap, minlength=BINS) / len(gap)


def _gaps(resampled: Resampled) -> np.ndarray:
    """Of each draw and bin, worked out from the sums of each group in each bin."""
    cell, place = np.unique(resampled.group * BINS + _bin(resampled.scores), return_inverse=True)
    sums = np.bincount(place, weights=resampled.scores - resampled.labels)
    sizes = np.bincount(resampled.group, minlength=resampled.groups)
    found = [
        np.bincount(cell % BINS, weights=weight[cell // BINS] * sums, minlength=BINS)
        / float(np.sum(weight * sizes))
        for weight in resampled.weights()
    ]
    return np.array(found).reshape(len(found), BINS)


def _normal_gaps(resampled: Resampled) -> np.ndarray:
    """The same for very many independent samples: the gap of a bin is then normal."""
    gap, size = resampled.scores - resampled.labels, len(resampled.labels)
    means = _mean_gaps(resampled)
    squares = np.bincount(_bin(resampled.scores), weights=gap**2, minlength=BINS) / size
    spread = np.sqrt(np.maximum(squares - means**2, 0) / size)
    return means + spread * np.random.default_rng(resampled.seed).normal(size=(resampled.n, BINS))


def _with_one_more(here: float, low: float, high: float, worst: float, groups: int) -> Interval:
    below, above = here / (groups + 1), (worst - here) / (groups + 1)
    return max(min(low, here - below), 0.0), min(max(high, here + above), max(worst, here))
