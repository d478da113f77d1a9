"""macro_f1: the highest mean of the F1 of both classes; the default."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from core.thresholds.methods.base import Choice, Method, best
from core.thresholds.sweep import Sweep


class MacroF1(Method):
    name = "macro_f1"
    title = "Best macro F1"
    about = "highest mean of the F1 of fakes and the F1 of reals"

    def choose(self, sweep: Sweep) -> Choice:
        positives, negatives = sweep.positives, sweep.negatives

        def value(tp: np.ndarray, fp: np.ndarray) -> np.ndarray:
            called = tp + fp
            return tp / (called + positives) + (negatives - fp) / (positives + 2 * negatives - called)

        def exact(tp: int, fp: int) -> Fraction:
            called = tp + fp
            return Fraction(tp, called + positives) + Fraction(
                negatives - fp, positives + 2 * negatives - called
            )

        return Choice(best(sweep, value, exact))
