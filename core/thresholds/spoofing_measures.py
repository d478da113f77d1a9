"""The field's measures of spoofing detectors: minDCF, actDCF, Cllr, t-DCF, recall at low false-alarm rates, partial AUC.

The speech community scores high for bona fide; here fakes score high and fake is the positive class. So its miss (bona
fide rejected) is our false positive, its false alarm (spoof accepted) our false negative, and an error costs

    DCF(t) = [ Cmiss (1 - Pspoof) FPR(t) + Cfa Pspoof FNR(t) ] / min(Cmiss (1 - Pspoof), Cfa Pspoof)

with Cmiss 1, Cfa 10 and Pspoof 0.05 as ASVspoof 5 has them. actDCF and Cllr take a score for what it claims to be:
scores within 0 and 1 for the probability of fake among as many fakes as reals, whose logit is the logarithm of the
likelihood ratio, all others for that logarithm itself (natural; high for fake). A detector that is not calibrated pays.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd

from core.errors import BadInput
from core.thresholds import methods, proportions, ranking
from core.thresholds.calibration import logits, sigmoid
from core.thresholds.intervals import Interval, along, resample_figures, widen_to_hold
from core.thresholds.point import Costs
from core.thresholds.resampling import Groups, Resampled
from core.thresholds.sweep import Sweep, at, sweep
from core.thresholds.t_dcf import TandemDetectionCost, t_dcf_costs

ASVSPOOF5 = Costs(1, 10, 0.05)
RATES = ranking.LOW_RATES
PARTIAL = ranking.PARTIAL


@dataclass(frozen=True)
class SpoofingMeasures:
    """`tpr_at_fpr` and `intervals` are keyed by their names in the command's document."""

    mindcf: float
    mindcf_threshold: float | None
    actdcf: float
    actdcf_threshold: float  # on the scale of the scores
    cllr: float  # bits
    tpr_at_fpr: dict[str, float]
    partial_auc: float
    cost_model: Costs
    scores_read_as: str  # probability | log likelihood ratio
    mintdcf: float | None = None  # of ASVspoof 2019
    mintdcf_2021: float | None = None
    asv_eer: float | None = None
    intervals: dict[str, Any] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        model = self.cost_model
        document = asdict(self)
        del document["cost_model"], document["intervals"]
        if self.mintdcf is None:
            del document["mintdcf"], document["mintdcf_2021"], document["asv_eer"]
        document["partial_auc"] = {"max_fpr": PARTIAL, "value": self.partial_auc}
        document["dcf_costs"] = {"miss": model.fp, "false_alarm": model.fn, "spoof_prior": model.prevalence}
        return document


def cost_model(words: str) -> Costs:
    """`1:10@0.05`: what a rejected real and an accepted fake cost, and the prior of fakes."""
    found = methods.parse(f"cost={words}").costs
    if found is None or found.prevalence is None or not 0 < found.prevalence < 1 or not found.fp * found.fn:
        raise BadInput(f"the cost model {words!r} must be MISS:FALSEALARM@PRIOR, all over 0, e.g. 1:10@0.05")
    return found


