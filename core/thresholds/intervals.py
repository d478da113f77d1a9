"""Bootstrap by group: 95 % intervals of every figure, of the chosen threshold, and of the difference of two detectors.

Whole groups are drawn, because samples that share a person or a source clip are not independent.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from core.errors import BadInput
from core.thresholds.methods import choose
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
    "precision_real": lambda tp, fp, tn, fn: _ratio(tn, tn + fn),
    "f1_real": lambda tp, fp, tn, fn: _ratio(2 * tn, 2 * tn + fp + fn),
    "youden": lambda tp, fp, tn, fn: _ratio(tp, tp + fn) - _ratio(fp, tn + fp),
    "mcc": lambda tp, fp, tn, fn: _ratio(
        tp * tn - fp * fn, np.sqrt((tp + fp) * (tp + fn) * (tn + fp) * (tn + fn))
    ),
    "called_fake": lambda tp, fp, tn, fn: _ratio(tp + fp, tp + fp + tn + fn),
}
FIGURES = (*RANKING, *AT_THRESHOLD)
LEVEL = 0.95
FINE = 200_000  # samples; above, ranking figures are resampled over as many bins of equal count
BINS = 8_192

Interval = tuple[float, float]


def bootstrap(
    labels: np.ndarray,
    scores: np.ndarray,
    groups: Sequence[object] | np.ndarray | None,
    figures: Sequence[str] = FIGURES,
    threshold: float | None = None,
    n: int = 1000,
    seed: int = 0,
) -> dict[str, Interval]:
    """The 95 % interval of each figure; those `at_threshold` are of calling fake what scores >= threshold
    (None: nothing). A figure that exists in no draw is left out."""
    drawn = replicates(labels, scores, groups, figures, threshold, n, seed)
    return {name: interval for name, values in drawn.items() if (interval := _interval(values)) is not None}


def threshold_interval(
    labels: np.ndarray,
    scores: np.ndarray,
    groups: Sequence[object] | np.ndarray | None,
    method: str,
    n: int = 200,
    seed: int = 0,
) -> Interval | None:
    """The 95 % interval of the threshold that `method` chooses; a draw in which it calls nothing fake counts as
    the highest score."""
    resampled = _Resampled(labels, scores, groups, n, seed)
    chosen = []
    for drawn in resampled.sweeps():
        point = choose(drawn, method)
        chosen.append(float(drawn.thresholds[-1]) if point.threshold is None else point.threshold)
    return _interval(np.array(chosen))


def difference(
    labels: np.ndarray,
    first: np.ndarray,
    second: np.ndarray,
    groups: Sequence[object] | np.ndarray | None,
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
    called = np.zeros(len(y), bool) if threshold is None else s >= threshold
    cells = [np.array(float(np.sum(called & (y == 1)))), np.array(float(np.sum(called & (y == 0))))]
    cells += [np.array(float(np.sum(~called & (y == 0)))), np.array(float(np.sum(~called & (y == 1))))]
    return float(AT_THRESHOLD[figure](*cells))


def replicates(
    labels: np.ndarray,
    scores: np.ndarray,
    groups: Sequence[object] | np.ndarray | None,
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
    if any(name in RANKING for name in figures):
        found |= resampled.ranking([name for name in figures if name in RANKING])
    if any(name in AT_THRESHOLD for name in figures):
        cells = resampled.cells(threshold)
        found |= {name: AT_THRESHOLD[name](*cells) for name in figures if name in AT_THRESHOLD}
    return {name: found[name] for name in figures}


class _Resampled:
    """The samples sorted once; a draw is a weight for each group."""

    def __init__(
        self,
        labels: np.ndarray,
        scores: np.ndarray,
        groups: Sequence[object] | np.ndarray | None,
        n: int,
        seed: int,
    ) -> None:
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
        """How often each group was drawn, once per replicate."""
        random = np.random.default_rng(self.seed)
        for _ in range(self.n):
            yield np.bincount(random.integers(0, self.groups, self.groups), minlength=self.groups)

    def cells(self, threshold: float | None) -> tuple[np.ndarray, ...]:
        """tp, fp, tn, fn of each draw, from the counts of each group."""
        called = np.zeros(len(self.labels), bool) if threshold is None else self.scores >= threshold
        kind = 2 * called.astype(np.intp) + self.labels  # 0 tn, 1 fn, 2 fp, 3 tp
        counts = (
            np.bincount(self.group * 4 + kind, minlength=4 * self.groups).reshape(-1, 4).astype(np.float64)
        )
        drawn = np.stack([weight @ counts for weight in self.weights()])
        tn, fn, fp, tp = drawn.T
        return tp, fp, tn, fn

    def ranking(self, figures: Sequence[str]) -> dict[str, np.ndarray]:
        found: dict[str, list[float]] = {name: [] for name in figures}
        for drawn in self.sweeps(keep_empty=True):
            for name in figures:
                found[name].append(float("nan") if drawn is None else getattr(drawn, name))
        return {name: np.array(values) for name, values in found.items()}

    def sweeps(self, keep_empty: bool = False) -> Iterator[Sweep]:
        """The sweep of each draw. Draws that lost a class have none; with `keep_empty` they give None."""
        order = np.argsort(-self.scores.astype(np.float64), kind="stable")
        ranked, label, group = self.scores[order], self.labels[order].astype(bool), self.group[order]
        last = np.flatnonzero(np.append(ranked[1:] != ranked[:-1], True))  # of its ties, falling
        if len(last) > BINS and len(ranked) > FINE:
            last = last[np.unique(np.linspace(0, len(last) - 1, BINS).astype(np.intp))]
        for weight in self.weights():
            drawn = weight[group]
            tp = np.cumsum(np.where(label, drawn, 0))[last]
            called = np.cumsum(drawn)[last]
            if not tp[-1] or tp[-1] == called[-1]:
                if keep_empty:
                    yield None  # type: ignore[misc]
                continue
            kept = np.flatnonzero(np.diff(called, prepend=0))[::-1]  # thresholds that a drawn sample has
            yield Sweep(
                ranked[last[kept]],
                tp[kept],
                (called - tp)[kept],
                int(tp[-1]),
                int(called[-1] - tp[-1]),
            )


def _group_codes(groups: Sequence[object] | np.ndarray) -> tuple[np.ndarray, int]:
    """A number for each group; a sample without one stands alone."""
    import pandas as pd

    codes, names = pd.factorize(np.asarray(pd.Series(groups), dtype=object))
    alone = np.flatnonzero(codes < 0)
    codes[alone] = len(names) + np.arange(len(alone))
    return codes.astype(np.intp), len(names) + len(alone)


def _interval(values: np.ndarray) -> Interval | None:
    values = values[np.isfinite(values)]
    if not len(values):
        return None
    low, high = np.quantile(values, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(low), float(high)


def _ratio(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    return np.divide(part, whole, out=np.full(np.shape(part), np.nan), where=np.asarray(whole) > 0)
