"""A random part of 70 to 100 % of the area, scaled back to the full size."""

from __future__ import annotations

import cv2
import numpy as np

from core.training.augmentation.base import Augmentation


class ResizedCrop(Augmentation):
    name = "resized_crop"
    title = "Random crop"
    about = "a random part, scaled back"
    order = 40
    for_the_minority = True

    def pictures(self, frames: np.ndarray, rng: np.random.Generator, strength: float = 1.0) -> np.ndarray:
        height, width = frames.shape[1:3]
        area = rng.uniform(max(0.2, 1 - 0.3 * strength), 1.0)
        stretch = np.exp(rng.uniform(-0.15, 0.15))
        h = min(height, max(8, round(height * np.sqrt(area) * stretch)))
        w = min(width, max(8, round(width * np.sqrt(area) / stretch)))
        y, x = int(rng.integers(0, height - h + 1)), int(rng.integers(0, width - w + 1))
        part = frames[:, y : y + h, x : x + w]
        return np.stack([cv2.resize(f, (width, height), interpolation=cv2.INTER_LINEAR) for f in part])
