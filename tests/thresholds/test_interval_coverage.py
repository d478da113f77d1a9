"""Every interval holds its figure and has a width, whatever the scores; and holds the truth as often as it says."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from core.thresholds import proportions
from core.thresholds.analysis import analyse
from core.thresholds.at_threshold import AT_THRESHOLD, figure_ends
from core.thresholds.breakdown import breakdown
from core.thresholds.intervals import (
    FIGURES,
    RANKING,
    along,
    bootstrap,
    difference,
    threshold_intervals,
    value,
)
from core.thresholds.point import Costs
from core.thresholds.sweep import sweep
from core.training.scoring.evaluation.figures import breakdown as slices
from core.training.scoring.evaluation.figures import measure

WORDS = ("macro_f1", "eer", "precision=0.9", "fpr=0.01", "cost=1:5@0.02", "cost=1:1")


@st.composite
def tables(draw: st.DrawFn) -> pd.DataFrame:
    """Skewed, tied, tiny and separable score tables, in groups and without, of both classes."""
    fakes, reals = draw(st.integers(1, 40)), draw(st.sampled_from([1, 2, 5, 25, 200]))
    random = np.random.default_rng(draw(st.integers(0, 2**16)))
    label = np.r_[np.ones(fakes, np.int8), np.zeros(reals, np.int8)]
    shift = draw(st.sampled_from([0.0, 1.0, 2.5, 50.0, -50.0]))
    score = random.normal(size=len(label)) + shift * label
    scale = draw(st.sampled_from(["any", "tied", "crowded", "constant", "far"]))
    score = {
        "any": score,
        "tied": np.round(score),
        "crowded": 1 - 1e-9 * score,
        "constant": 0 * score,
        "far": score * 1e150,
    }[scale]
    table = pd.DataFrame({"label": label, "score": score, "dataset": "d", "method": "", "modality": "image"})
    table.loc[table["label"] == 1, "method"] = random.choice(["a", "b"], fakes)
    groups = draw(st.sampled_from(["alone", "threes", "one", "by class"]))
    place = np.arange(len(label))
    table["probability"] = 1 / (1 + np.exp(-np.clip(table["score"], -50, 50)))
    table["group"] = {"alone": place, "threes": place // 3, "one": 0 * place, "by class": label}[groups]
    return table


def assert_held(figures: Mapping[str, float | None], ends: Mapping[str, tuple[float, float]]) -> None:
    for name, (low, high) in ends.items():
        here = figures.get(name)
        if here is not None:
            assert low <= here <= high, (name, low, here, high)
            assert low < high, (name, low, here, high)


@given(tables())
@settings(deadline=None, max_examples=40)
def test_every_interval_holds_its_figure_and_has_a_width(table: pd.DataFrame) -> None:
    y, s, groups = table["label"].to_numpy(), table["score"].to_numpy(), table["group"]
    lines = [0.5, None, *np.unique(s)[:: max(1, len(np.unique(s)) // 8)].tolist()]
    prices = [Costs(1, 5, 0.02) if k % 2 else Costs(2, 1) for k in range(len(lines))]
    for line, ends, price in zip(lines, along(y, s, groups, lines, n=20, costs=prices), prices, strict=True):
        figures: dict[str, float | None] = {name: value(y, s, name, line) for name in AT_THRESHOLD}
        called = np.zeros(len(y), bool) if line is None else s >= line
        tp, fp = int(np.sum(called & (y == 1))), int(np.sum(called & (y == 0)))
        figures["cost"] = price.per_thousand(tp, fp, int(y.sum()) - tp, int(np.sum(y == 0)) - fp)
        assert set(ends) == {name for name, here in figures.items() if here == here}
        assert_held(figures, ends)
    ranked = bootstrap(y, s, groups, RANKING, n=20)
    assert_held({name: value(y, s, name, None) for name in RANKING}, ranked)
    for word, (low, high) in threshold_intervals(y, s, groups, WORDS, n=10).items():
        assert low < high, word
    other = np.roll(s, 1)
    for name, (here, low, high) in difference(y, s, other, groups, FIGURES, (0.5, 0.5), n=20).items():
        assert low <= here <= high, name
        assert low < high, name


@given(tables())
@settings(deadline=None, max_examples=12)
def test_so_do_those_of_tables_that_leave_the_house(table: pd.DataFrame) -> None:
    line = float(np.median(table["score"]))
    found = measure(table, line, resamples=20, prevalence=0.05)
    assert set(found["intervals"]) >= {"brier", "log_loss", "ece", "precision_at_prevalence"}
    assert_held(found, found["intervals"])
    for rows in slices(table, line).values():
        for row in rows:
            assert_held(row, row["intervals"])
    for key in ("method", "group"):
        for slice_ in breakdown(table, line, key).to_dict("records"):
            for name in ("recall", "fpr", "error_rate"):
                if slice_[name] == slice_[name]:
                    assert slice_[f"{name}_low"] <= slice_[name] <= slice_[f"{name}_high"]
                    assert slice_[f"{name}_low"] < slice_[f"{name}_high"]
    document = analyse(table, None, WORDS, draws=20).to_dict()
    ends = document["intervals"]
    assert_held(document["tpr_at_fpr"], ends.pop("tpr_at_fpr"))
    assert_held(document | {"partial_auc": document["partial_auc"]["value"]}, ends)
    for point in document["points"]:
        assert_held(point, point["intervals"])


def test_rounding_puts_no_figure_beside_its_interval() -> None:
    """Matthews' coefficient of counts that are all wrong, or all right, is -1 or 1 to the last digit."""
    fakes, reals = (axis.ravel().astype(float) for axis in np.meshgrid(np.arange(1, 60), np.arange(1, 260)))
    none = 0 * fakes
    for counts, figure in (((none, reals, none, fakes), -1.0), ((fakes, none, reals, none), 1.0)):
        low, high = proportions.figure_intervals(counts, ["mcc"])["mcc"]
        assert (low <= figure).all() and (figure <= high).all() and (low < high).all()


