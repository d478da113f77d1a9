"""Focal loss with class weights in the place of α."""

from __future__ import annotations

import torch

from core.training.losses.base import Loss
from core.training.losses.focal import focused


class WeightedFocal(Loss):
    """-w_t (1 - p_t)^γ log p_t; the class weights are always needed, whether balancing names them or not."""

    needs_class_weights = True

    def terms(self, log_p: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        return focused(log_p, self.targets(labels), self.gamma)
