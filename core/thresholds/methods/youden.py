"""youden: the highest J = recall - FPR; the same threshold as the highest balanced accuracy."""

from __future__ import annotations

from core.thresholds.methods.balanced_accuracy import BalancedAccuracy


class Youden(BalancedAccuracy):
    name = "youden"
    title = "Best Youden's J"
    about = "highest Youden's J: recall less false-positive rate"
