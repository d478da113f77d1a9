"""Log loss, Brier score and calibration error: against scikit-learn and a plain loop, and their intervals by simulation."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn import metrics

from core.thresholds import calibration
from core.thresholds.probability_figures import probability_figures, probability_intervals
from core.thresholds.proportions import precision_at_interval


def test_they_are_what_others_compute() -> None:
    random = np.random.default_rng(0)
    p = random.random(400)
    y = (random.random(400) < p**2).astype(int)
    found = probability_figures(y, p)
    assert found["log_loss"] == pytest.approx(metrics.log_loss(y, p), rel=1e-12)
    assert found["brier"] == pytest.approx(metrics.brier_score_loss(y, p), rel=1e-12)
    assert found["ece"] == pytest.approx(calibration.reliability(y, p).ece, rel=1e-9)


@pytest.mark.parametrize("groups", ["alone", "threes", "one"])
@pytest.mark.parametrize("shape", ["even", "sure and right", "sure and wrong", "constant", "tiny"])
def test_every_interval_holds_its_figure_and_has_a_width(shape: str, groups: str) -> None:
    random = np.random.default_rng(1)
    n = 2 if shape == "tiny" else 60
    y = np.arange(n) % 2
    p = {"sure and right": y.astype(float), "sure and wrong": 1.0 - y, "constant": np.full(n, 0.5)}.get(
        shape, random.random(n)
    )
    place = np.arange(n)
    tied = {"alone": place, "threes": place // 3, "one": 0 * place}[groups]
    figures = probability_figures(y, p)
    for name, (low, high) in probability_intervals(y, p, tied, n=50).items():
        assert low <= figures[name] <= high, name
        assert low < high, name


@pytest.mark.parametrize("n", [60, 600])
def test_the_truth_lies_within_as_often_as_it_says(n: int) -> None:
    """The truth is that of very many samples drawn the same way; the detector claims more than it knows."""
    random = np.random.default_rng(n)

    def draw(size: int) -> tuple[np.ndarray, np.ndarray]:
        x = random.normal(size=size)
        return (random.random(size) < 1 / (1 + np.exp(-x))).astype(int), 1 / (1 + np.exp(-2 * x))

    truth = probability_figures(*draw(400_000))
    within: dict[str, list[bool]] = {name: [] for name in truth}
    for _ in range(200):
        for name, (low, high) in probability_intervals(*draw(n), n=100).items():
            within[name].append(low <= truth[name] <= high)
    assert 0.9 <= np.mean(within["brier"]) <= 0.98
    assert 0.88 <= np.mean(within["log_loss"]) <= 0.98  # of few large losses
    assert 0.85 <= np.mean(within["ece"]) <= 1  # which is biased where bins hold few


@pytest.mark.parametrize(("recall", "fpr"), [(0.9, 0.05), (0.02, 0.5), (1.0, 0.0), (0.0, 0.3), (0.5, 0.001)])
def test_the_precision_at_a_prevalence_lies_in_its_interval(recall: float, fpr: float) -> None:
    ends = [max(0.0, recall - 0.05), min(1.0, recall + 0.05)], [max(0.0, fpr - 0.04), min(1.0, fpr + 0.04)]
    here = 0.1 * recall / (0.1 * recall + 0.9 * fpr) if recall or fpr else 0.0
    low, high = precision_at_interval(recall, ends[0], fpr, ends[1], 0.1)
    assert 0 <= low <= here <= high <= 1
    assert low < high
