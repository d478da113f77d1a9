"""The field's measures against their definitions, computed here by walking over every threshold in the field's own way:
high scores for bona fide, a miss for a bona fide that is rejected."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from core.errors import BadInput
from core.thresholds.spoofing_measures import cost_model, measure
from core.thresholds.sweep import sweep
from core.thresholds.t_dcf import verification_line

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


def det_curve(targets: np.ndarray, nontargets: np.ndarray) -> tuple[list[float], list[float], list[float]]:
    """False rejections, false acceptances and thresholds as the organisers' script has them: trial by trial from the
    lowest score, targets first among equals, the first threshold a little under all."""
    trials = sorted([(s, 0) for s in targets.tolist()] + [(s, 1) for s in nontargets.tolist()])
    frr, far, lines = [0.0], [1.0], [trials[0][0] - 0.001]
    rejected = [0, 0]
    for score, side in trials:
        rejected[side] += 1
        frr.append(rejected[0] / len(targets))
        far.append((len(nontargets) - rejected[1]) / len(nontargets))
        lines.append(score)
    return frr, far, lines


def published_t_dcf(bona: np.ndarray, spoof: np.ndarray, asv: dict[str, np.ndarray]) -> tuple[float, float]:
    """min t-DCF of the ASVspoof 2019 evaluation plan, and of the plan of 2021, which counts C0 in."""
    frr, far, lines = det_curve(asv["target"], asv["nontarget"])
    line = lines[min(range(len(lines)), key=lambda k: abs(frr[k] - far[k]))]
    miss, alarm = np.mean(asv["target"] < line), np.mean(asv["nontarget"] >= line)
    passes = 1 - np.mean(asv["spoof"] < line)
    c0 = 0.9405 * 1 * miss + 0.0095 * 10 * alarm
    c1 = 0.9405 * (1 - 1 * miss) - 0.0095 * 10 * alarm
    c2 = 10 * 0.05 * passes
    costs = [c1 * m + c2 * a for m, a in zip(*det_curve(bona, spoof)[:2], strict=True)]
    least = min(c1, c2)
    return float(min(costs) / least), float(min(c0 + cost for cost in costs) / (c0 + least))


@pytest.mark.parametrize("decimals", [0, 1, 6])
@pytest.mark.parametrize(("trials_asv", "trials_cm"), [(12, 40), (500, 500), (1_200, 4_000)])
def test_the_t_dcf_is_that_of_the_published_script(trials_asv: int, trials_cm: int, decimals: int) -> None:
    """Few trials and many, with ties and without, of both classes within one tie too."""
    for seed in range(8):
        scores, bona = trials(seed, trials_cm, decimals)
        random = np.random.default_rng(seed)
        sizes = {"target": trials_asv // 5, "nontarget": trials_asv - trials_asv // 5, "spoof": trials_asv}
        middle = {"target": 2.5, "nontarget": 0, "spoof": 1.5}
        sides = {
            key: np.round(random.normal(middle[key], 1, size), decimals) + 2.0 for key, size in sizes.items()
        }
        keys = np.repeat(list(sizes), list(sizes.values()))
        asv = pd.DataFrame({"key": keys, "score": np.concatenate(list(sides.values()))})
        found = measure((~bona).astype(int), -scores, asv=asv)
        expected = published_t_dcf(scores[bona], scores[~bona], sides)
        assert (found.mintdcf, found.mintdcf_2021) == pytest.approx(expected, abs=1e-9), seed


def test_the_verification_of_the_drawn_example_accepts_the_trial_it_stopped_at() -> None:
    assert verification_line(np.array([3.0, 5]), np.array([1.0, 2, 4])) == 3


def test_a_verification_without_spoof_gives_no_t_dcf() -> None:
    scores, bona = trials(1)
    asv = pd.DataFrame({"key": ["target", "nontarget"], "score": [1.0, 0.0]})
    with pytest.raises(BadInput, match="no spoof trial"):
        measure((~bona).astype(int), -scores, asv=asv)


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


@pytest.mark.parametrize("count", [12, 40, 400])
def test_no_lowest_cost_is_said_to_be_higher_than_that_of_a_fixed_answer(count: int) -> None:
    """Scores that say nothing, few and many: always calling real costs 1, and is one of the thresholds."""
    for seed in range(4):
        scores, bona = trials(seed, count)
        labels = (~bona).astype(int)
        noise = np.random.default_rng(seed).normal(size=len(labels))
        for score in (noise, -scores, 0 * noise):
            low, high = measure(labels, score, draws=60).intervals["mindcf"]
            assert 0 <= low < high <= 1


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
