"""Bootstrap by group: against an explicit resampling, and the promises that analysts read off it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from sklearn import metrics

from core.errors import BadInput
from core.thresholds import cautions, intervals, resampling
from core.thresholds.at_threshold import cost
from core.thresholds.intervals import (
    FIGURES,
    along,
    bootstrap,
    difference,
    replicates,
    threshold_intervals,
    value,
)
from core.thresholds.methods import choose
from core.thresholds.point import Costs
from core.thresholds.sweep import at, sweep
from tests.thresholds.run_folder import scores

REFERENCE = {
    "auc": lambda y, s, c: metrics.roc_auc_score(y, s),
    "ap": lambda y, s, c: metrics.average_precision_score(y, s),
    "accuracy": lambda y, s, c: metrics.accuracy_score(y, c),
    "balanced_accuracy": lambda y, s, c: metrics.balanced_accuracy_score(y, c),
    "precision": lambda y, s, c: metrics.precision_score(y, c),
    "recall": lambda y, s, c: metrics.recall_score(y, c),
    "f1": lambda y, s, c: metrics.f1_score(y, c),
    "macro_f1": lambda y, s, c: metrics.f1_score(y, c, average="macro"),
    "mcc": lambda y, s, c: metrics.matthews_corrcoef(y, c),
}


def test_each_draw_is_what_resampling_the_groups_gives() -> None:
    table = scores(90, 3)
    y, s = table["label"].to_numpy(), np.round(table["score"].to_numpy(), 2)
    codes = table["group"].astype("category").cat.codes.to_numpy()
    drawn = replicates(y, s, table["group"], list(REFERENCE), threshold=0.5, n=40, seed=9)
    random = np.random.default_rng(9)
    names = codes[np.sort(np.unique(codes, return_index=True)[1])]  # in order of appearance
    for k in range(40):
        picked = random.integers(0, len(names), len(names), dtype=np.int32)
        rows = np.concatenate([np.flatnonzero(codes == names[g]) for g in picked])
        for name, reference in REFERENCE.items():
            expected = reference(y[rows], s[rows], s[rows] >= 0.5)
            assert drawn[name][k] == pytest.approx(expected, abs=1e-9), name


@pytest.mark.parametrize("figure", FIGURES)
def test_every_figure_lies_in_its_interval(figure: str) -> None:
    table = scores(800, 1)
    y, s = table["label"].to_numpy(), table["score"].to_numpy()
    low, high = bootstrap(y, s, table["group"], [figure], 0.5, n=300)[figure]
    assert low < value(y, s, figure, 0.5) < high
    again = bootstrap(y, s, table["group"], [figure], 0.5, n=300)[figure]
    assert again == (low, high)  # same seed, same interval


def test_values_equal_the_point() -> None:
    table = scores(300, 2)
    y, s = table["label"].to_numpy(), table["score"].to_numpy()
    point = at(sweep(y, s), 0.4)
    for name in set(intervals.AT_THRESHOLD) & set(vars(point)):
        assert value(y, s, name, 0.4) == pytest.approx(getattr(point, name)), name


def test_groups_that_repeat_a_sample_widen_the_interval() -> None:
    table = scores(200, 4)
    y, s = np.repeat(table["label"], 8), np.repeat(table["score"], 8)
    groups = np.repeat(np.arange(200), 8)
    alone = bootstrap(y, s, None, ["accuracy"], 0.5, n=300)["accuracy"]
    together = bootstrap(y, s, groups, ["accuracy"], 0.5, n=300)["accuracy"]
    assert together[1] - together[0] > 2 * (alone[1] - alone[0])


def test_samples_without_a_group_stand_alone() -> None:
    table = scores(300, 5)
    y, s = table["label"].to_numpy(), table["score"].to_numpy()
    empty = bootstrap(y, s, [None] * 300, ["accuracy"], 0.5, n=200)["accuracy"]
    assert empty == bootstrap(y, s, None, ["accuracy"], 0.5, n=200)["accuracy"]


def test_along_several_thresholds_equals_one_by_one() -> None:
    table = scores(250, 6)
    y, s = table["label"].to_numpy(), table["score"].to_numpy()
    lines = [0.8, None, 0.2, 0.5, -1.0]
    together = along(y, s, table["group"], lines, n=60)
    for line, found in zip(lines, together, strict=True):
        alone = bootstrap(y, s, table["group"], tuple(intervals.AT_THRESHOLD), line, n=60)
        assert set(found) == set(alone)
        for name, ends in found.items():
            assert ends == pytest.approx(alone[name])


def test_the_chosen_threshold_has_an_interval_of_its_own() -> None:
    table = scores(900, 7)
    y, s = table["label"].to_numpy(), table["score"].to_numpy()
    found = threshold_intervals(y, s, table["group"], ["balanced_accuracy", "recall=0.8"], n=100)
    chosen = choose(sweep(y, s), "recall=0.8").threshold
    assert chosen is not None
    assert found["recall=0.8"][0] <= chosen <= found["recall=0.8"][1]
    assert found["balanced_accuracy"][0] < found["balanced_accuracy"][1]


def test_a_difference_is_paired() -> None:
    table = scores(600, 8)
    y, good = table["label"].to_numpy(), table["score"].to_numpy()
    noise = np.random.default_rng(0).normal(size=600)
    same = difference(y, good, good, table["group"], n=50)
    assert same["auc"][0] == 0
    assert -0.05 < same["auc"][1] < 0 < same["auc"][2] < 0.05  # how they differ elsewhere nobody knows
    worse = difference(y, good, good + noise, table["group"], ("auc", "accuracy"), (0.5, 0.5), n=200)
    assert worse["auc"][1] > 0
    assert worse["auc"][1] <= worse["auc"][0] <= worse["auc"][2]


def test_many_samples_are_resampled_over_bins(monkeypatch: pytest.MonkeyPatch) -> None:
    table = scores(6000, 9)
    y, s = table["label"].to_numpy(), table["score"].to_numpy()
    exact = bootstrap(y, s, None, ["auc", "eer"], n=400)
    monkeypatch.setattr(resampling, "FINE", 1000)
    monkeypatch.setattr(resampling, "BINS", 500)
    binned = bootstrap(y, s, None, ["auc", "eer"], n=400)
    for name in exact:
        np.testing.assert_allclose(binned[name], exact[name], atol=4e-3)


def test_a_draw_that_loses_a_class_is_left_out() -> None:
    found = bootstrap(np.array([0, 1]), np.array([0.1, 0.9]), None, ["auc", "recall"], 0.5, n=50)
    assert found["auc"][0] < 0.5  # of two samples
    assert found["auc"][1] == 1


def test_refusals() -> None:
    with pytest.raises(BadInput, match="unknown figure 'magic'; known are auc"):
        bootstrap(np.array([0, 1]), np.array([0.1, 0.9]), None, ["magic"])
    with pytest.raises(BadInput, match="3 groups do not fit 2 scores"):
        bootstrap(np.array([0, 1]), np.array([0.1, 0.9]), ["a", "b", "c"], ["auc"])


def test_cautions() -> None:
    few = cautions.about_scores(sweep(np.array([0, 1, 1]), np.array([0.9, 0.1, 0.2])))
    assert any("There are only 1 real and 2 fake samples: with fewer than 30" in line for line in few)
    one = cautions.about_scores(sweep(np.array([0] + 30 * [1]), np.linspace(0, 1, 31)))
    assert any("There is only 1 real sample: with fewer than 30" in line for line in one)
    assert not any("low scores mean fake" in line for line in few), "two fakes under one real may be chance"
    constant = cautions.about_scores(sweep(np.array([0, 1]), np.array([0.5, 0.5])))
    assert any("no threshold separates" in line for line in constant)
    table = scores(900, 1)
    fine = sweep(table["label"].to_numpy(), table["score"].to_numpy())
    assert cautions.about_scores(fine) == []
    assert any("larger class" in line for line in cautions.about_point(at(fine, None)))
    assert cautions.about_point(choose(fine, "macro_f1")) == []
    apart = cautions.about_transfer("f1", {"recall": (0.1, 0.2)}, {"recall": (0.3, 0.4)}, "val", "test")
    assert apart == [
        "Best F1: the intervals of recall on test do not meet those on validation, so the threshold may not carry over."
    ]
    assert cautions.about_transfer("f1", {"recall": (0.1, 0.3)}, {"recall": (0.3, 0.4)}, "val", "test") == []


@given(
    st.tuples(*[st.integers(0, 60)] * 4),
    st.floats(0.01, 50),
    st.floats(0, 50),
    st.none() | st.floats(0.001, 0.999),
)
@example((6, 3, 26, 2), 34.0, 7.0, None)
def test_a_point_and_its_interval_have_one_cost_to_the_last_bit(
    counts: tuple[int, int, int, int], by_fp: float, by_fn: float, prevalence: float | None
) -> None:
    """Otherwise the end of an interval that is its figure may lie a rounding beside it."""
    tp, fp, tn, fn = counts
    costs = Costs(by_fp, by_fn, prevalence)
    alone = costs.per_thousand(tp, fp, fn, tn)
    together = float(cost([costs], *(np.array([n]) for n in counts))[0])
    assert together == alone or (alone is None and np.isnan(together))