def test_very_many_scores_have_them_at_every_point() -> None:
    random = np.random.default_rng(0)
    y = random.random(300_000) < 0.1
    found = sweep(y, random.normal(size=len(y)) + 2 * y)
    tp, fp = found.tp.astype(np.float64), found.fp.astype(np.float64)
    counts = tp, fp, found.negatives - fp, found.positives - tp
    for name, (low, high) in figure_ends(counts, tuple(AT_THRESHOLD)).items():
        here = AT_THRESHOLD[name](*counts)
        exists = here == here
        assert exists.mean() > 0.99, name
        assert np.all(low[exists] <= here[exists]), name
        assert np.all(here[exists] <= high[exists]), name
        assert np.all(low[exists] < high[exists]), name


@pytest.mark.parametrize(("hits", "of"), [(0, 25), (25, 25), (3, 7), (999, 1000), (17, 30)])
def test_a_share_has_wilsons_interval(hits: int, of: int) -> None:
    low, high = proportions.wilson(np.array(hits), np.array(of))
    reference = stats.binomtest(hits, of).proportion_ci(method="wilson")
    assert (low, high) == pytest.approx((reference.low, reference.high), abs=1e-12)


def test_a_perfect_auc_of_fifty_is_not_certain() -> None:
    y = np.r_[np.ones(25, int), np.zeros(25, int)]
    ends = bootstrap(y, y.astype(float), None, RANKING, n=200)
    assert 0.8 < ends["auc"][0] < 0.95
    assert 0.8 < ends["ap"][0] < 0.95
    assert 0.05 < ends["eer"][1] < 0.2


DRAWS = 2_000


@pytest.mark.parametrize("n", [30, 300, 3_000])
def test_the_true_rate_lies_within_as_often_as_it_says(n: int) -> None:
    """2,000 draws of n fakes and n reals, the true recall and false-positive rate of each drawn evenly from 0.02 to
    0.98: Wilson's interval of one rate alone holds it more or less often by where whole counts fall."""
    random = np.random.default_rng(n)
    hit, alarm = random.uniform(0.02, 0.98, (2, DRAWS))
    tp, fp = random.binomial(n, hit).astype(np.float64), random.binomial(n, alarm).astype(np.float64)
    ends = figure_ends((tp, fp, n - fp, n - tp), tuple(AT_THRESHOLD))
    for name in ("recall", "fnr", "fpr", "specificity"):
        truth = AT_THRESHOLD[name](hit, alarm, 1 - alarm, 1 - hit)
        assert 0.93 <= np.mean((ends[name][0] <= truth) & (truth <= ends[name][1])) <= 0.97, name


@pytest.mark.parametrize("n", [30, 300, 3_000])
def test_so_do_the_figures_that_follow_from_the_rates(n: int) -> None:
    """2,000 draws of 2 n samples from four shares that are drawn evenly: fake or real, called fake or real."""
    random = np.random.default_rng(n)
    true = random.dirichlet([2, 2, 2, 2], DRAWS)
    ends = figure_ends(random.multinomial(2 * n, true).T.astype(np.float64), tuple(AT_THRESHOLD))
    for name in AT_THRESHOLD:
        truth = AT_THRESHOLD[name](*true.T)
        assert 0.93 <= np.mean((ends[name][0] <= truth) & (truth <= ends[name][1])) <= 0.97, name


@pytest.mark.long
@pytest.mark.parametrize("n", [30, 300, 3_000])
@pytest.mark.parametrize("uneven", [False, True])
def test_so_it_does_where_samples_hang_together(n: int, uneven: bool) -> None:
    """2,000 draws of n people with three fakes each, or with one to eight, each found out more or less as a person: the
    same rate, less known. The true rate is drawn evenly from 0.05 to 0.95."""
    random = np.random.default_rng(n)
    within = []
    for _ in range(DRAWS):
        rate = random.uniform(0.05, 0.95)
        size = random.integers(1, 9, n) if uneven else np.full(n, 3)
        found = random.random(size.sum()) < random.beta(4 * rate, 4 * (1 - rate), n).repeat(size)
        s, y = np.r_[found, [False]].astype(float), np.r_[np.ones(len(found), int), 0]
        group = np.r_[np.arange(n).repeat(size), n]
        low, high = along(y, s, group, [0.5], ["recall"], n=50)[0]["recall"]
        within.append(low <= rate <= high)
    assert 0.93 <= np.mean(within) <= 0.97
