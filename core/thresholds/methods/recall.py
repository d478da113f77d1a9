"""recall=R: the best precision at a recall of at least R."""

from __future__ import annotations

from fractions import Fraction
from typing import Self

import numpy as np

from core.thresholds.methods.base import Choice, Method, best, number
from core.thresholds.sweep import Sweep


class AtRecall(Method):
    name = "recall"
    title = "Fakes found at least {}"
    argument_is_share = True
    argument = "R"
    about = "best precision at a recall of at least R"
    offered = ("0.95",)

    def __init__(self, target: float) -> None:
        self.target = target

    @classmethod
    def parse(cls, value: str) -> Self:
        return cls(number("recall", value, 0, 1))

    def choose(self, sweep: Sweep) -> Choice:
        low, high = 0, len(sweep.tp) - 1  # recall falls as thresholds rise; the lowest has recall 1
        while low < high:
            middle = (low + high + 1) // 2
            if int(sweep.tp[middle]) / sweep.positives >= self.target:
                low = middle
            else:
                high = middle - 1

        def value(tp: np.ndarray, fp: np.ndarray) -> np.ndarray:
            return tp / np.maximum(tp + fp, 1)

        return Choice(best(sweep, value, lambda t, f: Fraction(t, t + f), nothing=False, stop=low + 1))
