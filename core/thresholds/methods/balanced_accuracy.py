"""balanced_accuracy: the highest mean of the recalls of both classes."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from core.thresholds.methods.base import Choice, Method, best
from core.thresholds.sweep import Sweep


class BalancedAccuracy(Method):
    name = "balanced_accuracy"
    title = "Best balanced accuracy"
    about = "highest mean of the shares of fakes and of reals that are called right"

    def choose(self, sweep: Sweep) -> Choice:
        def value(tp: np.ndarray, fp: np.ndarray) -> np.ndarray:
            return tp * sweep.negatives - fp * sweep.positives

        def exact(tp: int, fp: int) -> Fraction:
            return Fraction(tp * sweep.negatives - fp * sweep.positives)

        return Choice(best(sweep, value, exact))
