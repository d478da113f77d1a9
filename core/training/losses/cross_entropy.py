"""Cross-entropy with label smoothing and, where balancing asks for them, class weights."""

from __future__ import annotations

import torch

from core.training.losses.base import Loss


class CrossEntropy(Loss):
    """-Σ_c target_c · log p_c."""

    def terms(self, log_p: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        return -(self.targets(labels) * log_p).sum(dim=1)
