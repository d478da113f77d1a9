"""Brightness, contrast and saturation by up to 20 %."""

from __future__ import annotations

import numpy as np

from core.training.augmentation.base import Augmentation

GREY = np.array([0.299, 0.587, 0.114], np.float32)


class Color(Augmentation):
    name = "color"
    title = "Colour"
    about = "brightness, contrast, saturation"
    order = 50
    for_the_minority = True

    def pictures(self, frames: np.ndarray, rng: np.random.Generator, strength: float = 1.0) -> np.ndarray:
        brightness, contrast, saturation = 1 + rng.uniform(-0.2, 0.2, size=3) * strength
        pixels = frames.astype(np.float32) * np.float32(brightness)
        level = np.float32(pixels.mean())
        pixels = (pixels - level) * np.float32(contrast) + level
        grey = (pixels @ GREY)[..., None]
        pixels = (pixels - grey) * np.float32(saturation) + grey
        return np.clip(np.rint(pixels), 0, 255).astype(np.uint8)
