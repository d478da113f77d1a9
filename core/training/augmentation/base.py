"""What an augmentation is: a random change of one sample, drawn once and applied alike to all frames of a
clip."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from core.training.augmentation.device_steps import DeviceSteps


class Augmentation:
    """Changes pictures or sound, by which of the two it overrides; `strength` 1 is the usual range."""

    name: ClassVar[str] = ""  # of the option; the file's name where none is stated
    title: ClassVar[str] = ""  # its name for people; empty: `name` without underscores
    about: ClassVar[str] = ""  # a few words for the form
    order: ClassVar[int] = 50  # geometry first, then colour, above 50 what the way to us does to a file
    for_the_minority: ClassVar[bool] = False  # part of what a strengthened minority undergoes
    makes_fakes: ClassVar[bool] = False  # turns real samples into fakes instead of changing any sample
    share: ClassVar[float] = 0.5  # of the real draws that one that makes fakes turns

    def changes(self, part: str) -> bool:
        """Whether it changes `pictures` or `sound`."""
        return getattr(type(self), part) is not getattr(Augmentation, part)

    def pictures(self, frames: np.ndarray, rng: np.random.Generator, strength: float = 1.0) -> np.ndarray:
        """(T, H, W, 3) bytes to the same shape."""
        return frames

    def add_to(self, steps: DeviceSteps, rng: np.random.Generator, strength: float = 1.0) -> None:
        """The same as `pictures`, with the same draws, left to a GPU. Geometry has an order below 50, colour 50 to 59,
        blur 60 to 69, noise above."""
        raise TypeError(f"{type(self).__name__} needs a CPU")

    @property
    def needs_cpu(self) -> bool:
        """Whether a GPU cannot make its change."""
        return type(self).add_to is Augmentation.add_to

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
