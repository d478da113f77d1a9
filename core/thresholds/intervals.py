"""Bootstrap by group: 95 % intervals of every figure, of the chosen threshold, and of the difference of two detectors.

Whole groups are drawn, because samples that share a person or a source clip are not independent.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TypeAlias

import numpy as np
import pandas as pd

from core.errors import BadInput
from core.thresholds.methods import choose
from core.thresholds.point import Costs
from core.thresholds.sweep import Sweep, check, sweep

RANKING = ("auc", "ap", "eer")
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
FIGURES = (*RANKING, *AT_THRESHOLD)
LEVEL = 0.95
FINE = 200_000  # samples; above, ranking figures are resampled over as many bins of equal count
BINS = 8_192

Interval = tuple[float, float]
Groups: TypeAlias = "Sequence[object] | np.ndarray | pd.Series | None"


def bootstrap(
    labels: np.ndarray,
    scores: np.ndarray,
    groups: Groups,
    figures: Sequence[str] = FIGURES,
    threshold: float | None = None,
    n: int = 1000,
    seed: int = 0,
) -> dict[str, Interval]:
    """The 95 % interval of each figure; those `at_threshold` are of calling fake what scores >= np.float64(threshold)
    (None: nothing). A figure that exists in no draw is left out."""
    drawn = replicates(labels, scores, groups, figures, threshold, n, seed)
    return {name: interval for name, values in drawn.items() if (interval := _interval(values)) is not None}


def along(
    labels: np.ndarray,
    scores: np.ndarray,
    groups: Groups,
    thresholds: Sequence[float | None],
    figures: Sequence[str] = tuple(AT_THRESHOLD),
    n: int = 1000,
    seed: int = 0,
    costs: Sequence[Costs] = (),
) -> list[dict[str, Interval]]:
    """The intervals at each of several thresholds, from the same draws; `costs`, one a threshold, add that of cost."""
    cells = _Resampled(labels, scores, groups, n, seed).cells(thresholds)
    found: list[dict[str, Interval]] = [{} for _ in thresholds]
    for name in figures:
        values = AT_THRESHOLD[name](*cells)
        for column, here in enumerate(found):
            interval = _interval(values[:, column])
            if interval is not None:
                here[name] = interval
    for column, (prices, here) in enumerate(zip(costs, found, strict=False)):
        interval = _interval(_cost(prices, *(cell[:, column] for cell in cells)))
        if interval is not None:
            here["cost"] = interval
    return found


def threshold_intervals(
    labels: np.ndarray,
    scores: np.ndarray,
    groups: Groups,
    words: Sequence[str],
    n: int = 200,
    seed: int = 0,
) -> dict[str, Interval]:
    """The 95 % interval of the threshold that each method chooses; a draw in which it calls nothing fake counts as
    the highest score."""
    chosen: dict[str, list[float]] = {word: [] for word in words}
    for drawn in _Resampled(labels, scores, groups, n, seed).sweeps():
        if drawn is not None:
            for word in words:
                point = choose(drawn, word)
                highest = float(drawn.thresholds[-1])
                chosen[word].append(highest if point.threshold is None else point.threshold)
    found = {word: _interval(np.array(values)) for word, values in chosen.items()}
    return {word: interval for word, interval in found.items() if interval is not None}


def difference(
    labels: np.ndarray,
    first: np.ndarray,
    second: np.ndarray,
    groups: Groups,
    figures: Sequence[str] = RANKING,
    thresholds: tuple[float | None, float | None] = (None, None),
    n: int = 1000,
    seed: int = 0,
) -> dict[str, tuple[float, float, float]]:
    """Paired, on the same samples: figure -> (first less second, low, high). Zero inside: no difference shown."""
    a = replicates(labels, first, groups, figures, thresholds[0], n, seed)
    b = replicates(labels, second, groups, figures, thresholds[1], n, seed)
    found = {}
    for name in figures:
        interval = _interval(a[name] - b[name])
        if interval is not None:
            here = value(labels, first, name, thresholds[0]) - value(labels, second, name, thresholds[1])
            found[name] = (here, *interval)
    return found


def value(labels: np.ndarray, scores: np.ndarray, figure: str, threshold: float | None) -> float:
    """The figure itself; NaN where it does not exist."""
    y, s = check(labels, scores)
    if figure in RANKING:
        return float(getattr(sweep(y, s), figure)) if 0 < y.sum() < len(y) else float("nan")
    called = np.zeros(len(y), bool) if threshold is None else s >= np.float64(threshold)
    cells = (called & (y == 1), called & (y == 0), ~called & (y == 0), ~called & (y == 1))
    return float(AT_THRESHOLD[figure](*(np.array(float(cell.sum())) for cell in cells)))


def replicates(
    labels: np.ndarray,
    scores: np.ndarray,
    groups: Groups,
    figures: Sequence[str],
    threshold: float | None,
    n: int = 1000,
    seed: int = 0,
) -> dict[str, np.ndarray]:
    """Each figure in each of `n` draws (NaN where it does not exist). The draws depend on seed and groups alone."""
    unknown = [name for name in figures if name not in FIGURES]
    if unknown:
        raise BadInput(f"unknown figure {unknown[0]!r}; known are {', '.join(FIGURES)}")
    resampled = _Resampled(labels, scores, groups, n, seed)
    found: dict[str, np.ndarray] = {}
    ranking = [name for name in figures if name in RANKING]
    if ranking:
        found |= resampled.ranking(ranking)
    if len(ranking) < len(figures):
        cells = resampled.cells([threshold])
        found |= {name: AT_THRESHOLD[name](*cells)[:, 0] for name in figures if name in AT_THRESHOLD}
    return {name: found[name] for name in figures}


class _Resampled:
    """The samples, and how often each group is drawn in each replicate."""

    def __init__(self, labels: np.ndarray, scores: np.ndarray, groups: Groups, n: int, seed: int) -> None:
        self.labels, self.scores = check(labels, scores)
        total = len(self.labels)
        if groups is None:
            self.group, self.groups = np.arange(total), total
        else:
            self.group, self.groups = _group_codes(groups)
            if len(self.group) != total:
                raise BadInput(f"{len(self.group):,} groups do not fit {total:,} scores")
        self.n, self.seed = n, seed

    def weights(self) -> Iterator[np.ndarray]:
        random = np.random.default_rng(self.seed)
        kind = np.int32 if self.groups < 2**31 else np.int64
        for _ in range(self.n):
            yield np.bincount(random.integers(0, self.groups, self.groups, dtype=kind), minlength=self.groups)

    def cells(self, thresholds: Sequence[float | None]) -> tuple[np.ndarray, ...]:
        """tp, fp, tn, fn of each draw at each threshold: four arrays (draws, thresholds)."""
        edges = np.array([np.inf if t is None else t for t in thresholds], np.float64)
        order = np.argsort(edges, kind="stable")
        slot = np.searchsorted(edges[order], self.scores, "right")  # this many thresholds call it fake
        width = len(edges) + 1
        entry, size = np.unique(
            (self.group * width + slot) * 2 + self.labels, return_counts=True
        )  # samples of one group, one slot and one label
        group, cell = entry // (2 * width), entry % (2 * width)
        counts = np.stack(
            [
                np.bincount(cell, weights=weight[group] * size, minlength=2 * width)
                for weight in self.weights()
            ]
        ).reshape(self.n, width, 2)
        above = counts[:, ::-1].cumsum(axis=1)[
            :, ::-1
        ]  # called fake by the threshold of each slot and those under it
        tp, fp = np.empty((2, self.n, len(edges)))
        tp[:, order], fp[:, order] = above[:, 1:, 1], above[:, 1:, 0]
        return tp, fp, above[:, :1, 0] - fp, above[:, :1, 1] - tp

    def ranking(self, figures: Sequence[str]) -> dict[str, np.ndarray]:
        found: dict[str, list[float]] = {name: [] for name in figures}
        for drawn in self.sweeps():
            for name in figures:
                found[name].append(float("nan") if drawn is None else getattr(drawn, name))
        return {name: np.array(values) for name, values in found.items()}

    def sweeps(self) -> Iterator[Sweep | None]:
        """The sweep of each draw; None where it lost a class."""
        order = np.argsort(-self.scores.astype(np.float64), kind="stable")
        ranked, label, group = self.scores[order], self.labels[order].astype(bool), self.group[order]
        last = np.flatnonzero(np.append(ranked[1:] != ranked[:-1], True))  # of its ties, falling
        if len(last) > BINS and len(ranked) > FINE:
            last = last[np.unique(np.linspace(0, len(last) - 1, BINS).astype(np.intp))]
        for weight in self.weights():
            drawn = weight[group]
            tp = np.cumsum(drawn * label)[last]
            called = np.cumsum(drawn)[last]
            if not tp[-1] or tp[-1] == called[-1]:
                yield None
                continue
            kept = np.flatnonzero(np.diff(called, prepend=0))[::-1]  # thresholds that a drawn sample has
            positives = int(tp[-1])
            yield Sweep(
                ranked[last[kept]], tp[kept], (called - tp)[kept], positives, int(called[-1]) - positives
            )


def _group_codes(groups: Sequence[object] | np.ndarray | pd.Series) -> tuple[np.ndarray, int]:
    """A number for each group; a sample without one stands alone."""
    codes, names = pd.factorize(
        pd.Series(groups).astype(object).where(lambda names: names.notna(), None).to_numpy()
    )
    alone = np.flatnonzero(codes < 0)
    codes[alone] = len(names) + np.arange(len(alone))
    return codes.astype(np.intp), len(names) + len(alone)


def _interval(values: np.ndarray) -> Interval | None:
    values = values[np.isfinite(values)]
    if not len(values):
        return None
    low, high = np.quantile(values, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(low), float(high)


def _cost(costs: Costs, tp: np.ndarray, fp: np.ndarray, tn: np.ndarray, fn: np.ndarray) -> np.ndarray:
    """Of 1,000 samples, as Costs.per_thousand counts it."""
    share = costs.prevalence
    if share is None:
        return 1000 * _ratio(costs.fp * fp + costs.fn * fn, tp + fp + tn + fn)
    return 1000 * (costs.fp * (1 - share) * _ratio(fp, fp + tn) + costs.fn * share * _ratio(fn, tp + fn))


def _ratio(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    return np.divide(part, whole, out=np.full(np.shape(part), np.nan), where=np.asarray(whole) > 0)
