"""The bootstrap itself: whole groups are drawn, and every figure is counted again from the counts of each draw."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeAlias

import numpy as np
import pandas as pd

from core.errors import BadInput
from core.thresholds.proportions import SHARES, Counts, worth
from core.thresholds.sweep import Sweep, check

FINE = 200_000  # samples; above, independent ones are drawn as counts of bins
BINS = 8_192  # of the scores, where there are more distinct ones
TOGETHER = 64  # draws, or thresholds, that are worked on together

Groups: TypeAlias = "Sequence[object] | np.ndarray | pd.Series | None"


class Resampled:
    """The samples, and how often each group is drawn in each replicate."""

    def __init__(self, labels: np.ndarray, scores: np.ndarray, groups: Groups, n: int, seed: int) -> None:
        self.labels, self.scores = check(labels, scores)
        total = len(self.labels)
        if groups is None:
            self.group, self.groups = np.arange(total), total
        else:
            self.group, self.groups = group_codes(groups)
            if len(self.group) != total:
                raise BadInput(f"{len(self.group):,} groups do not fit {total:,} scores")
        self.n, self.seed = n, seed

    @property
    def independent(self) -> bool:
        return self.groups == len(self.labels)

    def weights(self) -> Iterator[np.ndarray]:
        random = np.random.default_rng(self.seed)
        kind = np.int32 if self.groups < 2**31 else np.int64
        for _ in range(self.n):
            yield np.bincount(random.integers(0, self.groups, self.groups, dtype=kind), minlength=self.groups)

    def cells(self, thresholds: Sequence[float | None]) -> Counts:
        """tp, fp, tn, fn of each draw at each threshold: four arrays (draws, thresholds)."""
        order, group, cell, size, width = self._slots(thresholds)
        counts = np.stack(
            [
                np.bincount(cell, weights=weight[group] * size, minlength=2 * width)
                for weight in self.weights()
            ]
        ).reshape(self.n, width, 2)
        return _above(counts, order)

    def counts(self, thresholds: Sequence[float | None]) -> Counts:
        """tp, fp, tn, fn of the samples themselves at each threshold."""
        edges = np.array([np.inf if t is None else t for t in thresholds], np.float64)
        order, width = np.argsort(edges, kind="stable"), len(edges) + 1
        slot = np.searchsorted(edges[order], self.scores, "right")
        counts = np.bincount(slot * 2 + self.labels, minlength=2 * width).reshape(1, width, 2)
        tp, fp, tn, fn = _above(counts, order)
        return tp[0], fp[0], tn[0], fn[0]

    def worth(self, thresholds: Sequence[float | None]) -> dict[str, np.ndarray]:
        """Of each share at each threshold, how many independent samples its samples are worth."""
        found: dict[str, list[np.ndarray]] = {name: [] for name in SHARES}
        several = max(1, min(TOGETHER, (1 << 22) // self.groups))
        for start in range(0, len(thresholds), several):
            part = thresholds[start : start + several]
            order, group, cell, size, width = self._slots(part)
            place = group * (2 * width) + cell
            counts = np.bincount(place, weights=size, minlength=self.groups * 2 * width)
            cells = _above(counts.reshape(self.groups, width, 2), order)
            for name, of in SHARES.items():
                found[name].append(worth(*of(*cells)))
        return {name: np.concatenate(parts) for name, parts in found.items()}

    def groups_of(self, label: int) -> int:
        """Groups that hold samples of this label."""
        if self.independent:
            return int(np.count_nonzero(self.labels == label))
        return int(np.count_nonzero(np.bincount(self.group[self.labels == label], minlength=self.groups)))

    def _slots(
        self, thresholds: Sequence[float | None]
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, int]:
        """Samples of one group, one slot between thresholds and one label, counted together."""
        edges = np.array([np.inf if t is None else t for t in thresholds], np.float64)
        order = np.argsort(edges, kind="stable")
        slot = np.searchsorted(edges[order], self.scores, "right")  # this many thresholds call it fake
        width = len(edges) + 1
        entry, size = np.unique((self.group * width + slot) * 2 + self.labels, return_counts=True)
        return order, entry // (2 * width), entry % (2 * width), size, width

    def ranked(self) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """tp and fp of some draws at a time, at scores that fall from the highest: two arrays (draws, scores)."""
        order = np.argsort(-self.scores.astype(np.float64), kind="stable")
        bins = _bins(self.scores[order], self.labels[order])
        place = np.empty(len(order), np.intp)
        place[order] = np.repeat(np.arange(len(bins)), np.diff(bins, prepend=-1))
        cell, width = place * 2 + self.labels, 2 * len(bins)
        several = max(1, min(TOGETHER, (1 << 22) // width))
        drawn: list[np.ndarray] = []
        for counts in self._cell_counts(cell, width):
            drawn.append(counts)
            if len(drawn) == several:
                yield _falling(drawn)
                drawn = []
        if drawn:
            yield _falling(drawn)

    def _cell_counts(self, cell: np.ndarray, width: int) -> Iterator[np.ndarray]:
        total = len(cell)
        if self.independent and total > FINE:
            shares = np.bincount(cell, minlength=width) / total
            random = np.random.default_rng(self.seed)
            for _ in range(self.n):
                yield random.multinomial(total, shares)
            return
        for weight in self.weights():
            yield np.bincount(cell, weights=weight[self.group], minlength=width)

    def sweeps(self) -> Iterator[Sweep | None]:
        """The sweep of each draw; None where it lost a class."""
        order = np.argsort(-self.scores.astype(np.float64), kind="stable")
        ranked, label, group = self.scores[order], self.labels[order].astype(bool), self.group[order]
        last = _bins(ranked, label) if len(ranked) > FINE else _last_of_ties(ranked)
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


def _above(counts: np.ndarray, order: np.ndarray) -> Counts:
    """From counts (rows, slots, label) to tp, fp, tn, fn (rows, thresholds in the order they were asked for)."""
    # Called fake by the threshold of each slot and those under it.
    above = counts[:, ::-1].cumsum(axis=1)[:, ::-1]
    tp, fp = np.empty((2, len(counts), len(order)))
    tp[:, order], fp[:, order] = above[:, 1:, 1], above[:, 1:, 0]
    return tp, fp, above[:, :1, 0] - fp, above[:, :1, 1] - tp


def _falling(drawn: list[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    counts = np.stack(drawn).reshape(len(drawn), -1, 2).astype(np.float64).cumsum(axis=1)
    return counts[:, :, 1], counts[:, :, 0]


def _last_of_ties(ranked: np.ndarray) -> np.ndarray:
    return np.flatnonzero(np.append(ranked[1:] != ranked[:-1], True))


def _bins(ranked: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """The last place of each bin along falling scores: of every distinct score, or of BINS of about equal count.

    Where false-positive rates of 0.1 % are read, bins hold single reals: the first are as fine as the scores.
    """
    last = _last_of_ties(ranked)
    if len(last) <= BINS:
        return last
    first_reals = np.flatnonzero(np.asarray(labels) == 0)[: BINS // 4]
    even = np.linspace(0, len(ranked) - 1, BINS - len(first_reals)).astype(np.intp)
    wanted = np.concatenate([even, first_reals, [len(ranked) - 1]])
    return last[np.unique(np.searchsorted(last, np.unique(wanted)))]


def group_codes(groups: Sequence[object] | np.ndarray | pd.Series) -> tuple[np.ndarray, int]:
    """A number for each group; a sample without one stands alone."""
    if isinstance(groups, np.ndarray) and groups.dtype.kind in "iu":
        numbers, found = pd.factorize(groups)
        return numbers.astype(np.intp), len(found)
    codes, names = pd.factorize(
        pd.Series(groups).astype(object).where(lambda names: names.notna(), None).to_numpy()
    )
    alone = np.flatnonzero(codes < 0)
    codes[alone] = len(names) + np.arange(len(alone))
    return codes.astype(np.intp), len(names) + len(alone)
