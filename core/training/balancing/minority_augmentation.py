"""Stronger augmentation for the minority class only: its few samples are seen in more ways."""

from __future__ import annotations

from core.training.balancing.base import Balancing


class MinorityAugmentation(Balancing):
    """Flip, rotation ±15°, colour, affine and random resized crop for pictures; noise and speed for sound."""

    name = "minority_augmentation"
    title = "Stronger augmentation of the minority"
    about = "the minority alone is changed more strongly"
    order = 40

    def strengthens(self, label: int) -> bool:
        return label == self.samples.minority
