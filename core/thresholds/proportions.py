"""Intervals of shares and of figures made of two shares, from counts alone: never of zero width, never beside the figure.

A share has Wilson's interval. Where samples hang together in groups, it has that of as many independent samples as
they are worth (`worth`). A figure of two shares moves as far as both ends of both shares move it (MOVER; Newcombe 1998,
Zou & Donner 2008):

    recall       0.7 ---- 0.8 -- 0.9
    specificity      0.85 -- 0.9 - 0.93
    their mean   low = value - sqrt((0.8 - 0.7)^2 + (0.9 - 0.85)^2) / 2
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

import numpy as np

Z = 1.959963984540054  # 95 %, both sides
ROUNDING = 1e-12  # of a figure that lies between -1 and 1
Ends = tuple[np.ndarray, np.ndarray]
Counts = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]  # tp, fp, tn, fn at each threshold

# Each share as hits among so many.
SHARES: dict[str, Callable[..., tuple[np.ndarray, np.ndarray]]] = {
    "recall": lambda tp, fp, tn, fn: (tp, tp + fn),
    "fnr": lambda tp, fp, tn, fn: (fn, tp + fn),
    "fpr": lambda tp, fp, tn, fn: (fp, fp + tn),
    "specificity": lambda tp, fp, tn, fn: (tn, fp + tn),
    "precision": lambda tp, fp, tn, fn: (tp, tp + fp),
    "precision_real": lambda tp, fp, tn, fn: (tn, tn + fn),
    "accuracy": lambda tp, fp, tn, fn: (tp + tn, tp + fp + tn + fn),
    "called_fake": lambda tp, fp, tn, fn: (tp + fp, tp + fp + tn + fn),
    # F1 = 2 J / (1 + J) of the share J of hits among all that are fake or called so
    "jaccard": lambda tp, fp, tn, fn: (tp, tp + fp + fn),
    "jaccard_real": lambda tp, fp, tn, fn: (tn, tn + fp + fn),
}


def wilson(hits: np.ndarray, of: np.ndarray, z: float = Z) -> Ends:
    """The 95 % interval of shares (Wilson's score interval), also for 0 of n and n of n; NaN of nothing."""
    hits, of = np.asarray(hits, np.float64), np.asarray(of, np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        share, square = hits / of, z * z / of
        middle = (share + square / 2) / (1 + square)
        half = z * np.sqrt(share * (1 - share) / of + square / (4 * of)) / (1 + square)
        low = np.where(hits <= 0, share, np.minimum(middle - half, share))
        high = np.where(hits >= of, share, np.maximum(middle + half, share))
    return low, high


def figure_intervals(
    counts: Counts, figures: tuple[str, ...] | list[str], worth: Mapping[str, np.ndarray] | None = None
) -> dict[str, Ends]:
    """The interval of each figure at each threshold, NaN where the figure does not exist.

    `worth`: of each share, how many independent samples its samples are worth at each threshold.
    """
    known: dict[str, Ends] = {}

    def share(name: str) -> Ends:
        if name not in known:
            hits, of = (np.asarray(part, np.float64) for part in SHARES[name](*counts))
            size = of if worth is None else np.minimum(worth[name], of)
            scale = np.divide(size, of, out=np.ones_like(of), where=of > 0)
            known[name] = wilson(hits * scale, size)
        return known[name]

    found: dict[str, Ends] = {}
    for name in figures:
        if name in SHARES:
            found[name] = share(name)
        elif name in ("f1", "f1_real"):
            low, high = share("jaccard" if name == "f1" else "jaccard_real")
            found[name] = 2 * low / (1 + low), 2 * high / (1 + high)
        elif name == "mcc":
            found[name] = mcc_interval(counts, share("recall"), share("fpr"))
        elif name == "macro_f1":
            found[name] = _macro_f1(counts, share("jaccard"), share("jaccard_real"))
        else:
            found[name] = two_shares(counts, share("recall"), share("fpr"), _OF_RATES[name])
    return found


def cost_interval(
    counts: Counts, fp_weight: np.ndarray | float, fn_weight: np.ndarray | float, recall: Ends, fpr: Ends
) -> Ends:
    """Of `fp_weight` x false-positive rate + `fn_weight` x false-negative rate."""
    low, high = two_shares(
        counts, recall, fpr, lambda hit, alarm: -(fp_weight * alarm + fn_weight * (1 - hit))
    )
    return -high, -low


def precision_at_interval(
    recall: float, recall_ends: Sequence[float], fpr: float, fpr_ends: Sequence[float], prevalence: float
) -> tuple[float, float]:
    """Of the precision where a share `prevalence` is fake: it follows from recall over false-positive rate, whose
    logarithm moves as far as both ends of both rates move it. bands.js does the same."""

    def odds(hit: float, alarm: float) -> float:
        return prevalence * hit / ((1 - prevalence) * alarm) if prevalence < 1 and alarm > 0 else math.inf

    def far(*pairs: tuple[float, float]) -> float:
        """How far the logarithm moves, as a factor; a rate of 0 moves it without end."""
        steps = [0.0 if a == b else math.inf if not min(a, b) else math.log(a / b) for a, b in pairs]
        return math.exp(min(math.hypot(*steps), 700))

    # The precision is 0 or 1: the rates' own ends say how far it may lie from that.
    if not recall > 0 or fpr <= 0:
        ends = odds(recall_ends[0], fpr_ends[1]), odds(recall_ends[1], fpr_ends[0])
    else:
        here = odds(recall, fpr)
        ends = (
            here / far((recall, recall_ends[0]), (fpr_ends[1], fpr)),
            here * far((recall_ends[1], recall), (fpr, fpr_ends[0])),
        )
    return ends[0] / (1 + ends[0]), ends[1] / (1 + ends[1]) if ends[1] < 1e300 else 1.0


def two_shares(
    counts: Counts, recall: Ends, fpr: Ends, figure: Callable[[np.ndarray, np.ndarray], np.ndarray]
) -> Ends:
    """Of a figure that rises with the recall and falls with the false-positive rate."""
    tp, fp, tn, fn = counts
    with np.errstate(divide="ignore", invalid="ignore"):
        hit, alarm = tp / (tp + fn), fp / (fp + tn)
        here = figure(hit, alarm)
        low = here - np.hypot(here - figure(recall[0], alarm), here - figure(hit, fpr[1]))
        high = here + np.hypot(here - figure(recall[1], alarm), here - figure(hit, fpr[0]))
        least, most = figure(np.zeros(1), np.ones(1)), figure(np.ones(1), np.zeros(1))
    # The figure may be worked out elsewhere in another order, and then ends in other digits.
    low = np.maximum(np.minimum(low, here - ROUNDING), np.round(least, 12))
    return low, np.minimum(np.maximum(high, here + ROUNDING), np.round(most, 12))


def _mcc(hit: np.ndarray, alarm: np.ndarray, share: np.ndarray) -> np.ndarray:
    """Matthews' coefficient where a share of the samples is fake; 0 where all are called the same."""
    called = share * hit + (1 - share) * alarm
    spread = np.sqrt(called * (1 - called))
    value = (hit - alarm) * np.sqrt(share * (1 - share))
    return np.divide(value, spread, out=np.zeros(np.broadcast(value, spread).shape), where=spread > 0)


_OF_RATES: dict[str, Callable[[np.ndarray, np.ndarray], np.ndarray]] = {
    "balanced_accuracy": lambda hit, alarm: (hit + 1 - alarm) / 2,
    "youden": lambda hit, alarm: hit - alarm,
}


def mcc_interval(counts: Counts, recall: Ends, fpr: Ends) -> Ends:
    tp, fp, tn, fn = counts
    share = (tp + fn) / (tp + fp + tn + fn)
    return two_shares(counts, recall, fpr, lambda hit, alarm: _mcc(hit, alarm, share))


def _macro_f1(counts: Counts, jaccard: Ends, jaccard_real: Ends) -> Ends:
    """The mean of two figures that share their errors: their correlation is sqrt(J x J of the reals)."""
    tp, fp, tn, fn = counts
    with np.errstate(divide="ignore", invalid="ignore"):
        j, r = tp / (tp + fp + fn), tn / (tn + fp + fn)
        together = np.sqrt(j * r)
        f, g = 2 * j / (1 + j), 2 * r / (1 + r)
        ends = []
        for side in (0, 1):
            a = np.abs(f - 2 * jaccard[side] / (1 + jaccard[side]))
            b = np.abs(g - 2 * jaccard_real[side] / (1 + jaccard_real[side]))
            ends.append(np.sqrt(a * a + b * b + 2 * together * a * b) / 2)
        here = (f + g) / 2
    return np.clip(here - ends[0], 0, here), np.clip(here + ends[1], here, 1)


def worth(hits: np.ndarray, of: np.ndarray) -> np.ndarray:
    """How many independent samples the samples of a share are worth.

    `hits` and `of` (groups, thresholds): counts of each group. What the share varies by from group to group, over
    what it would vary by among independent samples, divides their number. A share of 0 or 1 varies by nothing: it is
    worth its groups.
    """
    total, groups = of.sum(axis=0), (of > 0).sum(axis=0)
    share = np.divide(hits.sum(axis=0), total, out=np.zeros(len(total)), where=total > 0)
    return worth_of(total, share, groups, ((hits - share * of) ** 2).sum(axis=0))


def worth_of(total: np.ndarray, share: np.ndarray, groups: np.ndarray, among: np.ndarray) -> np.ndarray:
    """The same from sums over groups; `among`: squares of what each group has more or less than its part."""
    among = among * np.divide(groups, groups - 1, out=np.ones(len(total)), where=groups > 1)
    alone = share * (1 - share) * total
    inflated = np.divide(among, alone, out=np.ones(len(total)), where=alone > 0)
    size = total / np.maximum(inflated, 1)
    one_sided = (alone <= 0) | (groups <= 1)
    return np.where(one_sided, groups, np.minimum(size, total)).astype(np.float64)
