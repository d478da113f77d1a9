"""Losses. One file each: a class of `Loss` in this folder is a loss. Reading their names and settings is
light."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from core import registry
from core.training.balancing import Balancing
from core.training.balancing.class_weights import class_weights
from core.training.losses.base import Loss
from core.training.options.settings import settings_from

if TYPE_CHECKING:
    from core.training.options.config import TrainConfig

DEFAULT = "cross_entropy"
_found = registry.classes(__name__, Loss)
LOSSES: dict[str, type[Loss]] = {DEFAULT: _found[DEFAULT], **_found}

__all__ = ["DEFAULT", "LOSSES", "Loss", "make_loss"]


def make_loss(config: TrainConfig, labels: np.ndarray, techniques: Sequence[Balancing] = ()) -> Loss:
    """The loss asked for, with the weights of the techniques that weigh; a loss may want class weights in any
    case."""
    import torch

    kind = LOSSES[config.loss]
    asked = [weights for t in techniques if (weights := t.class_weights()) is not None]
    if not asked and kind.needs_class_weights:
        asked = [class_weights(labels)]
    weights = torch.tensor(np.prod(asked, axis=0), dtype=torch.float32) if asked else None
    return kind(weights, config.label_smoothing, settings_from(kind.Settings, config))
