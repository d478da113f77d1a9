"""Focal loss: what is already told apart counts little (Lin et al. 2017)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.training.losses.base import Loss
from core.training.options.fields import option

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True)
class FocusSettings:
    focal_gamma: float = option(
        2.0,
        "how much less a sample counts that is told apart already (γ); 0: as much as the others",
        low=0,
        high=20,
        group="techniques",
    )


@dataclass(frozen=True)
class FocalSettings(FocusSettings):
    focal_alpha: float = option(
        0.25,
        "what the loss of every sample is multiplied by (α), of both classes alike",
        low=0,
        high=1e6,
        group="techniques",
    )


def focal_weight(log_p: torch.Tensor, targets: torch.Tensor, gamma: float) -> torch.Tensor:
    """-Σ_c target_c · (1 - p_c)^γ · log p_c."""
    hard = log_p.expm1().neg().clamp(min=1e-12)  # 1 - p without cancellation; its power has a gradient
    return -(targets * hard.pow(gamma) * log_p).sum(dim=1)


class Focal(Loss):
    """FL = -α (1 - p_t)^γ log p_t with one α for both classes."""

    name = "focal"
    title = "Focal loss"
    about = "samples that are already told apart count little"
    Settings = FocalSettings
    settings: FocalSettings

    def terms(self, log_p: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        focus = focal_weight(log_p, self.targets(labels), self.settings.focal_gamma)
        return self.settings.focal_alpha * focus
