"""One sample of a split: read whole for scoring, or as one random, changed view of it for training.

A sample that cannot be read is handed on as unusable, with its reason; it is never replaced by another.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from torch.utils.data import get_worker_info

from core.catalog.table import require_roots
from core.errors import WorkbenchError
from core.media.cache import prepare_cached as prepare_cached
from core.media.probe import probe
from core.media.recipe import Recipe
from core.training.augmentation import (
    Augmentation,
    augment_pictures,
    augment_sound,
    begin_pictures,
    fake_maker,
)
from core.training.augmentation.device_steps import DeviceSteps
from core.training.reading.inputs import (
    Arrays,
    Pieces,
    centre,
    clip_arrays,
    even_level,
    frames_between,
    multimodal_arrays,
    pad,
    pieces_of,
    window_length,
)
from core.workspace import Workspace

# Of the views of a strengthened sample: were all of them changed, the change itself would tell the classes
# apart.
STRENGTHENED_SHARE = 0.5


@dataclass(frozen=True)
class Source:
    """What reading needs to know of the rows of one split."""

    files: list[str]
    labels: np.ndarray  # (n,)
    texts: list[str]
    domains: np.ndarray  # (n,) number of the dataset
    recipe: Recipe
    space: Workspace | None = None
    metadata: bool = False  # whether the network also looks at what the file says of itself
    roots: tuple[Path, ...] = ()  # the folders of the datasets, where they are known


@dataclass(frozen=True)
class Unusable:
    """A sample that gave no input: it could not be read, or the recipe does not apply to it (no face found)."""

    sample: int
    reason: str
    unreadable: bool


@dataclass(frozen=True)
class Example:
    sample: int
    label: int
    domain: int
    arrays: Arrays


@dataclass(frozen=True)
class Changes:
    """Which random changes training samples undergo."""

    names: tuple[str, ...] = ()
    strengthened: frozenset[int] = frozenset()  # labels whose samples are changed more strongly
    on_device: bool = False  # what a GPU can change of pictures is only drawn here, and made there

    def __bool__(self) -> bool:
        return bool(self.names or self.strengthened)


def whole_pieces(prepared: Any, source: Source, sample: int) -> Pieces:
    metadata = metadata_of(source, sample)
    return pieces_of(prepared, source.recipe, text=source.texts[sample], metadata=metadata)


def metadata_of(source: Source, sample: int) -> dict[str, Any] | None:
    """What the file says of itself; only read where the network has an encoder for it."""
    return asdict(probe(source.files[sample])) if source.metadata else None


def read(source: Source, sample: int) -> Any:
    """The prepared file, or why there is none."""
    try:
        threads = 0 if get_worker_info() is None else 1
        prepared = prepare_cached(
            source.files[sample], source.recipe, source.space, threads=threads, guarded=True
        )
    except (WorkbenchError, OSError) as error:
        # One file that cannot be read is left out; a disk that is gone would leave out all that follow.
        require_roots(root for root in source.roots if Path(source.files[sample]).is_relative_to(root))
        return Unusable(sample, str(error), unreadable=True)
    if prepared.not_applicable is not None:
        return Unusable(sample, prepared.not_applicable, unreadable=False)
    return prepared


def training_example(
    prepared: Any, source: Source, sample: int, changes: Changes, rng: np.random.Generator
) -> Example:
    """One random view of a sample: a frame, a clip, or a window of sound, changed as asked."""
    recipe, label = source.recipe, int(source.labels[sample])
    stronger = label in changes.strengthened and rng.random() < STRENGTHENED_SHARE
    part = "pictures" if prepared.frames is not None and len(prepared.frames) else "sound"
    maker = fake_maker(changes.names, part, rng) if label == 0 else None
    if recipe.modality == "audio":
        arrays: Arrays = {"audio": change_sound(prepared, recipe, changes, rng, stronger, maker)[2]}
    elif recipe.modality == "image":
        u = int(rng.integers(len(prepared.frames)))
        picture = np.asarray(prepared.frames[u])[None]
        frames, steps = change_frames(picture, recipe, changes, rng, stronger, maker)
        arrays = {"image": frames[0], **steps}
    else:
        arrays = _clip_example(prepared, source, sample, changes, rng, stronger, maker)
    return Example(sample, 1 if maker else label, int(source.domains[sample]), arrays)


def _clip_example(
    prepared: Any,
    source: Source,
    sample: int,
    changes: Changes,
    rng: np.random.Generator,
    stronger: bool,
    maker: Augmentation | None,
) -> Arrays:
    recipe = source.recipe
    has_frames = prepared.frames is not None and len(prepared.frames) > 0
    chosen: list[int] = []
    if has_frames:
        track = rng.choice(np.unique(prepared.tracks))
        chosen = np.flatnonzero(prepared.tracks == track).tolist()
    sound = None
    if recipe.modality == "multimodal" and prepared.audio is not None and len(prepared.audio):
        t0, t1, sound = change_sound(prepared, recipe, changes, rng, stronger, maker)
        chosen = frames_between(prepared.times, chosen, t0, t1)
    chosen = chosen[: recipe.frames]
    frames: Any = []
    steps = DeviceSteps(recipe.image_size, recipe.image_size).arrays() if changes.on_device else {}
    if chosen:
        clip = np.stack([centre(np.asarray(prepared.frames[u]), recipe) for u in chosen])
        frames, steps = change_frames(clip, recipe, changes, rng, stronger, maker)
    order = list(range(len(frames)))
    if recipe.modality == "video":
        return {**clip_arrays(frames, order, recipe), **steps}
    metadata = metadata_of(source, sample)
    arrays = multimodal_arrays(frames, order, sound, source.texts[sample], metadata, recipe)
    return {**arrays, **steps}


def change_frames(
    clip: np.ndarray,
    recipe: Recipe,
    changes: Changes,
    rng: np.random.Generator,
    stronger: bool,
    maker: Augmentation | None,
) -> tuple[np.ndarray, Arrays]:
    """(T, H, W, 3) at image_size: made a fake, cropped where unresized, and augmented, all frames alike. With it the
    changes that are left to the device."""
    if maker is not None:
        clip = maker.pictures(clip, rng)
    if clip.shape[1:3] != (recipe.image_size, recipe.image_size):
        clip = random_crop(clip, recipe.image_size, rng)
    if not changes.on_device:
        return augment_pictures(clip, changes.names, rng, strengthened=stronger), {}
    clip, steps = begin_pictures(clip, changes.names, rng, strengthened=stronger)
    return clip, steps.arrays()


def random_crop(clip: np.ndarray, side: int, rng: np.random.Generator) -> np.ndarray:
    """The same random square of every frame."""
    clip = np.stack([pad(frame, side) for frame in clip])
    y = int(rng.integers(0, clip.shape[1] - side + 1))
    x = int(rng.integers(0, clip.shape[2] - side + 1))
    return clip[:, y : y + side, x : x + side]


def change_sound(
    prepared: Any,
    recipe: Recipe,
    changes: Changes,
    rng: np.random.Generator,
    stronger: bool,
    maker: Augmentation | None = None,
) -> tuple[float, float, np.ndarray]:
    """A random window of the recording: its start and end in seconds of the file, and the augmented sound."""
    length, sound = window_length(recipe), np.asarray(prepared.audio, np.float32)
    start = int(rng.integers(0, max(1, len(sound) - length + 1)))
    part = sound[start : start + length]
    if len(part) < length:
        part = np.resize(part, length)
    if maker is not None:
        part = maker.sound(part, recipe.sample_rate, rng)
    part = augment_sound(part, recipe.sample_rate, changes.names, rng, strengthened=stronger)
    t0 = float(prepared.audio_start) + start / recipe.sample_rate
    return t0, t0 + min(len(sound), length) / recipe.sample_rate, even_level(part)
