"""Played up to 10 % faster or slower, pitch and all, half of the time."""

from __future__ import annotations

import numpy as np
import soxr

from core.training.augmentation.base import Augmentation, same_length


class Speed(Augmentation):
    name = "speed"
    title = "Speed"
    about = "up to 10 % faster or slower"
    order = 10
    for_the_minority = True

    def sound(
        self, sound: np.ndarray, rate: int, rng: np.random.Generator, strength: float = 1.0
    ) -> np.ndarray:
        factor = 1 + rng.uniform(-0.1, 0.1) * strength
        if rng.random() >= 0.5:
            return sound
        played = soxr.resample(sound, rate * factor, rate, quality="MQ")
        return np.clip(same_length(played, len(sound)), -1, 1).astype(np.float32)