def measure(
    labels: np.ndarray,
    scores: np.ndarray,
    groups: Groups = None,
    *,
    costs: Costs = ASVSPOOF5,
    asv: pd.DataFrame | None = None,
    draws: int = 0,
    seed: int = 0,
    swept: Sweep | None = None,
    turned: bool = False,
) -> SpoofingMeasures:
    """All of them; with `draws` their 95 % intervals. `asv`: speaker-verification scores (`read_asv`) for the t-DCF."""
    swept = sweep(labels, scores) if swept is None else swept
    by_fp, by_fn, least = _weights(costs)
    cheapest = methods.choose(swept, f"cost={by_fp!r}:{by_fn!r}@0.5")
    ratios, read_as = log_ratios(np.asarray(scores), turned)
    line, called = _claim_of_fake(by_fp, by_fn)
    tandem = None if asv is None else t_dcf_costs(asv)
    found = SpoofingMeasures(
        mindcf=_dcf(cheapest.fpr, cheapest.fnr, costs),
        mindcf_threshold=cheapest.threshold,
        actdcf=_dcf(*_rates(np.asarray(labels), ratios >= called), costs),
        actdcf_threshold=_score_of(line, np.asarray(scores), read_as),
        cllr=cllr(np.asarray(labels), ratios)[0],
        tpr_at_fpr={f"{rate:g}": at(swept, _line_at(swept, rate)).recall or 0.0 for rate in RATES},
        partial_auc=swept.partial_auc(PARTIAL),
        cost_model=costs,
        scores_read_as=read_as,
        **({} if tandem is None else _tandem_figures(tandem, swept)),
    )
    if not draws:
        return found
    resampled = Resampled(labels, scores, groups, draws, seed)
    ends = _ranking_ends(found, swept, resampled, least, tandem)
    priced = along(labels, ratios, groups, [called], [], draws, seed, [Costs(by_fp, by_fn, 0.5)])[0]["cost"]
    low, high = (end / 500 / least for end in priced)
    ends["actdcf"] = min(low, found.actdcf), max(high, found.actdcf)
    ends["cllr"] = _cllr_ends(resampled, ratios)
    return replace(found, intervals=ends)


def _claim_of_fake(by_fp: float, by_fn: float) -> tuple[float, float]:
    """The ratio at which both errors cost the same, taken for real, and the next one above it, which claims a fake."""
    line = math.log(by_fp / by_fn)
    return line, float(np.nextafter(line, math.inf))


def _tandem_figures(tandem: TandemDetectionCost, swept: Sweep) -> dict[str, Any]:
    least = tandem.least(swept)
    return {
        "mintdcf": least,
        "mintdcf_2021": None if least is None else tandem.constrained(least),
        "asv_eer": tandem.eer,
    }


def _score_of(ratio: float, scores: np.ndarray, read_as: str) -> float:
    """The score that claims this log likelihood ratio."""
    if read_as != "probability":
        return ratio
    share = float(sigmoid(np.array(ratio)))
    return share if scores.min() >= 0 else share - 1


def _weights(costs: Costs) -> tuple[float, float, float]:
    """What a whole false-positive and false-negative rate cost, and the less of both: that of a fixed answer."""
    prior = ASVSPOOF5.prevalence if costs.prevalence is None else costs.prevalence
    weights = costs.fp * (1 - (prior or 0.0)), costs.fn * (prior or 0.0)
    return *weights, min(weights)


def _dcf(fpr: float | None, fnr: float | None, costs: Costs) -> float:
    by_fp, by_fn, least = _weights(costs)
    return (by_fp * (fpr or 0.0) + by_fn * (fnr or 0.0)) / least


def _rates(labels: np.ndarray, called: np.ndarray) -> tuple[float, float]:
    fake = labels == 1
    return float(np.mean(called[~fake])), float(np.mean(~called[fake]))


def _line_at(swept: Sweep, rate: float) -> float | None:
    return methods.choose(swept, f"fpr={rate!r}").threshold


def log_ratios(scores: np.ndarray, turned: bool = False) -> tuple[np.ndarray, str]:
    """The logarithm of how much likelier a score is for a fake than for a real, as the scores claim it. Where scores
    were negated because low means fake, a probability of real is one of fake again."""
    s = scores.astype(np.float64)
    if turned and s.min() >= -1 and s.max() <= 0:
        s = 1 + s
    if s.min() >= 0 and s.max() <= 1:
        return logits(s, "probability"), "probability"
    return s, "log likelihood ratio"


def cllr(labels: np.ndarray, ratios: np.ndarray) -> tuple[float, np.ndarray]:
    """The cost of log-likelihood ratios in bits (Brummer & du Preez 2006), and what each sample adds to it."""
    bits = np.logaddexp(0, np.where(labels == 1, -ratios, ratios)) / math.log(2)
    fake = labels == 1
    return float(bits[fake].mean() + bits[~fake].mean()) / 2, bits


