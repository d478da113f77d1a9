"""Self-blended faces (Shiohara and Yamasaki 2022): a fake made of a real face and its own changed copy.

What is left to see is the blending itself, which every face swap has; no generator's fingerprint is learned.
"""

from __future__ import annotations

import cv2
import numpy as np

from core.training.augmentation.base import Augmentation
from core.training.augmentation.color import Color
from core.training.augmentation.rotation import warp


class SelfBlend(Augmentation):
    """Turns the pictures of a real sample into those of a fake; the data set gives it the label 1."""

    name = "self_blend"
    title = "Self-blended faces"
    about = "fakes made of real faces"
    order = 0
    makes_fakes = True
    share = 0.5

    def pictures(self, frames: np.ndarray, rng: np.random.Generator, strength: float = 1.0) -> np.ndarray:
        source = self._change(frames, rng)
        mask = soft_mask(frames.shape[1:3], rng)[None, :, :, None] * float(rng.choice([0.5, 0.75, 1.0, 1.0]))
        blended = frames * (1 - mask) + source * mask
        return np.clip(np.rint(blended), 0, 255).astype(np.uint8)

    def _change(self, frames: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """The copy: moved and scaled a little, and of another colour and sharpness."""
        height, width = frames.shape[1:3]
        zoom = rng.uniform(0.95, 1.05)
        shift = rng.uniform(-0.03, 0.03, size=2) * (width, height)
        middle = np.array([(width - 1) / 2, (height - 1) / 2])
        linear = np.eye(2) * zoom
        copy = warp(frames, np.column_stack([linear, middle + shift - linear @ middle]))
        copy = Color().pictures(copy, rng, 0.7)
        if rng.random() < 0.5:
            sigma = float(rng.uniform(0.4, 1.2))
            return np.stack([cv2.GaussianBlur(f, (0, 0), sigma) for f in copy])
        soft = np.stack([cv2.GaussianBlur(f, (0, 0), 1.0) for f in copy]).astype(np.float32)
        sharp = copy + (copy - soft) * float(rng.uniform(0.3, 1.0))
        return np.clip(np.rint(sharp), 0, 255).astype(np.uint8)


def soft_mask(size: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    """(H, W) in [0, 1]: an uneven ellipse in the middle of the crop with a soft edge."""
    height, width = size
    angles = np.linspace(0, 2 * np.pi, 24, endpoint=False)
    radii = rng.uniform(0.75, 1.1, size=24)
    x = (
        width / 2
        + rng.uniform(-0.05, 0.05) * width
        + np.cos(angles) * radii * width * rng.uniform(0.25, 0.38)
    )
    y = (
        height / 2
        + rng.uniform(-0.05, 0.05) * height
        + np.sin(angles) * radii * height * rng.uniform(0.3, 0.42)
    )
    mask = np.zeros(size, np.float32)
    cv2.fillPoly(mask, [np.column_stack([x, y]).astype(np.int32)], 1.0)
    sigma = max(1.0, min(size) * float(rng.uniform(0.02, 0.08)))
    return cv2.GaussianBlur(mask, (0, 0), sigma)
