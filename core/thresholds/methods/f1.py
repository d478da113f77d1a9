"""f1: the highest F1 of the class fake."""

from __future__ import annotations

from core.thresholds.methods.base import Choice
from core.thresholds.methods.fbeta import FBeta
from core.thresholds.sweep import Sweep


class F1(FBeta):
    name = "f1"
    title = "Best F1"
    argument = ""
    about = "highest F1: precision and recall of fakes weigh the same"

    @classmethod
    def parse(cls, value: str) -> F1:
        return cls(1)

    def choose(self, sweep: Sweep) -> Choice:
        return super().choose(sweep)
