"""Figures of one threshold and their intervals, from the four counts there."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from core.thresholds import proportions
from core.thresholds.point import Costs
from core.thresholds.proportions import Counts, Ends

AT_THRESHOLD: dict[str, Callable[..., np.ndarray]] = {
    "accuracy": lambda tp, fp, tn, fn: _ratio(tp + tn, tp + fp + tn + fn),
    "balanced_accuracy": lambda tp, fp, tn, fn: (_ratio(tp, tp + fn) + _ratio(tn, tn + fp)) / 2,
    "precision": lambda tp, fp, tn, fn: _ratio(tp, tp + fp),
    "recall": lambda tp, fp, tn, fn: _ratio(tp, tp + fn),
    "specificity": lambda tp, fp, tn, fn: _ratio(tn, tn + fp),
    "fpr": lambda tp, fp, tn, fn: _ratio(fp, tn + fp),
    "fnr": lambda tp, fp, tn, fn: _ratio(fn, tp + fn),
    "f1": lambda tp, fp, tn, fn: _ratio(2 * tp, 2 * tp + fp + fn),
    "macro_f1": lambda tp, fp, tn, fn: (
        (_ratio(2 * tp, 2 * tp + fp + fn) + _ratio(2 * tn, 2 * tn + fp + fn)) / 2
    ),
    "youden": lambda tp, fp, tn, fn: _ratio(tp, tp + fn) - _ratio(fp, tn + fp),
    "mcc": lambda tp, fp, tn, fn: _ratio(
        tp * tn - fp * fn, np.sqrt(tp + fp) * np.sqrt(tp + fn) * np.sqrt(tn + fp) * np.sqrt(tn + fn)
    ),
    "precision_real": lambda tp, fp, tn, fn: _ratio(tn, tn + fn),
    "f1_real": lambda tp, fp, tn, fn: _ratio(2 * tn, 2 * tn + fn + fp),
    "called_fake": lambda tp, fp, tn, fn: _ratio(tp + fp, tp + fp + tn + fn),
}


CHUNK = 1 << 14  # thresholds


def figure_ends(
    counts: Counts, figures: Sequence[str], worth: dict[str, np.ndarray] | None = None
) -> dict[str, Ends]:
    """Low and high of each figure at each threshold, from the counts (tp, fp, tn, fn) there; NaN where there is none.

    A million thresholds take a moment. `worth` is that of Resampled.worth where samples hang together.
    """
    if worth is None and len(counts[0]) > CHUNK:
        return _piece_by_piece(counts, figures)
    ends = proportions.figure_intervals(counts, list(figures), worth)
    return {name: _holding(here, AT_THRESHOLD[name](*counts)) for name, here in ends.items()}


def _holding(ends: Ends, here: np.ndarray) -> Ends:
    with np.errstate(invalid="ignore"):
        return np.minimum(ends[0], here), np.maximum(ends[1], here)


def _piece_by_piece(counts: Counts, figures: Sequence[str]) -> dict[str, Ends]:
    """The same, a piece at a time: what stays in the processor's cache is several times as fast."""
    size = len(counts[0])
    found = {name: (np.empty(size), np.empty(size)) for name in figures}
    for start in range(0, size, CHUNK):
        part = slice(start, start + CHUNK)
        tp, fp, tn, fn = (side[part] for side in counts)
        for name, ends in figure_ends((tp, fp, tn, fn), figures).items():
            found[name][0][part], found[name][1][part] = ends
    return found


def cost(
    costs: Sequence[Costs], tp: np.ndarray, fp: np.ndarray, tn: np.ndarray, fn: np.ndarray
) -> np.ndarray:
    """Of 1,000 samples, as Costs.per_thousand counts it; the last axis has one threshold for each of `costs`."""
    by_fp, by_fn = np.array([c.fp for c in costs]), np.array([c.fn for c in costs])
    share = np.array([np.nan if c.prevalence is None else c.prevalence for c in costs])
    plain = _ratio(by_fp * fp + by_fn * fn, tp + fp + tn + fn)
    weighted = by_fp * (1 - share) * _ratio(fp, fp + tn) + by_fn * share * _ratio(fn, tp + fn)
    return 1000 * np.where(np.isnan(share), plain, weighted)


COST_PARTS = ("accuracy", "recall", "fpr")


def cost_ends(counts: Counts, costs: Sequence[Costs], parts: Mapping[str, Ends]) -> Ends:
    """From the intervals of COST_PARTS; the lab does the same with those that it has (bands.js).

    Where both errors cost the same, that of the share of errors; else of the two error rates.
    """
    tp, fp, tn, fn = counts
    share = np.array([np.nan if c.prevalence is None else c.prevalence for c in costs])
    fakes = np.where(np.isnan(share), _ratio(tp + fn, tp + fp + tn + fn), share)
    by_fp, by_fn = np.array([c.fp for c in costs]), np.array([c.fn for c in costs])
    low, high = proportions.cost_interval(
        counts, 1000 * by_fp * (1 - fakes), 1000 * by_fn * fakes, parts["recall"], parts["fpr"]
    )
    same = np.isnan(share) & (by_fp == by_fn)
    accuracy = parts["accuracy"]
    ends = (
        np.where(same, 1000 * by_fp * (1 - accuracy[1]), low),
        np.where(same, 1000 * by_fp * (1 - accuracy[0]), high),
    )
    return _holding(ends, cost(costs, *counts))


def _ratio(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    return np.divide(part, whole, out=np.full(np.shape(part), np.nan), where=np.asarray(whole) > 0)
