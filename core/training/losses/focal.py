"""Focal loss: what is already told apart counts little (Lin et al. 2017)."""

from __future__ import annotations

import torch

from core.training.losses.base import Loss


def focused(log_p: torch.Tensor, targets: torch.Tensor, gamma: float) -> torch.Tensor:
    """-Σ_c target_c · (1 - p_c)^γ · log p_c."""
    hard = torch.expm1(log_p).neg().clamp(min=1e-12)  # 1 - p without cancellation; its power has a gradient
    return -(targets * hard.pow(gamma) * log_p).sum(dim=1)


class Focal(Loss):
    """FL = -α (1 - p_t)^γ log p_t with one α for both classes."""

    def terms(self, log_p: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        return self.alpha * focused(log_p, self.targets(labels), self.gamma)
