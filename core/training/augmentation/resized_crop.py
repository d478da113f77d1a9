"""A random part of 70 to 100 % of the area, scaled back to the full size."""

from __future__ import annotations

import cv2
import numpy as np

from core.training.augmentation.base import Augmentation
from core.training.augmentation.device_steps import DeviceSteps


class ResizedCrop(Augmentation):
    name = "resized_crop"
    title = "Random crop"
    about = "a random part, scaled back"
    order = 40
    for_the_minority = True

    def pictures(self, frames: np.ndarray, rng: np.random.Generator, strength: float = 1.0) -> np.ndarray:
        height, width = frames.shape[1:3]
        y, x, h, w = _part(height, width, rng, strength)
        part = frames[:, y : y + h, x : x + w]
        return np.stack([cv2.resize(f, (width, height), interpolation=cv2.INTER_LINEAR) for f in part])

    def add_to(self, steps: DeviceSteps, rng: np.random.Generator, strength: float = 1.0) -> None:
        y, x, h, w = _part(steps.height, steps.width, rng, strength)
        down, across = steps.height / h, steps.width / w
        # Pixels are squares: the corner of the part, not the middle of its first pixel, goes to the corner.
        shift = ((0.5 - x) * across - 0.5, (0.5 - y) * down - 0.5)
        steps.warp(np.array([[across, 0.0, shift[0]], [0.0, down, shift[1]]]))


def _part(height: int, width: int, rng: np.random.Generator, strength: float) -> tuple[int, int, int, int]:
    """Top, left, height and width of what is kept."""
    area = rng.uniform(max(0.2, 1 - 0.3 * strength), 1.0)
    stretch = np.exp(rng.uniform(-0.15, 0.15))
    h = min(height, max(8, round(height * np.sqrt(area) * stretch)))
    w = min(width, max(8, round(width * np.sqrt(area) / stretch)))
    return int(rng.integers(0, height - h + 1)), int(rng.integers(0, width - w + 1)), h, w
