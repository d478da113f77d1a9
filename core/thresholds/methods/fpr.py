"""fpr=F: the highest recall at a false-positive rate of at most F."""

from __future__ import annotations

from typing import Self

from core.thresholds.methods.base import Choice, Method, find_undominated, number
from core.thresholds.sweep import Sweep


class AtFalsePositiveRate(Method):
    name = "fpr"
    title = "False alarms at most {}"
    argument_is_share = True
    argument = "F"
    about = "highest recall at a false-positive rate of at most F"
    offered = ("0.01",)

    def __init__(self, target: float) -> None:
        self.target = target

    @classmethod
    def parse(cls, value: str) -> Self:
        return cls(number("fpr", value, 0, 1))

    def choose(self, sweep: Sweep) -> Choice:
        """The lowest threshold within the target has the highest recall: both rates only fall as thresholds rise."""
        low, high = 0, len(sweep.fp)
        while low < high:
            middle = (low + high) // 2
            if int(sweep.fp[middle]) / sweep.negatives <= self.target:
                high = middle
            else:
                low = middle + 1
        if low < len(sweep.fp):
            return Choice(find_undominated(sweep, low))
        return Choice(None)
