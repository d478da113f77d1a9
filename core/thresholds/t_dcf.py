"""The t-DCF: what a detector and the speaker verification behind it cost together."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from core.errors import BadInput
from core.thresholds import methods
from core.thresholds.sweep import Sweep, sweep

# ASVspoof 2019: priors of target, nontarget and spoof; costs of the verification and of the detector
TARGET, NONTARGET, SPOOF = 0.95 * 0.99, 0.95 * 0.01, 0.05
ASV_MISS, ASV_ALARM, CM_MISS, CM_ALARM = 1.0, 10.0, 1.0, 10.0


@dataclass(frozen=True)
class TandemDetectionCost:
    """A detector before a speaker verification at its own EER (Kinnunen et al. 2018), by the evaluation plans of

    ASVspoof 2019   t-DCF(t) = [ C1 x P(bona fide rejected) + C2 x P(spoof accepted) ] / min(C1, C2)
    ASVspoof 2021   t-DCF(t) = [ C0 + C1 x P(bona fide rejected) + C2 x P(spoof accepted) ] / [ C0 + min(C1, C2) ]

    C0 is what the verification costs by itself. With the costs of both plans, which are the same, so are C1 and C2.
    """

    c0: float
    c1: float
    c2: float
    eer: float  # of the speaker verification

    @property
    def shares(self) -> tuple[float, float]:
        least = min(self.c1, self.c2)
        return self.c1 / least, self.c2 / least

    def least(self, swept: Sweep) -> float:
        by_fp, by_fn = self.shares
        point = methods.choose(swept, f"cost={by_fp!r}:{by_fn!r}@0.5")
        return by_fp * (point.fpr or 0.0) + by_fn * (point.fnr or 0.0)

    def constrained(self, cost: float) -> float:
        """The form of 2021 from that of 2019: never under the share of C0."""
        least = min(self.c1, self.c2)
        return (self.c0 + least * cost) / (self.c0 + least)


def t_dcf_costs(asv: pd.DataFrame) -> TandemDetectionCost:
    """C1 and C2 from speaker-verification scores of `key` target, nontarget and spoof."""
    sides = {
        name: asv.loc[asv["key"] == name, "score"].to_numpy() for name in ("target", "nontarget", "spoof")
    }
    missing = [name for name, part in sides.items() if not len(part)]
    if missing:
        raise BadInput(
            f"the speaker-verification scores have no {missing[0]} trial; they need target, nontarget and spoof"
        )
    accepted = np.r_[np.ones(len(sides["target"]), np.uint8), np.zeros(len(sides["nontarget"]), np.uint8)]
    found = sweep(accepted, np.concatenate([sides["target"], sides["nontarget"]]))
    line = verification_line(sides["target"], sides["nontarget"])
    miss, alarm = float(np.mean(sides["target"] < line)), float(np.mean(sides["nontarget"] >= line))
    spoofs = float(np.mean(sides["spoof"] >= line))
    c0 = TARGET * ASV_MISS * miss + NONTARGET * ASV_ALARM * alarm
    c1 = TARGET * (CM_MISS - ASV_MISS * miss) - NONTARGET * ASV_ALARM * alarm
    c2 = CM_ALARM * SPOOF * spoofs
    if c1 <= 0 or c2 <= 0:
        raise BadInput(
            "these speaker-verification scores give no t-DCF: the verification is too weak or lets no spoof pass"
        )
    return TandemDetectionCost(c0, c1, c2, found.eer)


def verification_line(targets: np.ndarray, nontargets: np.ndarray) -> float:
    """Where the organisers' script (`eval_metrics.py`) sets the verification, so that costs agree with published ones.

    It rejects trial by trial from the lowest score, targets first among equals. The first trial behind which miss and
    false alarm differ least is the threshold, and that trial is accepted again:

        score         1    2    3    4    5
        target        no   no   yes  no   yes
        miss          0    0    1/2  1/2  1
        false alarm   2/3  1/3  1/3  0    0
        difference    2/3  1/3  1/6  1/2  1      least behind 3: from 3 up is accepted

    A sweep, which never accepts what it counts as rejected, would accept from 4 up. Between both lie few targets and
    nontargets and perhaps many spoofs: 0.4964 for 0.4991 on one set of 500 trials. The differences are worked out in
    the script's own order, for where two are equal its rounding decides.
    """
    scores = np.concatenate([targets, nontargets])
    order = np.argsort(scores, kind="stable")
    missed = np.cumsum(order < len(targets))
    alarms = len(nontargets) - (np.arange(1, len(scores) + 1) - missed)
    return float(scores[order[np.argmin(np.abs(missed / len(targets) - alarms / len(nontargets)))]])
