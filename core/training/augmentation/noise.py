"""Sensor noise with a deviation of up to 8 of 255, half of the time."""

from __future__ import annotations

import cv2
import numpy as np

from core.training.augmentation.base import Augmentation
from core.training.augmentation.device_steps import DeviceSteps


class Noise(Augmentation):
    name = "noise"
    title = "Sensor noise"
    about = "grain of a sensor"
    order = 80

    def pictures(self, frames: np.ndarray, rng: np.random.Generator, strength: float = 1.0) -> np.ndarray:
        deviation = float(rng.uniform(1.0, 8.0)) * strength
        if rng.random() >= 0.5:
            return frames
        cv2.setRNGSeed(int(rng.integers(2**31)))
        grain = cv2.randn(np.empty((frames.size // 3, 3), np.int16), 0.0, deviation)
        return cv2.add(frames.reshape(-1, 3), grain, dtype=cv2.CV_8U).reshape(frames.shape)

    def add_to(self, steps: DeviceSteps, rng: np.random.Generator, strength: float = 1.0) -> None:
        deviation = float(rng.uniform(1.0, 8.0)) * strength
        if rng.random() < 0.5:
            steps.noise, steps.seed = deviation, int(rng.integers(2**31))
