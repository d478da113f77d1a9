"""From a file and a recipe to arrays: the one way, for training and for detection."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from core.errors import BadInput, MediaError
from core.media.audio import NoSound, read_sound, trim_silence
from core.media.crops import Units, cut_units, units_of_a_clip
from core.media.faces import FILTERS
from core.media.images import NotAPicture, open_image
from core.media.limits import Limits
from core.media.packets import NoVideo
from core.media.probe import probe
from core.media.recipe import Recipe
from core.media.video import read_frames
from core.workspace import Workspace

CLIP_FRAMES = 16  # frames of a clip that a recipe for single pictures looks at, one by one
SMALLEST_SHARE = 0.1  # of a picture, that a face in it takes

# More than any recipe of this workbench asks for: a checkpoint from elsewhere must not fill the memory.
MOST = {
    "frames": 4096,
    "image_size": 8192,
    "shorter_side": 8192,
    "sample_rate": 768_000,
    "max_tracks": 64,
    "seconds": 3600,
}

NO_FACE, NO_VIDEO, NO_SOUND, SILENCE = "no face found", "no video stream", "no sound track", "silence only"


@dataclass(frozen=True)
class Prepared:
    """A file as arrays. A unit is one picture of one person (or of the whole frame) at one moment.

    Units are sorted by track, then by time. `not_applicable` says why there is nothing to score; then the
    arrays are empty or None.
    """

    frames: np.ndarray | list[np.ndarray] | None  # uint8 (U, H, W, 3); a list where sizes differ (native)
    times: np.ndarray  # float64 (U,) seconds
    indices: np.ndarray  # int64 (U,) frame numbers
    tracks: np.ndarray  # int64 (U,) person
    # float64 (U, 4) x0, y0, x1, y1 in pixels of the upright full frame: what the unit shows.
    boxes: np.ndarray
    frame_size: tuple[int, int]  # width, height; (0, 0) for a recording
    audio: np.ndarray | None  # float32 (N,), trimmed
    audio_start: float  # seconds in the file at which `audio` begins
    sample_rate: int
    duration: float  # seconds of the file; 0 for a picture
    kind: str = ""  # image | audio | video: what the file is
    not_applicable: str | None = None
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.times)


def prepare(
    path: Path | str,
    recipe: Recipe,
    *,
    limits: Limits | None = None,
    threads: int = 0,
    space: Workspace | None = None,
) -> Prepared:
    """The file as the recipe says. Pure: nothing is cached. `threads` 0 decodes with all cores."""
    path, limits = Path(path), limits or Limits.from_settings(space)
    check_recipe(recipe)
    if recipe.modality == "audio":
        return _sound(path, recipe, limits)
    try:
        picture = open_image(path, limits)
    except NotAPicture:
        return _clip(path, recipe, limits, threads, space)
    return _assemble("image", cut_units([picture], recipe, space), np.zeros(1), np.zeros(1, np.int64))


def check_recipe(recipe: Recipe) -> None:
    """A recipe with a value that prepares nothing is refused before the first file."""
    choices = {
        "modality": ("image", "audio", "video", "multimodal"),
        "sampling": ("exact", "fast"),
        "resize": ("fit", "native", "whole", "crop"),
        "filter": FILTERS,
        "windows": ("all", "first", "whole"),
        "level": ("even", "as_is"),
    }
    for name, allowed in choices.items():
        if getattr(recipe, name) not in allowed:
            raise BadInput(f"recipe: {name} ({getattr(recipe, name)}) must be one of {', '.join(allowed)}")
    for name in ("frames", "image_size", "sample_rate", "max_tracks"):
        if getattr(recipe, name) < 1:
            raise BadInput(f"recipe: {name} ({getattr(recipe, name)}) must be > 0")
    for name, most in MOST.items():
        if not getattr(recipe, name) <= most:
            raise BadInput(f"recipe: {name} ({getattr(recipe, name)}) must be at most {most:,}")
    if recipe.shorter_side < 0 or 0 < recipe.shorter_side < recipe.image_size:
        raise BadInput(
            f"recipe: shorter_side ({recipe.shorter_side}) must be 0 or at least image_size ({recipe.image_size})"
        )
    if not recipe.seconds > 0:
        raise BadInput(f"recipe: seconds ({recipe.seconds}) must be > 0")
    if not 1 <= recipe.face_margin <= 10:
        raise BadInput(f"recipe: face_margin ({recipe.face_margin}) must be 1 to 10")
    if recipe.face_share and not SMALLEST_SHARE <= recipe.face_share <= 1:
        raise BadInput(f"recipe: face_share ({recipe.face_share}) must be 0 or {SMALLEST_SHARE} to 1")


def frames_of_a_clip(recipe: Recipe) -> int:
    """How many frames are looked at where a clip meets this recipe."""
    for_pictures = recipe.modality == "image" and recipe.frames == 1
    return CLIP_FRAMES if for_pictures else recipe.frames


def _clip(path: Path, recipe: Recipe, limits: Limits, threads: int, space: Workspace | None) -> Prepared:
    n = frames_of_a_clip(recipe)
    try:
        read = read_frames(path, n, recipe.sampling, limits=limits, threads=threads)
    except NoVideo:
        if recipe.modality == "multimodal":
            sound = _sound(path, recipe, limits)
            return replace(sound, notes=(*sound.notes, NO_VIDEO))
        return nothing(probe(path, limits).kind, NO_VIDEO)  # a MediaError where it is no recording either
    units, notes = units_of_a_clip(list(read.images), recipe, space)
    prepared = _assemble("video", units, read.times, read.indices)
    prepared = replace(prepared, duration=read.duration, notes=(*read.notes, *notes))
    if recipe.modality != "multimodal":
        return prepared
    return _with_sound(prepared, _sound(path, recipe, limits))


def _with_sound(pictures: Prepared, sound: Prepared) -> Prepared:
    """Both in one; a missing part is a note, and only where both are missing there is nothing to score."""
    missing = tuple(p.not_applicable for p in (pictures, sound) if p.not_applicable)
    return replace(
        pictures,
        audio=sound.audio,
        audio_start=sound.audio_start,
        sample_rate=sound.sample_rate,
        duration=max(pictures.duration, sound.duration),
        not_applicable=" and ".join(missing) if len(missing) == 2 else None,
        notes=(*pictures.notes, *sound.notes, *(missing if len(missing) == 1 else ())),
    )


def _sound(path: Path, recipe: Recipe, limits: Limits) -> Prepared:
    try:
        sound = read_sound(path, recipe.sample_rate, limits=limits)
    except NoSound:
        return nothing(probe(path, limits).kind, NO_SOUND)
    except MediaError:
        if _is_picture(path, limits):
            return nothing("image", NO_SOUND)
        raise
    audio, cut = sound.samples, 0
    trimmed, cut = trim_silence(audio)
    if not len(trimmed):
        return replace(nothing("audio", SILENCE), duration=len(audio) / sound.rate, notes=sound.notes)
    if recipe.trim_silence:
        audio = trimmed
    return replace(
        nothing("audio", None),
        audio=audio,
        audio_start=sound.start + (cut / sound.rate if recipe.trim_silence else 0.0),
        sample_rate=sound.rate,
        duration=len(sound.samples) / sound.rate,
        notes=sound.notes,
    )


def _is_picture(path: Path, limits: Limits) -> bool:
    try:
        open_image(path, limits)
    # The answer, not a failure.
    except NotAPicture:
        return False
    return True


def _assemble(kind: str, units: Units, times: np.ndarray, indices: np.ndarray) -> Prepared:
    if not units.crops:
        return replace(nothing(kind, NO_FACE), frame_size=units.frame_size)
    which = np.array(units.which)
    same = len({part.shape for part in units.crops}) == 1
    return replace(
        nothing(kind, None),
        frames=np.stack(units.crops) if same else units.crops,
        times=times[which],
        indices=indices[which],
        tracks=np.array(units.tracks, dtype=np.int64),
        boxes=np.array(units.boxes, dtype=np.float64),
        frame_size=units.frame_size,
    )


def nothing(kind: str, reason: str | None) -> Prepared:
    """A prepared file without units."""
    return Prepared(
        frames=None,
        times=np.zeros(0),
        indices=np.zeros(0, np.int64),
        tracks=np.zeros(0, np.int64),
        boxes=np.zeros((0, 4)),
        frame_size=(0, 0),
        audio=None,
        audio_start=0.0,
        sample_rate=0,
        duration=0.0,
        kind=kind,
        not_applicable=reason,
    )