def _cllr_ends(resampled: Resampled, ratios: np.ndarray) -> Interval:
    """From the spread of each class over groups. One more sample, the best or the worst there might be, is always
    possible, so that scores that are all the same have a width too."""
    value, bits = cllr(resampled.labels, ratios)
    worst = np.logaddexp(0, np.abs(ratios).max()) / math.log(2)
    variance, below, above = 0.0, 0.0, 0.0
    for side in (0, 1):
        mine = resampled.labels == side
        mean, count, groups = bits[mine].mean(), int(mine.sum()), resampled.groups_of(side)
        sums = np.bincount(resampled.group[mine], weights=bits[mine] - mean, minlength=resampled.groups)
        variance += float(sums @ sums) / count**2 * (groups / (groups - 1) if groups > 1 else 1) / 4
        below += mean / (groups + 1) / 2
        above += (worst - mean) / (groups + 1) / 2
    half = proportions.Z * math.sqrt(variance)
    return max(min(value - half, value - below), 0.0), max(value + half, value + above)


def _ranking_ends(
    found: SpoofingMeasures,
    swept: Sweep,
    resampled: Resampled,
    least: float,
    tandem: TandemDetectionCost | None,
) -> dict[str, Any]:
    by_fp, by_fn, _ = _weights(found.cost_model)
    figures = {"mindcf": ranking.least_cost(by_fp / least, by_fn / least)}
    figures |= {f"tpr {name}": ranking.recall_at(float(name)) for name in found.tpr_at_fpr}
    figures["partial_auc"] = ranking.partial_auc(PARTIAL)
    if tandem is not None:
        figures["mintdcf"] = ranking.least_cost(*tandem.shares)
    drawn = resample_figures(resampled, figures)
    fakes, reals = resampled.groups_of(1), resampled.groups_of(0)
    ends: dict[str, Any] = {}
    for name, weights in (("mindcf", (by_fp / least, by_fn / least)), ("mintdcf", tandem and tandem.shares)):
        if weights:
            here = found.mindcf if name == "mindcf" else (found.mintdcf or 0.0)
            floor = least_of_costs(swept, weights, fakes, reals)
            least_end, most_end = widen_to_hold(here, drawn[name], floor, fakes, reals)
            # No lowest cost is higher than that of always giving the cheaper answer, which is a threshold too.
            ends[name] = least_end, max(here, min(most_end, *weights))
    if tandem is not None:
        low, high = ends["mintdcf"]
        ends["mintdcf_2021"] = tandem.constrained(low), tandem.constrained(high)
    ends["tpr_at_fpr"] = {
        name: list(
            widen_to_hold(value, drawn[f"tpr {name}"], ranking.share_floor(value, fakes), fakes, reals)
        )
        for name, value in found.tpr_at_fpr.items()
    }
    mean = ranking.plain_mean(found.partial_auc, PARTIAL)
    low, high = (
        ranking.standardise(np.array(end * PARTIAL), PARTIAL) for end in ranking.share_floor(mean, fakes)
    )
    ends["partial_auc"] = widen_to_hold(
        found.partial_auc, drawn["partial_auc"], (float(low), float(high)), fakes, reals
    )
    return ends


def least_of_costs(swept: Sweep, weights: Sequence[float], fakes: int, reals: int) -> Interval:
    """The narrowest interval that so many samples allow the lowest cost, from both error rates where it lies."""
    point = methods.choose(swept, f"cost={weights[0]!r}:{weights[1]!r}@0.5")
    recall, fpr = point.recall or 0.0, point.fpr or 0.0
    tp, fp = np.array([recall * fakes]), np.array([fpr * reals])
    counts = tp, fp, reals - fp, fakes - tp
    ends = proportions.figure_intervals(counts, ["recall", "fpr"])
    low, high = proportions.cost_interval(counts, weights[0], weights[1], ends["recall"], ends["fpr"])
    return float(low[0]), float(high[0])


def intervals_document(found: SpoofingMeasures) -> Mapping[str, Any]:
    """As the command writes them: pairs."""
    return {name: ends if isinstance(ends, dict) else list(ends) for name, ends in found.intervals.items()}
