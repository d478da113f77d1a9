"""Mirror left and right, half of the time."""

from __future__ import annotations

import cv2
import numpy as np

from core.training.augmentation.base import Augmentation
from core.training.augmentation.device_steps import DeviceSteps


class Flip(Augmentation):
    name = "flip"
    title = "Mirror"
    about = "mirrored left and right"
    order = 10
    for_the_minority = True

    def pictures(self, frames: np.ndarray, rng: np.random.Generator, strength: float = 1.0) -> np.ndarray:
        return np.stack([cv2.flip(f, 1) for f in frames]) if rng.random() < 0.5 else frames

    def add_to(self, steps: DeviceSteps, rng: np.random.Generator, strength: float = 1.0) -> None:
        if rng.random() < 0.5:
            steps.warp(np.array([[-1.0, 0.0, steps.width - 1], [0.0, 1.0, 0.0]]))
