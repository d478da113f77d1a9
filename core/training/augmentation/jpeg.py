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
    """Every frame through a JPEG of this quality, as torchvision's `jpeg` does it."""
    return np.stack([jpeg_frame(frame, quality) for frame in frames])


def jpeg_frame(frame: np.ndarray, quality: float) -> np.ndarray:
    """(H, W, 3) in RGB; OpenCV writes BGR."""
    done, packed = cv2.imencode(".jpg", frame[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, int(quality)])
    if not done:
        raise ValueError(f"a frame of shape {frame.shape} cannot be encoded as JPEG")
    return cv2.imdecode(packed, cv2.IMREAD_COLOR)[..., ::-1]
