"""fbeta=B: the highest F-beta; recall weighs B times as much as precision."""

from __future__ import annotations

from fractions import Fraction
from typing import Self

import numpy as np

from core.thresholds.methods.base import Choice, Method, best, number
from core.thresholds.sweep import Sweep

LEAST, MOST = 0.001, 1000  # beyond these F-beta is the precision or the recall alone


class FBeta(Method):
    name = "fbeta"
    title = "Best F{}"
    argument = "B"
    about = "highest F-beta: recall weighs B times as much as precision"

    def __init__(self, squared: Fraction | int) -> None:
        self.squared = Fraction(squared)

    @classmethod
    def parse(cls, value: str) -> Self:
        number("beta", value, LEAST, MOST)
        return cls(Fraction(value) ** 2)

    def choose(self, sweep: Sweep) -> Choice:
        weight, positives = self.squared, sweep.positives

        def value(tp: np.ndarray, fp: np.ndarray) -> np.ndarray:
            return tp / (tp + fp + float(weight * positives))

        def exact(tp: int, fp: int) -> Fraction:
            return tp / (tp + fp + weight * positives)

        return Choice(best(sweep, value, exact))
