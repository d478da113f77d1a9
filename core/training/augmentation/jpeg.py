"""JPEG compression of quality 40 to 100, as social media apply it, half of the time."""

from __future__ import annotations

import cv2
import numpy as np

from core.training.augmentation.base import Augmentation


class Jpeg(Augmentation):
    name = "jpeg"
    title = "JPEG compression"
    about = "compressed"
    order = 90

    def pictures(self, frames: np.ndarray, rng: np.random.Generator, strength: float = 1.0) -> np.ndarray:
        quality = int(rng.integers(40, 101))
        return jpeg(frames, quality) if rng.random() < 0.5 * strength else frames


def jpeg(frames: np.ndarray, quality: int) -> np.ndarray:
    """Every frame through a JPEG of this quality; channels are swapped both ways because OpenCV writes
    BGR."""
    out = []
    for frame in frames:
        _, packed = cv2.imencode(".jpg", frame[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])
        out.append(cv2.imdecode(packed, cv2.IMREAD_COLOR)[..., ::-1])
    return np.stack(out)
