"""Turn by up to ±10° (±15° where strengthened)."""

from __future__ import annotations

import cv2
import numpy as np

from core.training.augmentation.base import Augmentation
from core.training.augmentation.device_steps import DeviceSteps


class Rotation(Augmentation):
    name = "rotation"
    title = "Rotation"
    about = "turned by up to 10°"
    order = 20
    for_the_minority = True

    def pictures(self, frames: np.ndarray, rng: np.random.Generator, strength: float = 1.0) -> np.ndarray:
        return warp(frames, _turn(frames.shape[1], frames.shape[2], rng, strength))

    def add_to(self, steps: DeviceSteps, rng: np.random.Generator, strength: float = 1.0) -> None:
        steps.warp(_turn(steps.height, steps.width, rng, strength))


def _turn(height: int, width: int, rng: np.random.Generator, strength: float) -> np.ndarray:
    angle = rng.uniform(-10.0, 10.0) * min(strength, 1.5)
    return np.asarray(cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), angle, 1.0))


def warp(frames: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    """Every frame through the same affine map; mirrored at the border, so that no black corner tells of
    it."""
    size = (frames.shape[2], frames.shape[1])
    return np.stack(
        [
            cv2.warpAffine(f, matrix, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101)
            for f in frames
        ]
    )
