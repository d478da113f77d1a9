"""Sensor noise with a deviation of up to 8 of 255, half of the time."""

from __future__ import annotations

import numpy as np

from core.training.augmentation.base import Augmentation


class Noise(Augmentation):
    name = "noise"
    title = "Sensor noise"
    about = "grain of a sensor"
    order = 80

    def pictures(self, frames: np.ndarray, rng: np.random.Generator, strength: float = 1.0) -> np.ndarray:
        deviation = float(rng.uniform(1.0, 8.0)) * strength
        if rng.random() >= 0.5:
            return frames
        grain = rng.standard_normal(frames.shape, dtype=np.float32) * np.float32(deviation)
        return np.clip(np.rint(frames + grain), 0, 255).astype(np.uint8)
