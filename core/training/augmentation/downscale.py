"""Scaled down to 40 to 90 % and up again, a third of the time."""

from __future__ import annotations

import cv2
import numpy as np

from core.training.augmentation.base import Augmentation


class Downscale(Augmentation):
    name = "downscale"
    title = "Lower resolution"
    about = "scaled down and up again"
    order = 70

    def pictures(self, frames: np.ndarray, rng: np.random.Generator, strength: float = 1.0) -> np.ndarray:
        share = float(rng.uniform(0.4, 0.9))
        if rng.random() >= strength / 3:
            return frames
        height, width = frames.shape[1:3]
        small = (max(4, round(width * share)), max(4, round(height * share)))
        return np.stack(
            [
                cv2.resize(
                    cv2.resize(f, small, interpolation=cv2.INTER_AREA),
                    (width, height),
                    interpolation=cv2.INTER_LINEAR,
                )
                for f in frames
            ]
        )
