"""eer: where the two error rates are nearest to each other."""

from __future__ import annotations

from core.thresholds.methods.base import Choice, Method
from core.thresholds.sweep import Sweep


class EqualErrorRate(Method):
    name = "eer"
    title = "Equal error rates"
    about = "equal error rate: where misses and false alarms are equally frequent"

    def choose(self, sweep: Sweep) -> Choice:
        return Choice(sweep.eer_index)
