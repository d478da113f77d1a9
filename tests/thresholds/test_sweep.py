"""The sweep against scikit-learn, and what it refuses."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from sklearn import metrics

from core.errors import BadInput
from core.thresholds import packed, score_files
from core.thresholds.sweep import Sweep, at, sweep


def assert_equals_scikit_learn(labels: np.ndarray, scores: np.ndarray) -> Sweep:
    found = sweep(labels, scores)
    assert found.auc == pytest.approx(metrics.roc_auc_score(labels, scores), abs=1e-9)
    assert found.ap == pytest.approx(metrics.average_precision_score(labels, scores), abs=1e-9)
    for mine, theirs in zip(
        found.roc(), metrics.roc_curve(labels, scores, drop_intermediate=False), strict=True
    ):
        np.testing.assert_allclose(mine, theirs, rtol=0, atol=1e-9)
    for mine, theirs in zip(
        found.precision_recall(), metrics.precision_recall_curve(labels, scores), strict=True
    ):
        np.testing.assert_allclose(mine, theirs, rtol=0, atol=1e-9)
    for limit in (0.05, 0.3, 1.0):
        assert found.partial_auc(limit) == pytest.approx(
            metrics.roc_auc_score(labels, scores, max_fpr=limit), abs=1e-9
        )
    return found


SCALES = {
    "probabilities": lambda r, n: r.random(n),
    "ties": lambda r, n: np.round(r.random(n), 1),
    "both signs": lambda r, n: r.uniform(-1, 1, n),
    "logits": lambda r, n: r.normal(size=n) * 30,
    "zeros of both signs": lambda r, n: r.choice([0.0, -0.0, 1.0, -1.0], n),
    "zeros among what lies far from it": lambda r, n: r.choice([0.0, -0.0, 2.5, -2.5, -3.0, 1e300], n),
    "huge and tiny": lambda r, n: r.normal(size=n) * 10.0 ** r.integers(-300, 300, n),
    "neighbouring floats": lambda r, n: 1.0 + r.integers(0, 3, n) * np.finfo(float).eps,
    "single precision": lambda r, n: r.normal(size=n).astype(np.float32),
    "single precision, all of it": lambda r, n: (r.normal(size=n) * 10.0 ** r.integers(-37, 37, n)).astype(
        np.float32
    ),
    "half precision": lambda r, n: r.random(n).astype(np.float16),
    "whole numbers": lambda r, n: r.integers(-5, 5, n),
    "all negative": lambda r, n: -r.random(n) - 1,
}


@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("size", [2, 3, 50, 3000])
def test_sweep_equals_scikit_learn(scale: str, size: int) -> None:
    random = np.random.default_rng(size)
    labels = random.integers(0, 2, size)
    labels[:2] = [0, 1]
    scores = SCALES[scale](random, size)
    found = assert_equals_scikit_learn(labels, scores)
    np.testing.assert_array_equal(found.thresholds, np.unique(scores))


def test_sweep_over_many_chunks_equals_scikit_learn() -> None:
    random = np.random.default_rng(5)
    size = 3 * packed.CHUNK + 7
    labels = random.random(size) < 0.2
    assert_equals_scikit_learn(labels, random.normal(size=size) + labels)
    assert_equals_scikit_learn(labels, np.round(random.normal(size=size) + labels, 3))


def test_published_scores_give_the_published_figures(shared_data: Path) -> None:
    table = score_files.read(shared_data / "scores" / "asvspoof2019_la_oc_softmax.csv.gz")
    assert (len(table), int(table["label"].sum())) == (71_237, 63_882)
    found = assert_equals_scikit_learn(table["label"].to_numpy(), table["score"].to_numpy())
    assert found.eer == pytest.approx(0.0218, abs=1e-4)
    assert len(found.thresholds) == 64_695


def brute_eer(labels: np.ndarray, scores: np.ndarray) -> tuple[float, float]:
    fpr, tpr, thresholds = metrics.roc_curve(labels, scores, drop_intermediate=False)
    gap = fpr - (1 - tpr)
    up = int(np.argmax(gap >= 0))
    share = -gap[up - 1] / (gap[up] - gap[up - 1])
    nearest = np.flatnonzero(np.abs(gap) <= np.abs(gap).min() + 1e-12)
    undominated = [
        k for k in nearest if not any(dominates((fpr[j], tpr[j]), (fpr[k], tpr[k])) for j in nearest)
    ]
    return fpr[up - 1] + share * (fpr[up] - fpr[up - 1]), thresholds[undominated].min()


def dominates(a: tuple[float, float], b: tuple[float, float]) -> bool:
    """Whether the point `a` of false-positive rate and recall is nowhere worse than `b`, and not the same."""
    return a != b and a[0] <= b[0] and a[1] >= b[1]


def test_eer_lies_on_the_line_between_neighbouring_points() -> None:
    for seed in range(300):
        random = np.random.default_rng(seed)
        size = int(random.integers(2, 40))
        labels = random.integers(0, 2, size)
        labels[:2] = [0, 1]
        scores = random.integers(0, 9, size) / 8.0
        eer, threshold = brute_eer(labels, scores)
        found = sweep(labels, scores)
        assert found.eer == pytest.approx(eer, abs=1e-12)
        assert found.eer_threshold == threshold


def test_at_reads_between_and_beyond_the_scores() -> None:
    found = sweep(np.array([0, 1, 0, 1]), np.array([0.1, 0.4, 0.4, 0.8]))
    assert [(p.tp, p.fp) for p in (at(found, t) for t in (-5, 0.1, 0.2, 0.4, 0.41, 0.8, 0.9, None))] == [
        (2, 2),
        (2, 2),
        (2, 1),
        (2, 1),
        (1, 0),
        (1, 0),
        (0, 0),
        (0, 0),
    ]


def test_det_holds_both_errors() -> None:
    found = sweep(np.array([0, 1, 0, 1]), np.array([0.1, 0.4, 0.5, 0.8]))
    fpr, fnr, thresholds = found.det()
    assert fpr.tolist() == [1, 0.5, 0.5, 0]
    assert fnr.tolist() == [0, 0, 0.5, 0.5]
    assert thresholds.tolist() == [0.1, 0.4, 0.5, 0.8]


@pytest.mark.parametrize(
    ("labels", "scores", "message"),
    [
        ([1, 1], [0.1, 0.2], "all 2 samples are fake"),
        ([0, 0], [0.1, 0.2], "all 2 samples are real"),
        ([0, 1], [0.1, np.nan], "1 of 2 scores are not finite numbers .the first at row 2"),
        ([0, 1], [np.inf, 0.2], "not finite"),
        ([0, 1], [-np.inf, 0.2], "not finite"),
        ([0, 2], [0.1, 0.2], "must be 1"),
        ([0, -1], [0.1, 0.2], "must be 1"),
        ([0, 0.5], [0.1, 0.2], "must be 1"),
        ([0, np.nan], [0.1, 0.2], "must be 1"),
        (["real", "fake"], [0.1, 0.2], "must be 1"),
        ([0, 1], ["a", "b"], "must be numbers"),
        ([0, 1, 1], [0.1, 0.2], "same length"),
        ([], [], "no scores"),
    ],
)
def test_what_has_no_place_on_a_curve_is_refused(labels: list, scores: list, message: str) -> None:
    with pytest.raises(BadInput, match=message):
        sweep(np.array(labels), np.array(scores))


def test_constant_scores_are_a_single_point() -> None:
    found = sweep(np.array([0, 1, 1]), np.full(3, 0.3))
    assert (found.auc, found.thresholds.tolist()) == (0.5, [0.3])
    assert found.eer == pytest.approx(0.5)


def test_inputs_stay_as_they_were() -> None:
    labels, scores = np.array([0, 1, 0], np.uint8), np.array([0.5, -0.0, 0.2])
    kept = labels.copy(), scores.copy()
    sweep(labels, scores)
    np.testing.assert_array_equal(labels, kept[0])
    np.testing.assert_array_equal(scores.view(np.int64), kept[1].view(np.int64))
