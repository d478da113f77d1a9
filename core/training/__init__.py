"""From samples to scores: configuration, balancing, losses, augmentation, the loop, evaluation, tuning."""

from core.training.config import TrainConfig
from core.training.recipes import recipe_for

__all__ = ["TrainConfig", "recipe_for"]
