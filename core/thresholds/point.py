"""A point: one threshold with its confusion counts and the figures that follow from them."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, replace
from typing import Any

from core.errors import BadInput


@dataclass(frozen=True)
class Costs:
    """What a false positive and a false negative cost, and how common fakes are where it is used."""

    fp: float = 1.0
    fn: float = 1.0
    prevalence: float | None = None  # None: as common as in the scores

    def __post_init__(self) -> None:
        for value in (self.fp, self.fn):
            if not (math.isfinite(value) and value >= 0):
                raise BadInput(f"a cost ({value}) must be a number of at least 0")
        if self.fp == self.fn == 0:
            raise BadInput("one of the two costs must be over 0")
        if self.prevalence is not None and not 0 <= self.prevalence <= 1:
            raise BadInput(f"the prevalence ({self.prevalence}) must lie between 0 and 1")

    def per_thousand(self, tp: int, fp: int, fn: int, tn: int) -> float | None:
        """Expected cost of 1,000 samples. In the order of at_threshold.cost, so that an interval's end is the figure
        itself where they meet, to the last bit."""
        positives, negatives = tp + fn, fp + tn
        if not positives + negatives:
            return None
        if self.prevalence is None:
            return 1000 * ((self.fp * fp + self.fn * fn) / (positives + negatives))
        if not positives or not negatives:
            return None
        share = self.prevalence
        return 1000 * (self.fp * (1 - share) * (fp / negatives) + self.fn * share * (fn / positives))


@dataclass(frozen=True)
class Point:
    """Figures that do not exist (a precision where nothing is called fake) are None."""

    method: str
    threshold: float | None  # None: nothing is called fake
    tp: int
    fp: int
    tn: int
    fn: int
    precision: float | None
    precision_real: float | None
    recall: float | None
    fpr: float | None
    fnr: float | None
    specificity: float | None
    f1: float | None
    f1_real: float | None
    macro_f1: float | None
    accuracy: float | None
    balanced_accuracy: float | None
    youden: float | None
    mcc: float | None
    called_fake: float | None  # share of the samples
    cost: float | None  # per 1,000 samples
    costs: Costs = Costs()
    reachable: bool = True

    @classmethod
    def of(
        cls,
        method: str,
        threshold: float | None,
        tp: int,
        fp: int,
        fn: int,
        tn: int,
        *,
        costs: Costs = Costs(),
        reachable: bool = True,
    ) -> Point:
        recall, specificity = _ratio(tp, tp + fn), _ratio(tn, tn + fp)
        f1, f1_real = _ratio(2 * tp, 2 * tp + fp + fn), _ratio(2 * tn, 2 * tn + fp + fn)
        both = None if recall is None or specificity is None else recall + specificity
        return cls(
            method=method,
            threshold=None if threshold is None else float(threshold),
            tp=tp,
            fp=fp,
            tn=tn,
            fn=fn,
            precision=_ratio(tp, tp + fp),
            precision_real=_ratio(tn, tn + fn),
            recall=recall,
            fpr=_ratio(fp, fp + tn),
            fnr=_ratio(fn, tp + fn),
            specificity=specificity,
            f1=f1,
            f1_real=f1_real,
            macro_f1=None if f1 is None or f1_real is None else (f1 + f1_real) / 2,
            accuracy=_ratio(tp + tn, tp + fp + fn + tn),
            balanced_accuracy=None if both is None else both / 2,
            youden=None if both is None else both - 1,
            mcc=_matthews(tp, fp, fn, tn),
            called_fake=_ratio(tp + fp, tp + fp + fn + tn),
            cost=costs.per_thousand(tp, fp, fn, tn),
            costs=costs,
            reachable=reachable,
        )

    def under(self, costs: Costs) -> Point:
        """The same point with its cost under other costs."""
        return replace(self, costs=costs, cost=costs.per_thousand(self.tp, self.fp, self.fn, self.tn))

    def precision_at(self, prevalence: float) -> float | None:
        """The precision to expect where `prevalence` of the samples are fake."""
        if self.recall is None or self.fpr is None:
            return None
        hits, alarms = prevalence * self.recall, (1 - prevalence) * self.fpr
        return hits / (hits + alarms) if hits + alarms else None

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


def _matthews(tp: int, fp: int, fn: int, tn: int) -> float | None:
    spread = math.sqrt((tp + fp) * (tp + fn) * (tn + fp) * (tn + fn))
    return (tp * tn - fp * fn) / spread if spread else None


def _ratio(part: int, whole: int) -> float | None:
    return part / whole if whole else None
