"""Gaussian blur with a deviation of 0.3 to 1.5 pixels, a third of the time."""

from __future__ import annotations

import cv2
import numpy as np

from core.training.augmentation.base import Augmentation
from core.training.augmentation.device_steps import DeviceSteps


class Blur(Augmentation):
    name = "blur"
    title = "Blur"
    about = "out of focus"
    order = 60

    def pictures(self, frames: np.ndarray, rng: np.random.Generator, strength: float = 1.0) -> np.ndarray:
        sigma = float(rng.uniform(0.3, 1.5))
        if rng.random() >= strength / 3:
            return frames
        return np.stack([cv2.GaussianBlur(f, (0, 0), sigma) for f in frames])

    def add_to(self, steps: DeviceSteps, rng: np.random.Generator, strength: float = 1.0) -> None:
        sigma = float(rng.uniform(0.3, 1.5))
        if rng.random() < strength / 3:
            steps.blur = sigma
