"""Focal loss with class weights in the place of α."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.training.losses.base import Loss
from core.training.losses.focal import FocusSettings, focal_weight

if TYPE_CHECKING:
    import torch


class WeightedFocal(Loss):
    """-w_t (1 - p_t)^γ log p_t; the class weights are always needed, whether balancing names them or not."""

    name = "weighted_focal"
    title = "Weighted focal loss"
    about = "focal with class weights in the place of α"
    needs_class_weights = True
    Settings = FocusSettings
    settings: FocusSettings

    def terms(self, log_p: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        return focal_weight(log_p, self.targets(labels), self.settings.focal_gamma)
