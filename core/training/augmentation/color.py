"""Brightness, contrast and saturation by up to 20 %."""

from __future__ import annotations

import cv2
import numpy as np

from core.training.augmentation.base import Augmentation
from core.training.augmentation.device_steps import DeviceSteps

GREY = np.array([0.299, 0.587, 0.114], np.float64)


class Color(Augmentation):
    name = "color"
    title = "Colour"
    about = "brightness, contrast, saturation"
    order = 50
    for_the_minority = True

    def pictures(self, frames: np.ndarray, rng: np.random.Generator, strength: float = 1.0) -> np.ndarray:
        brightness, contrast, saturation = _factors(rng, strength)
        # pixel -> saturation * (contrast * (brightness * pixel - level) + level - grey) + grey
        # with level the mean and grey the luma of what stands before it: one matrix, since the luma of a
        # grey pixel is the pixel.
        mix = saturation * np.eye(3) + (1 - saturation) * np.tile(GREY, (3, 1))
        shift = (1 - contrast) * brightness * frames.mean()
        matrix = np.column_stack([contrast * brightness * mix, np.full(3, shift)])
        flat = frames.reshape(-1, *frames.shape[2:])
        return cv2.transform(flat, matrix).reshape(frames.shape)

    def add_to(self, steps: DeviceSteps, rng: np.random.Generator, strength: float = 1.0) -> None:
        steps.colour = _factors(rng, strength)


def _factors(rng: np.random.Generator, strength: float) -> np.ndarray:
    """Brightness, contrast, saturation."""
    return 1 + rng.uniform(-0.2, 0.2, size=3) * strength
