"""The uncertain band: what is decided outside it errs little enough, and it is no wider than that needs."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from core.thresholds.band import band, band_at, finite, intervals
from core.thresholds.sweep import sweep


def _shares(labels: np.ndarray, scores: np.ndarray, low: float, high: float) -> tuple[int, int]:
    """Samples that are decided, and the wrong among them."""
    fake, real = scores >= high, scores < low
    return int((fake | real).sum()), int((fake & (labels == 0)).sum() + (real & (labels == 1)).sum())


def _errs(wrong: int, of: int, error: float) -> bool:
    return of > 0 and wrong / of > error


@pytest.mark.parametrize("seed", range(150))
def test_it_is_the_narrowest_that_keeps_both_verdicts_within_the_target(seed: int) -> None:
    random = np.random.default_rng(seed)
    n = int(random.integers(2, 40))
    labels = random.integers(0, 2, n)
    labels[:2] = 0, 1
    scores = random.integers(0, 9, n) / 8 + labels * random.choice([-0.5, 0, 0.5])
    curve = sweep(labels, scores)
    lines = [*np.unique(scores).tolist(), None]
    for error in (0.0, 0.1, 0.3, 0.6):
        for line in lines:
            start = np.inf if line is None else line
            edges = [np.inf if edge is None else edge for edge in lines]
            high = min(
                e
                for e in edges
                if e >= start
                and not _errs(int((labels[scores >= e] == 0).sum()), int((scores >= e).sum()), error)
            )
            low = max(
                e
                for e in edges
                if e <= start
                and not _errs(int((labels[scores < e] == 1).sum()), int((scores < e).sum()), error)
            )
            decided, wrong = _shares(labels, scores, low, high)
            found = band(curve, line, error)
            assert (found.decided, found.queue) == (decided, pytest.approx(1 - decided / n)), (line, error)
            assert found.error == (pytest.approx(wrong / decided) if decided else None)
            assert _shares(labels, scores, *finite(curve, found)) == (decided, wrong)


def test_where_everything_may_be_called_real_nothing_is_left_to_people() -> None:
    curve = sweep(np.array([0, 0, 0, 1]), np.array([0.1, 0.2, 0.3, 0.4]))
    assert (band(curve, None, 0.25).queue, band(curve, None, 0.25).error) == (0, 0.25)
    assert band(curve, None, 0.2).queue == 0.25  # the highest score alone


def test_a_band_of_validation_is_rated_on_test() -> None:
    seen = sweep(np.array([0, 1, 0, 1]), np.array([0.1, 0.4, 0.6, 0.9]))
    assert (band_at(seen, 0.3, 0.7).queue, band_at(seen, 0.3, 0.7).error) == (0.5, 0)
    assert band_at(seen, 0.5, 0.5).error == 0.5


def test_its_two_shares_have_intervals_as_wide_as_their_groups_are_few() -> None:
    random = np.random.default_rng(0)
    labels = np.repeat(random.integers(0, 2, 100), 3)
    scores = labels + np.repeat(random.normal(size=100), 3)
    found = band(sweep(labels, scores), 0.5, 0.05)
    alone = intervals(found, labels, scores)
    decided = found.decided
    for name, hits, of in (
        ("queue", 300 - decided, 300),
        ("error", round((found.error or 0) * decided), decided),
    ):
        ends = stats.binomtest(hits, of).proportion_ci(method="wilson")
        assert alone[name] == pytest.approx((ends.low, ends.high))
    together = intervals(found, labels, scores, np.arange(300) // 3)
    for name, (low, high) in together.items():
        assert high - low > 1.3 * (alone[name][1] - alone[name][0])
