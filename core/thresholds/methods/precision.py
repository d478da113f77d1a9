"""precision=P: the best recall at a precision of at least P."""

from __future__ import annotations

from bisect import bisect_left
from fractions import Fraction
from typing import Self

import numpy as np

from core.thresholds.methods.base import Choice, Method, best, number
from core.thresholds.sweep import Sweep


class AtPrecision(Method):
    name = "precision"
    argument = "P"
    about = "best recall at a precision of at least P"

    def __init__(self, target: float) -> None:
        self.target = target

    @classmethod
    def parse(cls, value: str) -> Self:
        return cls(number("precision", value, 0, 1))

    def choose(self, sweep: Sweep) -> Choice:
        found = self._first(sweep, sweep.frontier)
        if found is None:  # the best there is

            def precision(tp: np.ndarray, fp: np.ndarray) -> np.ndarray:
                return tp / (tp + fp)

            return Choice(best(sweep, precision, lambda t, f: Fraction(t, t + f), nothing=False), False)
        # Thresholds under it that only add reals keep the recall; the lowest that still holds the target counts.
        kept = -int(sweep.tp[found])
        same = bisect_left(sweep.tp, kept, hi=found, key=lambda tp: -int(tp))
        return Choice(self._first(sweep, np.arange(same, found + 1)))

    def _first(self, sweep: Sweep, indices: np.ndarray) -> int | None:
        """The lowest threshold of `indices` that holds the target; recall falls as thresholds rise."""
        for start in range(0, len(indices), 1 << 15):
            part = indices[start : start + (1 << 15)]
            tp = sweep.tp[part]
            held = tp / (tp + sweep.fp[part]) >= self.target
            if held.any():
                return int(part[int(held.argmax())])
        return None
