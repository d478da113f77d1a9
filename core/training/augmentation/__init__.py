"""Random changes of training samples, one file each behind one protocol."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from core.training.augmentation.affine import Affine
from core.training.augmentation.audio_codec import AudioCodec
from core.training.augmentation.audio_noise import AudioNoise
from core.training.augmentation.base import Augmentation
from core.training.augmentation.blur import Blur
from core.training.augmentation.color import Color
from core.training.augmentation.downscale import Downscale
from core.training.augmentation.flip import Flip
from core.training.augmentation.jpeg import Jpeg
from core.training.augmentation.noise import Noise
from core.training.augmentation.resample import Resample
from core.training.augmentation.resized_crop import ResizedCrop
from core.training.augmentation.rotation import Rotation
from core.training.augmentation.self_blend import SelfBlend
from core.training.augmentation.speed import Speed

# In the order in which they are applied: geometry and colour first, then what the way to us does to a file.
AUGMENTATIONS: dict[str, Augmentation] = {
    kind.name: kind()
    for kind in (
        SelfBlend, Flip, Rotation, Affine, ResizedCrop, Color, Blur, Downscale, Noise, Jpeg,
        Speed, AudioNoise, Resample, AudioCodec,
    )
}  # fmt: skip
FOR_THE_MINORITY = ("flip", "rotation", "affine", "resized_crop", "color", "speed", "audio_noise")
STRENGTHENED = 1.5

__all__ = ["AUGMENTATIONS", "FOR_THE_MINORITY", "Augmentation", "augment_pictures", "augment_sound"]


def augment_pictures(
    frames: np.ndarray, names: Sequence[str], rng: np.random.Generator, *, strengthened: bool = False
) -> np.ndarray:
    """All frames of a clip changed alike; a strengthened sample gets the minority's changes too, and more of each."""
    strength = STRENGTHENED if strengthened else 1.0
    for name, kind in AUGMENTATIONS.items():
        if (name in names and name != "self_blend") or (strengthened and name in FOR_THE_MINORITY):
            frames = kind.pictures(frames, rng, strength)
    return frames


def augment_sound(
    sound: np.ndarray,
    rate: int,
    names: Sequence[str],
    rng: np.random.Generator,
    *,
    strengthened: bool = False,
) -> np.ndarray:
    strength = STRENGTHENED if strengthened else 1.0
    for name, kind in AUGMENTATIONS.items():
        if name in names or (strengthened and name in FOR_THE_MINORITY):
            sound = kind.sound(sound, rate, rng, strength)
    return sound
