"""The small table that is drawn, the hull, the band, the breakdown and the samples, against plain loops."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest

from core import numbers
from core.errors import BadInput
from core.thresholds import band, breakdown, table
from core.thresholds.curve_table import FIGURES, curve_table
from core.thresholds.hull import hull
from core.thresholds.methods import choose
from core.thresholds.own_scale import TURNED
from core.thresholds.point import Costs
from core.thresholds.samples_near_line import Ranked
from core.thresholds.scored import Scored
from core.thresholds.summary import Side, summary
from core.thresholds.sweep import Sweep, at, sweep
from tests.thresholds.run_folder import scores

SHAPES = {
    "noise": lambda r, y: r.random(len(y)),
    "overlap": lambda r, y: r.normal(size=len(y)) + y,
    "apart": lambda r, y: r.normal(size=len(y)) + 4 * y,
    "turned": lambda r, y: r.normal(size=len(y)) - y,
    "few values": lambda r, y: np.round(r.random(len(y)) / 2 + y / 2, 1),
    "at the ends": lambda r, y: np.clip(r.normal(size=len(y)) * 3 + 6 * y - 3, -4, 4),
}


def drawn(name: str, n: int) -> Sweep:
    random = np.random.default_rng(n)
    labels = (random.random(n) < 0.2).astype(int)
    labels[:2] = [0, 1]
    return sweep(labels, SHAPES[name](random, labels))


@pytest.mark.parametrize("name", SHAPES)
@pytest.mark.parametrize("n", [2, 300, 60_000])
def test_a_few_hundred_rows_keep_the_area_and_every_count(name: str, n: int) -> None:
    full = drawn(name, n)
    kept = table.rows(full)
    assert len(kept) <= table.ROWS
    assert np.all(np.diff(kept) > 0)
    small = Sweep(full.thresholds[kept], full.tp[kept], full.fp[kept], full.positives, full.negatives)
    assert small.auc == pytest.approx(full.auc, abs=1e-4)
    assert (small.tp[0], small.fp[0]) == (full.positives, full.negatives)
    tp, fp = table.counts(full, small.thresholds)
    np.testing.assert_array_equal(tp, small.tp)
    np.testing.assert_array_equal(fp, small.fp)


@pytest.mark.parametrize("name", SHAPES)
def test_the_hull_holds_the_optimum_of_any_costs(name: str) -> None:
    full = drawn(name, 60_000)
    corners = set(hull(full).tolist())
    assert corners <= set(table.rows(full).tolist())
    random = np.random.default_rng(0)
    for _ in range(40):
        a, b = np.round(10 ** random.uniform(-2, 2, 2), 3)
        point = choose(full, f"cost={a}:{b}")
        cheapest = min(at(full, float(full.thresholds[c]), costs=Costs(a, b)).cost or 0 for c in corners)
        assert point.threshold is None or point.cost == pytest.approx(cheapest, rel=1e-12)


def test_histogram_counts_every_sample_once() -> None:
    for name in SHAPES:
        full = drawn(name, 5000)
        edges, real, fake = table.histogram(full)
        assert (real.sum(), fake.sum()) == (full.negatives, full.positives)
        assert len(edges) == len(real) + 1


@pytest.mark.parametrize("error", [0.0, 0.05, 0.2, 0.5])
def test_the_band_is_the_narrowest_that_holds_the_target(error: float) -> None:
    for seed in range(60):
        random = np.random.default_rng(seed)
        y = random.integers(0, 2, 40)
        y[:2] = [0, 1]
        s = random.integers(0, 20, 40) + 6 * y
        full = sweep(y, s)
        line = choose(full, "macro_f1").threshold
        found = band.band(full, line, error)
        distinct = sorted(set(s.tolist()))
        start = np.inf if line is None else line
        highs = [t for t in distinct if t >= start and np.mean(y[s >= t] == 0) <= error]
        lows = [t for t in distinct if t <= start and (s < t).any() and np.mean(y[s < t] == 1) <= error]
        assert found.high == (highs[0] if highs else None)
        if lows and line is not None:
            assert found.low == lows[-1]
        high, low = np.inf if found.high is None else found.high, found.low
        unsure = (s < high) & (s >= (np.inf if low is None else low))
        assert found.queue == pytest.approx(unsure.mean())


def test_a_band_that_is_never_sure_leaves_every_score_to_people() -> None:
    noise = sweep(np.array([0, 1] * 50), np.tile([0.25, 0.75, 0.75, 0.25], 25))
    low, high = band.finite(noise, band.band(noise, 0.5, 0.01))
    assert low <= 0
    assert high > 1
    apart = sweep(np.array([0, 1] * 50), np.tile([0.25, 0.75], 50))
    assert band.finite(apart, band.band(apart, 0.75, 0.01)) == (0.75, 0.75)


def test_the_band_refuses_a_target_that_is_no_share() -> None:
    with pytest.raises(BadInput, match="target error"):
        band.band(drawn("overlap", 300), 0.5, 1.0)


@pytest.mark.parametrize("key", ["method", "group", "dataset", "modality"])
@pytest.mark.parametrize("threshold", [0.5, None, 0.0])
def test_breakdown_equals_a_loop(key: str, threshold: float | None) -> None:
    frame = scores(300, 1)
    rows = breakdown.breakdown(frame, threshold, key).set_index(key)
    assert rows["n"].sum() == 300
    for name, part in frame.groupby(frame[key].replace("", breakdown.NOBODY)):
        called = part["score"] >= (np.inf if threshold is None else threshold)
        row = rows.loc[name]
        assert row["fp"] == int((called & (part["label"] == 0)).sum())
        assert row["fn"] == int((~called & (part["label"] == 1)).sum())
        assert np.isnan(row["recall"]) == bool((part["label"] == 0).all())


def test_breakdown_refuses_an_absent_key() -> None:
    with pytest.raises(BadInput, match="no column identity"):
        breakdown.breakdown(scores(10, 1), 0.5, "identity")
    assert Scored(scores(100, 1)).keys == ["method", "group"]


def test_wilson_holds_at_the_ends() -> None:
    assert breakdown.wilson(0, 10)[0] == 0
    assert breakdown.wilson(10, 10)[1] == 1
    assert breakdown.wilson(81, 263) == pytest.approx((0.2553, 0.3662), abs=1e-4)  # Newcombe 1998


@pytest.mark.parametrize("threshold", [0.5, None, -1.0, 2.0])
def test_samples_next_to_the_line_and_the_worst(threshold: float | None) -> None:
    frame = scores(200, 2)
    line = np.inf if threshold is None else threshold
    ranked = Ranked(frame)
    under, above = ranked.next_to(threshold, 4)
    assert under["score"].tolist() == sorted(frame["score"][frame["score"] < line], reverse=True)[:4]
    assert above["score"].tolist() == sorted(frame["score"][frame["score"] >= line])[:4]
    alarms, missed = ranked.worst(threshold, 4)
    reals, fakes = frame[frame["label"] == 0]["score"], frame[frame["label"] == 1]["score"]
    assert alarms["score"].tolist() == sorted(reals[reals >= line], reverse=True)[:4]
    assert missed["score"].tolist() == sorted(fakes[fakes < line])[:4]


def test_the_table_for_a_spreadsheet_ends_with_nothing_called_fake() -> None:
    frame = scores(300, 4)
    full = Scored(frame).sweep
    rows = curve_table(Scored(frame))
    assert len(rows) == len(full.thresholds) + 1
    assert rows.iloc[0][["tp", "fp"]].tolist() == [full.positives, full.negatives]
    assert np.isnan(rows.iloc[-1]["threshold"])
    for name in FIGURES:
        known = rows[rows[name].notna()]
        assert (known[f"{name}_low"] <= known[name]).all(), name
        assert (known[name] <= known[f"{name}_high"]).all(), name
        assert (known[f"{name}_low"] < known[f"{name}_high"]).all(), name


def test_scores_that_are_low_for_fakes_are_written_as_their_file_has_them() -> None:
    frame = scores(300, 4)
    frame.attrs[TURNED] = True
    line = 0.4
    own = -frame["score"]  # what stands in the file
    for row in curve_table(Scored(frame)).dropna(subset="threshold").itertuples():
        called = own <= row.threshold
        assert (row.tp, row.fp) == (
            int(frame["label"][called].sum()),
            int((1 - frame["label"][called]).sum()),
        )
    point = at(Scored(frame).sweep, line)
    side = Side("all", Scored(frame).sweep, point, band.band(Scored(frame).sweep, line, 0.05))
    page = summary("run", "fpr=0.01", "all", [side], "all", [point], [], turned=True)
    assert "its score is <b>at most −0.4</b> (False alarms at most 1 %)" in page
    assert "Uncertain from over −" in page
    assert "<td>−0.4</td>" in page


def test_the_summary_is_one_page_without_a_network_and_escapes() -> None:
    full = drawn("overlap", 300)
    point = choose(full, "f1")
    sides = [Side("validation", full, point)]
    page = summary("<b>run</b>", "f1", "validation", sides, "validation", [point], ["<script>"])
    assert "<b>run</b>" not in page
    assert "<script>" not in page
    assert "http" not in page
    assert f"{point.tp:,}" in page


def test_the_summary_says_costs_band_and_on_what_methods_are_compared() -> None:
    full = drawn("overlap", 300)
    point = choose(full, "cost=1:5@0.02")
    side = Side("test", full, point, band.band(full, point.threshold, 0.1), {"cost": (0.5, 2345.6)})
    page = summary("run", "cost", "validation", [side], "validation", [at(full, 0.5)], [])
    assert "A false alarm costs 1, a missed fake 5; prevalence of fakes: 2 %" in page
    assert "are left to a person" in page
    assert "Rules compared, on validation" in page
    assert numbers.interval(point.cost, 0.5, 2345.6) in page
    assert not re.search(r"\de\+\d", page)
    nothing = summary("run", "f1", "validation", [Side("test", full, at(full, None))], "test", [point], [])
    assert "Nothing is called fake" in nothing


def test_scores_may_lie_as_far_apart_as_numbers_go() -> None:
    full = sweep(np.array([0, 1, 0, 1]), np.array([-1.7e308, 1.7e308, -1e308, 1e308]))
    edges, real, fake = table.histogram(full)
    assert np.isfinite(edges).all()
    assert (edges[0], edges[-1]) == (-1.7e308, 1.7e308)
    assert (real.sum(), fake.sum()) == (2, 2)
    same = table.histogram(sweep(np.array([0, 1]), np.array([1e15, 1e15])))
    assert (same[1].sum(), same[2].sum()) == (1, 1)


def test_keys_are_made_once_for_empty_and_missing_values() -> None:
    frame = pd.DataFrame({"label": [0, 1, 1], "score": [0.1, 0.2, 0.3], "method": [None, "", "swap"]})
    assert list(breakdown.group_by_key(frame, "method")) == ["–", "–", "swap"]
