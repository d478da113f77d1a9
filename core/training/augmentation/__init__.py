"""Random changes of training samples. One file each: a class of `Augmentation` in this folder is one."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from core import registry
from core.training.augmentation.base import Augmentation
from core.training.augmentation.device_steps import DeviceSteps

# In the order in which they are applied: geometry and colour first, then what the way to us does to a file.
AUGMENTATIONS: dict[str, Augmentation] = {
    name: kind()
    for name, kind in sorted(
        registry.classes(__name__, Augmentation).items(), key=lambda entry: (entry[1].order, entry[0])
    )
}
STRENGTHENED = 1.5
CHANGED = {
    "image": ("pictures",),
    "video": ("pictures",),
    "audio": ("sound",),
    "multimodal": ("pictures", "sound"),
}

__all__ = [
    "AUGMENTATIONS",
    "Augmentation",
    "augment_pictures",
    "augment_sound",
    "begin_pictures",
    "fake_maker",
    "fitting",
]


def fitting(modality: str) -> tuple[str, ...]:
    """The augmentations that change something of this modality."""
    parts = CHANGED[modality]
    return tuple(name for name, kind in AUGMENTATIONS.items() if any(kind.changes(part) for part in parts))


def augment_pictures(
    frames: np.ndarray, names: Sequence[str], rng: np.random.Generator, *, strengthened: bool = False
) -> np.ndarray:
    """All frames of a clip changed alike; a strengthened sample gets the minority's changes too, and more of
    each."""
    for kind in _build("pictures", names, strengthened):
        frames = kind.pictures(frames, rng, STRENGTHENED if strengthened else 1.0)
    return frames


def begin_pictures(
    frames: np.ndarray, names: Sequence[str], rng: np.random.Generator, *, strengthened: bool = False
) -> tuple[np.ndarray, DeviceSteps]:
    """As `augment_pictures`, but what comes after the last change that needs a CPU is left to the device.

    flip  colour  JPEG  ─▶  all three here          flip  colour  ─▶  nothing here, both there
    """
    kinds, strength = _build("pictures", names, strengthened), STRENGTHENED if strengthened else 1.0
    here = max((place + 1 for place, kind in enumerate(kinds) if kind.needs_cpu), default=0)
    for kind in kinds[:here]:
        frames = kind.pictures(frames, rng, strength)
    steps = DeviceSteps(*frames.shape[1:3])
    for kind in kinds[here:]:
        kind.add_to(steps, rng, strength)
    return frames, steps


def augment_sound(
    sound: np.ndarray,
    rate: int,
    names: Sequence[str],
    rng: np.random.Generator,
    *,
    strengthened: bool = False,
) -> np.ndarray:
    for kind in _build("sound", names, strengthened):
        sound = kind.sound(sound, rate, rng, STRENGTHENED if strengthened else 1.0)
    return sound


def fake_maker(names: Sequence[str], part: str, rng: np.random.Generator) -> Augmentation | None:
    """Whether this real sample becomes a fake, and by what; `part` (pictures, sound) is what there is of
    it."""
    for name in names:
        kind = AUGMENTATIONS[name]
        if kind.makes_fakes and kind.changes(part) and rng.random() < kind.share:
            return kind
    return None


def _build(part: str, names: Sequence[str], strengthened: bool) -> list[Augmentation]:
    return [
        kind
        for name, kind in AUGMENTATIONS.items()
        if kind.changes(part)
        and not kind.makes_fakes
        and (name in names or (strengthened and kind.for_the_minority))
    ]
