"""precision=P: the best recall at a precision of at least P."""

from __future__ import annotations

from fractions import Fraction
from typing import Self

import numpy as np

from core.thresholds.methods.base import Choice, Method, best, find_undominated, number
from core.thresholds.sweep import Sweep

SPAN = 4_096  # thresholds that share one bound


class AtPrecision(Method):
    name = "precision"
    title = "Precision at least {}"
    argument_is_share = True
    argument = "P"
    about = "best recall at a precision of at least P"
    offered = ("0.95",)

    def __init__(self, target: float) -> None:
        self.target = target

    @classmethod
    def parse(cls, value: str) -> Self:
        return cls(number("precision", value, 0, 1))

    def choose(self, sweep: Sweep) -> Choice:
        """Recall falls as thresholds rise: the lowest threshold that holds the target has the best recall, and the
        highest with that recall the best precision."""
        tp, fp = sweep.tp, sweep.fp
        starts = np.arange(0, len(tp), SPAN)
        ends = np.minimum(starts + SPAN, len(tp)) - 1
        for block in np.flatnonzero(_precision(tp[starts], fp[ends]) >= self.target):  # no other can hold it
            part = slice(int(starts[block]), int(ends[block]) + 1)
            held = _precision(tp[part], fp[part]) >= self.target
            if held.any():
                return Choice(find_undominated(sweep, part.start + int(held.argmax())))
        return Choice(
            best(sweep, _precision, lambda t, f: Fraction(t, t + f), nothing=False), reachable=False
        )


def _precision(tp: np.ndarray, fp: np.ndarray) -> np.ndarray:
    """0 where nothing is called fake, which only a block's bound can be."""
    return tp / np.maximum(tp + fp, 1)
