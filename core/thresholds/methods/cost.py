"""cost=FP:FN[@PREVALENCE]: the lowest expected cost, at the prevalence of use where it is given."""

from __future__ import annotations

from fractions import Fraction
from typing import Self

import numpy as np

from core.errors import BadInput
from core.thresholds.methods.base import Choice, Method, best, find_undominated, number
from core.thresholds.point import Costs
from core.thresholds.sweep import Sweep


class Cost(Method):
    name = "cost"
    title = "Lowest cost {}"
    argument = "FP:FN[@PREVALENCE]"
    about = "lowest expected cost: FP is what a false alarm costs, FN what a missed fake costs"

    def __init__(self, fp: Fraction, fn: Fraction, prevalence: Fraction | None) -> None:
        self.fp, self.fn, self.prevalence = fp, fn, prevalence
        self.costs = Costs(float(fp), float(fn), None if prevalence is None else float(prevalence))

    @classmethod
    def parse(cls, value: str) -> Self:
        both, at, prevalence = value.partition("@")
        fp, colon, fn = both.partition(":")
        if not colon or (at and not prevalence):
            raise BadInput(
                f"threshold rule 'cost={value}' must be written as cost={cls.argument}, e.g. cost=1:5@0.02"
            )
        number("the cost of a false positive", fp, 0)
        number("the cost of a false negative", fn, 0)
        if at:
            number("the prevalence", prevalence, 0, 1)
        return cls(Fraction(fp), Fraction(fn), Fraction(prevalence) if at else None)

    def choose(self, sweep: Sweep) -> Choice:
        a, b = self.fp, self.fn
        if self.prevalence is not None:
            a *= (1 - self.prevalence) / Fraction(sweep.negatives)
            b *= self.prevalence / Fraction(sweep.positives)
        if a == b == 0:  # a class that never occurs costs nothing: every threshold is equal
            return Choice(find_undominated(sweep, 0))
        scale = max(a, b)
        a, b = a / scale, b / scale
        weight_fp, weight_fn, positives = float(a), float(b), sweep.positives

        def value(tp: np.ndarray, fp: np.ndarray) -> np.ndarray:
            return -(weight_fp * fp + weight_fn * (positives - tp))

        def exact(tp: int, fp: int) -> Fraction:
            return -(a * fp + b * (positives - tp))

        found = best(sweep, value, exact)
        return Choice(None if found is None else find_undominated(sweep, found))
