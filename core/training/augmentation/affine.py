"""Shift by up to 8 %, zoom by up to 10 %, shear by up to 5°."""

from __future__ import annotations

import numpy as np

from core.training.augmentation.base import Augmentation
from core.training.augmentation.rotation import warp


class Affine(Augmentation):
    name = "affine"
    title = "Shift and zoom"
    about = "shifted, zoomed, sheared"
    order = 30
    for_the_minority = True

    def pictures(self, frames: np.ndarray, rng: np.random.Generator, strength: float = 1.0) -> np.ndarray:
        height, width = frames.shape[1:3]
        zoom = 1 + rng.uniform(-0.1, 0.1) * strength
        shear = np.tan(np.deg2rad(rng.uniform(-5.0, 5.0) * strength))
        shift = rng.uniform(-0.08, 0.08, size=2) * strength * (width, height)
        linear = np.array([[zoom, zoom * shear], [0.0, zoom]])
        middle = np.array([(width - 1) / 2, (height - 1) / 2])
        matrix = np.column_stack([linear, middle + shift - linear @ middle])
        return warp(frames, matrix)
