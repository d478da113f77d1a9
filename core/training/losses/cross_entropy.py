"""Cross-entropy with label smoothing and, where balancing asks for them, class weights."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.training.losses.base import Loss

if TYPE_CHECKING:
    import torch


class CrossEntropy(Loss):
    """-Σ_c target_c · log p_c."""

    name = "cross_entropy"
    title = "Cross-entropy"
    about = "every sample counts alike"

    def terms(self, log_p: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        return -(self.targets(labels) * log_p).sum(dim=1)
