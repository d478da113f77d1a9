"""The field's measures against their definitions, computed here by walking over every threshold in the field's own way:
high scores for bona fide, a miss for a bona fide that is rejected."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from core.errors import BadInput
from core.thresholds.field_measures import cost_model, measure
from core.thresholds.sweep import sweep

MISS, ALARM, SPOOF = 1.0, 10.0, 0.05


def trials(seed: int, n: int = 300, decimals: int = 2) -> tuple[np.ndarray, np.ndarray]:
    """Bona-fide scores as the field writes them, and whether each trial is bona fide."""
    random = np.random.default_rng(seed)
    bona = random.random(n) < 0.3
    return np.round(random.normal(size=n) * 2 + 3 * bona - 1, decimals), bona


def error_rates(scores: np.ndarray, bona: np.ndarray, line: float) -> tuple[float, float]:
    """Bona fide under the line is missed, spoof from the line up a false alarm."""
    return float(np.mean(scores[bona] < line)), float(np.mean(scores[~bona] >= line))


def dcf(miss: float, alarm: float) -> float:
    return (MISS * (1 - SPOOF) * miss + ALARM * SPOOF * alarm) / min(MISS * (1 - SPOOF), ALARM * SPOOF)


@pytest.mark.parametrize("seed", range(6))
def test_dcf_and_cllr_follow_their_definitions(seed: int) -> None:
    scores, bona = trials(seed)
    found = measure((~bona).astype(int), -scores)
    lines = [-math.inf, *np.unique(scores), math.inf]
    assert found.mindcf == pytest.approx(min(dcf(*error_rates(scores, bona, line)) for line in lines))
    bayes = -math.log(MISS * (1 - SPOOF) / (ALARM * SPOOF))
    assert found.actdcf == pytest.approx(dcf(*error_rates(scores, bona, bayes)))
    bits = np.log2(1 + np.exp(-scores[bona])).mean() + np.log2(1 + np.exp(scores[~bona])).mean()
    assert found.cllr == pytest.approx(bits / 2)
    assert found.scores_read_as == "log likelihood ratio"


@pytest.mark.parametrize("seed", range(6))
def test_recall_at_low_false_alarm_rates_and_partial_area(seed: int) -> None:
    scores, bona = trials(seed, 4_000, 6)
    labels = (~bona).astype(int)
    found = measure(labels, -scores)
    for rate in (0.01, 0.001):
        held = [
            np.mean(-scores[~bona] >= line)
            for line in [*np.unique(-scores)[::7], *-scores[bona]]
            if np.mean(-scores[bona] >= line) <= rate
        ]
        assert found.tpr_at_fpr[f"{rate:g}"] >= max(held, default=0.0)
        best = max(np.mean(-scores[~bona] > s) for s in -scores[bona] if np.mean(-scores[bona] > s) <= rate)
        assert found.tpr_at_fpr[f"{rate:g}"] == pytest.approx(best)
    from sklearn.metrics import roc_auc_score

    assert found.partial_auc == pytest.approx(roc_auc_score(labels, -scores, max_fpr=0.1))


def test_probabilities_are_read_by_their_logit() -> None:
    scores, bona = trials(3)
    labels = (~bona).astype(int)
    ratio = measure(labels, -scores)
    share = measure(labels, 1 / (1 + np.exp(scores)))
    assert share.scores_read_as == "probability"
    for name in ("mindcf", "actdcf", "cllr"):
        assert getattr(share, name) == pytest.approx(getattr(ratio, name), rel=1e-6)
    assert share.actdcf_threshold == pytest.approx(0.95 / (0.95 + 0.5))


def test_the_tandem_cost_of_a_verification_and_a_detector() -> None:
    """ASVspoof 2019, with its own cost model, by walking over every threshold."""
    scores, bona = trials(1)
    random = np.random.default_rng(0)
    asv = pd.DataFrame(
        {
            "key": np.repeat(["target", "nontarget", "spoof"], 400),
            "score": np.r_[random.normal(3, 1, 400), random.normal(0, 1, 400), random.normal(2, 1, 400)],
        }
    )
    sides = {key: part.to_numpy() for key, part in asv.groupby("key")["score"]}
    line = min(
        np.unique(np.r_[sides["target"], sides["nontarget"]]),
        key=lambda t: (abs(np.mean(sides["target"] < t) - np.mean(sides["nontarget"] >= t)), t),
    )
    miss, alarm = np.mean(sides["target"] < line), np.mean(sides["nontarget"] >= line)
    c1 = 0.9405 * (1 - miss) - 0.0095 * 10 * alarm
    c2 = 10 * 0.05 * np.mean(sides["spoof"] >= line)
    lines = [-math.inf, *np.unique(scores), math.inf]
    rates = [error_rates(scores, bona, t) for t in lines]
    expected = min(c1 * m + c2 * a for m, a in rates) / min(c1, c2)
    assert measure((~bona).astype(int), -scores, asv=asv).mintdcf == pytest.approx(expected)
    with pytest.raises(BadInput, match="no spoof trial"):
        measure((~bona).astype(int), -scores, asv=asv[asv["key"] != "spoof"])


@pytest.mark.parametrize("shape", ["overlap", "separable", "constant", "tiny", "groups"])
def test_every_measure_lies_in_an_interval_with_a_width(shape: str) -> None:
    scores, bona = trials(5, {"tiny": 12}.get(shape, 200))
    labels = (~bona).astype(int)
    score = {"separable": labels * 1.0, "constant": 0.0 * labels}.get(shape, -scores)
    groups = np.arange(len(labels)) // 4 if shape == "groups" else None
    found = measure(labels, score, groups, draws=60)
    values = {name: getattr(found, name) for name in ("mindcf", "actdcf", "cllr", "partial_auc")}
    ends = dict(found.intervals)
    for name, pair in ends.pop("tpr_at_fpr").items():
        values[name], ends[name] = found.tpr_at_fpr[name], pair
    assert set(values) == set(ends)
    for name, (low, high) in ends.items():
        assert low <= values[name] <= high, name
        assert low < high, name


def test_many_scores_are_counted_over_bins_that_keep_low_rates(monkeypatch: pytest.MonkeyPatch) -> None:
    from core.thresholds import resampling

    scores, bona = trials(8, 20_000, 9)
    labels = (~bona).astype(int)
    exact = measure(labels, -scores, draws=60).intervals
    monkeypatch.setattr(resampling, "BINS", 2_000)
    binned = measure(labels, -scores, draws=60).intervals
    for name in ("0.01", "0.001"):
        np.testing.assert_allclose(binned["tpr_at_fpr"][name], exact["tpr_at_fpr"][name], atol=0.01)
    np.testing.assert_allclose(binned["mindcf"], exact["mindcf"], atol=0.01)


def test_the_cost_model_is_stated_and_can_be_another() -> None:
    scores, bona = trials(2)
    labels = (~bona).astype(int)
    other = measure(labels, -scores, costs=cost_model("2:1@0.5"))
    found = sweep(labels, -scores)
    fpr, fnr = np.append(found.fp, 0) / found.negatives, 1 - np.append(found.tp, 0) / found.positives
    assert other.mindcf == pytest.approx(np.min(2 * fpr + fnr))
    assert other.to_dict()["dcf_costs"] == {"miss": 2, "false_alarm": 1, "spoof_prior": 0.5}
    for words in ("1:10", "0:1@0.5", "1:1@0", "much"):
        with pytest.raises(BadInput):
            cost_model(words)
