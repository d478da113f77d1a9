"""Losses, one file each behind one protocol."""

from __future__ import annotations

import numpy as np
import torch

from core.training.balancing.class_weights import class_weights
from core.training.losses.base import Loss
from core.training.losses.cross_entropy import CrossEntropy
from core.training.losses.focal import Focal
from core.training.losses.weighted_focal import WeightedFocal
from core.training.options.config import TrainConfig

LOSSES: dict[str, type[Loss]] = {
    "cross_entropy": CrossEntropy,
    "focal": Focal,
    "weighted_focal": WeightedFocal,
}

__all__ = ["LOSSES", "Loss", "make_loss"]


def make_loss(config: TrainConfig, labels: np.ndarray) -> Loss:
    """The loss asked for; class weights are counted in the training labels."""
    kind = LOSSES[config.loss]
    wanted = "class_weights" in config.balancing or getattr(kind, "needs_class_weights", False)
    weights = torch.tensor(class_weights(labels), dtype=torch.float32) if wanted else None
    return kind(
        class_weights=weights,
        smoothing=config.label_smoothing,
        alpha=config.focal_alpha,
        gamma=config.focal_gamma,
    )
