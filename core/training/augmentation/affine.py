"""Shift by up to 8 %, zoom by up to 10 %, shear by up to 5°."""

from __future__ import annotations

import numpy as np

from core.training.augmentation.base import Augmentation
from core.training.augmentation.device_steps import DeviceSteps
from core.training.augmentation.rotation import warp


class Affine(Augmentation):
    name = "affine"
    title = "Shift and zoom"
    about = "shifted, zoomed, sheared"
    order = 30
    for_the_minority = True

    def pictures(self, frames: np.ndarray, rng: np.random.Generator, strength: float = 1.0) -> np.ndarray:
        return warp(frames, _move(frames.shape[1], frames.shape[2], rng, strength))

    def add_to(self, steps: DeviceSteps, rng: np.random.Generator, strength: float = 1.0) -> None:
        steps.warp(_move(steps.height, steps.width, rng, strength))


def _move(height: int, width: int, rng: np.random.Generator, strength: float) -> np.ndarray:
    zoom = 1 + rng.uniform(-0.1, 0.1) * strength
    shear = np.tan(np.deg2rad(rng.uniform(-5.0, 5.0) * strength))
    shift = rng.uniform(-0.08, 0.08, size=2) * strength * (width, height)
    linear = np.array([[zoom, zoom * shear], [0.0, zoom]])
    middle = np.array([(width - 1) / 2, (height - 1) / 2])
    return np.column_stack([linear, middle + shift - linear @ middle])
