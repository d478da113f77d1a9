"""From samples to scores: configuration, balancing, losses, augmentation, the loop, evaluation, tuning."""

from core.training.options.config import TrainConfig
from core.training.reading.recipes import recipe_for

__all__ = ["TrainConfig", "recipe_for"]
