"""Resampled down to 8 to 14 kHz and back, a third of the time: the band above is lost."""

from __future__ import annotations

import numpy as np
import soxr

from core.training.augmentation.base import Augmentation, same_length


class Resample(Augmentation):
    name = "resample"
    title = "Lower sample rate"
    about = "the high band is lost"
    order = 60

    def sound(
        self, sound: np.ndarray, rate: int, rng: np.random.Generator, strength: float = 1.0
    ) -> np.ndarray:
        low = int(rate * rng.uniform(0.5, 0.875))
        if rng.random() >= strength / 3:
            return sound
        narrow = soxr.resample(soxr.resample(sound, rate, low, quality="HQ"), low, rate, quality="HQ")
        return np.clip(same_length(narrow, len(sound)), -1, 1).astype(np.float32)
