"""What an augmentation is: a random change of one sample, drawn once and applied alike to all frames of a clip."""

from __future__ import annotations

import numpy as np


class Augmentation:
    """Changes pictures or sound; `strength` 1 is the usual range, more for a minority that needs it."""

    name = ""

    def pictures(self, frames: np.ndarray, rng: np.random.Generator, strength: float = 1.0) -> np.ndarray:
        """(T, H, W, 3) bytes to the same shape."""
        return frames

    def sound(
        self, sound: np.ndarray, rate: int, rng: np.random.Generator, strength: float = 1.0
    ) -> np.ndarray:
        """(N,) floats in [-1, 1] to as many."""
        return sound


def same_length(sound: np.ndarray, length: int) -> np.ndarray:
    """Cut, or repeated from the front, to `length`."""
    if len(sound) >= length:
        return sound[:length]
    return np.resize(sound, length)
