"""From a prepared file to what a network takes: the pieces that are scored, and batches of them as tensors.

Training, evaluation, detection and its explanations all go through here, so they see the same input.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from core.media.recipe import Recipe, shows_faces

Arrays = dict[str, np.ndarray]
CROPS_PER_AXIS = 3  # of a native picture; evenly spaced from edge to edge
MOST_CROPS = 36  # of a native clip, over all its frames: each costs a pass
SMALLEST_WHOLE = 32  # pixels: what a network that sees whole pictures needs each way
PRESENT_WORDS = {"image": "picture", "audio": "sound", "text": "text"}
LOUDNESS = 0.1  # root mean square of a piece of sound; levels differ between sources and give labels away


@dataclass(frozen=True)
class Unit:
    """A scored part of a sample. `score` is None until a network has seen it."""

    kind: str  # frame | face | segment
    index: int  # frame number, or the number of the segment
    t0: float  # seconds from the start of the file
    t1: float
    score: float | None = None
    box: tuple[float, float, float, float] | None = None  # pixels of the frame
    track: int = 0  # person


@dataclass(frozen=True)
class Piece:
    """One row of a forward pass: its arrays, and which units of the sample it scores."""

    arrays: Arrays
    units: tuple[int, ...]
    track: int = 0


@dataclass(frozen=True)
class Pieces:
    """A whole sample, cut into what the network sees."""

    units: tuple[Unit, ...]
    pieces: tuple[Piece, ...]
    present: tuple[str, ...] = ()  # picture, sound, text: what it brought for a multimodal network


def pieces_of(
    prepared: Any, recipe: Recipe, *, text: str | None = None, metadata: Mapping[str, Any] | None = None
) -> Pieces:
    """All units of a prepared file with the arrays that score them; none where it is not applicable."""
    if prepared.not_applicable is not None:
        return Pieces((), ())
    if recipe.modality == "audio":
        return _audio_pieces(prepared, recipe)
    if recipe.modality == "image":
        return _image_pieces(prepared, recipe)
    if recipe.modality == "video":
        return _video_pieces(prepared, recipe)
    return _multimodal_pieces(prepared, recipe, text, metadata)


def _frame_units(prepared: Any, recipe: Recipe) -> list[Unit]:
    kind = "face" if shows_faces(prepared, recipe) else "frame"
    return [
        Unit(
            kind,
            int(prepared.indices[u]),
            float(prepared.times[u]),
            float(prepared.times[u]),
            box=tuple(float(v) for v in prepared.boxes[u]) if len(prepared.boxes) else None,  # type: ignore[arg-type]
            track=int(prepared.tracks[u]),
        )
        for u in range(len(prepared.frames))
    ]


def _image_pieces(prepared: Any, recipe: Recipe) -> Pieces:
    units = _frame_units(prepared, recipe)
    pieces = []
    per_axis = crops_per_axis(len(units))
    for u, unit in enumerate(units):
        for crop in network_views(np.asarray(prepared.frames[u]), recipe, per_axis):
            pieces.append(Piece({"image": crop}, (u,), unit.track))
    return Pieces(tuple(units), tuple(pieces))


def _video_pieces(prepared: Any, recipe: Recipe) -> Pieces:
    units = _frame_units(prepared, recipe)
    pieces = []
    for track in sorted({unit.track for unit in units}):
        chosen = [u for u, unit in enumerate(units) if unit.track == track][: recipe.frames]
        pieces.append(Piece(clip_arrays(prepared.frames, chosen, recipe), tuple(chosen), track))
    return Pieces(tuple(units), tuple(pieces))


def _audio_pieces(prepared: Any, recipe: Recipe) -> Pieces:
    units: list[Unit] = []
    pieces: list[Piece] = []
    for k, (t0, t1, sound) in enumerate(sound_windows(prepared, recipe)):
        units.append(Unit("segment", k, t0, t1))
        pieces.append(Piece({"audio": sound}, (k,)))
    return Pieces(tuple(units), tuple(pieces))


def _multimodal_pieces(
    prepared: Any, recipe: Recipe, text: str | None, metadata: Mapping[str, Any] | None
) -> Pieces:
    """One piece a person and a window of sound, with the frames that fall into that window."""
    frames = _frame_units(prepared, recipe) if prepared.frames is not None else []
    has_audio = prepared.audio is not None and len(prepared.audio) > 0
    windows: list[tuple[float, float, np.ndarray | None]] = (
        [(a, b, sound) for a, b, sound in sound_windows(prepared, recipe)]
        if has_audio
        else [(0.0, 0.0, None)]
    )
    there = {"image": bool(frames), "audio": has_audio, "text": bool(text)}
    present = tuple(word for part, word in PRESENT_WORDS.items() if there[part])
    units: list[Unit] = []
    pieces: list[Piece] = []
    for track in sorted({frame.track for frame in frames}) or [0]:
        own = [u for u, frame in enumerate(frames) if frame.track == track]
        for t0, t1, sound in windows:
            chosen = frames_between(prepared.times, own, t0, t1) if sound is not None else own
            chosen = chosen[: recipe.frames]
            arrays = multimodal_arrays(prepared.frames, chosen, sound, text, metadata, recipe)
            end = t1 if sound is not None else max((float(prepared.times[u]) for u in own), default=0.0)
            if prepared.kind == "image":  # its one moment is the picture itself
                units.append(frames[own[0]])
            else:
                units.append(Unit("segment", len(units), t0, end, track=track))
            pieces.append(Piece(arrays, (len(units) - 1,), track))
    return Pieces(tuple(units), tuple(pieces), present)


def without(arrays: Arrays, missing: frozenset[str]) -> Arrays:
    """The same piece with modalities (image, audio, text, metadata) marked as missing, as training marks
    them."""
    masked = dict(arrays)
    if "image" in missing:
        masked["mask"] = np.zeros_like(arrays["mask"])
    if "audio" in missing:
        masked["has_audio"] = np.array(False)
    if "text" in missing:
        masked["text"] = np.array("")
    if "metadata" in missing:
        masked["metadata"] = np.array("{}")
    return masked


def frames_between(times: np.ndarray, chosen: Sequence[int], t0: float, t1: float) -> list[int]:
    """The frames inside a window, or the one nearest to its middle where none falls into it."""
    inside = [u for u in chosen if t0 <= float(times[u]) <= t1]
    if inside or not chosen:
        return inside
    return [min(chosen, key=lambda u: abs(float(times[u]) - (t0 + t1) / 2))]


def clip_arrays(frames: Any, chosen: Sequence[int], recipe: Recipe) -> Arrays:
    """`chosen` frames as a clip of recipe.frames pictures; the mask says which are there."""
    side, length = recipe.image_size, recipe.frames
    image = np.zeros((length, side, side, 3), np.uint8)
    mask = np.zeros(length, bool)
    for place, u in enumerate(chosen[:length]):
        image[place] = centre(np.asarray(frames[u]), recipe)
        mask[place] = True
    return {"image": image, "mask": mask}


def multimodal_arrays(
    frames: Any,
    chosen: Sequence[int],
    sound: np.ndarray | None,
    text: str | None,
    metadata: Mapping[str, Any] | None,
    recipe: Recipe,
) -> Arrays:
    """Everything that a multimodal network may take, with what is present said beside it."""
    arrays = clip_arrays(frames if frames is not None else [], chosen, recipe)
    length = window_length(recipe)
    arrays["audio"] = np.zeros(length, np.float32) if sound is None else sound
    arrays["has_audio"] = np.array(sound is not None)
    arrays["text"] = np.array(text or "")
    arrays["metadata"] = np.array(json.dumps(dict(metadata or {}), sort_keys=True))
    return arrays


def crops_per_axis(units: int) -> int:
    """Fewer crops of each where a file has many: 3 x 3 of a picture, 2 x 2 of eight frames, the middle of
    sixteen."""
    return next((n for n in range(CROPS_PER_AXIS, 1, -1) if units * n * n <= MOST_CROPS), 1)


def network_views(picture: np.ndarray, recipe: Recipe, per_axis: int = CROPS_PER_AXIS) -> list[np.ndarray]:
    """The pictures of image_size that stand for one frame: itself, or crops across an unresized one."""
    side = recipe.image_size
    if recipe.resize == "whole":
        return [pad(picture, SMALLEST_WHOLE)]
    if recipe.resize != "native":
        return [centre(picture, recipe)]
    picture = pad(picture, side)
    height, width = picture.shape[:2]
    rows, columns = _places(height, side, per_axis), _places(width, side, per_axis)
    return [picture[y : y + side, x : x + side] for y in rows for x in columns]


def _places(length: int, side: int, most: int) -> list[int]:
    count = min(most, -(-length // side))
    return [round(p) for p in np.linspace(0, length - side, count)] if count > 1 else [(length - side) // 2]


def centre(picture: np.ndarray, recipe: Recipe) -> np.ndarray:
    """The picture at image_size: as prepared, or the centre of an unresized one."""
    side = recipe.image_size
    if picture.shape[:2] == (side, side):
        return picture
    picture = pad(picture, side)
    y, x = (picture.shape[0] - side) // 2, (picture.shape[1] - side) // 2
    return picture[y : y + side, x : x + side]


def pad(picture: np.ndarray, side: int) -> np.ndarray:
    """Mirrored out to at least `side` pixels each way; resampling would blur what the network looks for."""
    down, right = max(0, side - picture.shape[0]), max(0, side - picture.shape[1])
    if not down and not right:
        return picture
    return np.pad(picture, ((0, down), (0, right), (0, 0)), mode="symmetric")


def window_length(recipe: Recipe) -> int:
    return round(recipe.seconds * recipe.sample_rate)


def sound_windows(prepared: Any, recipe: Recipe) -> list[tuple[float, float, np.ndarray]]:
    """The recording in windows of recipe.seconds: start and end in the file's time, and the sound."""
    from core.media.audio import windows

    audio, rate = prepared.audio, recipe.sample_rate
    if recipe.windows != "all":
        audio = audio[: window_length(recipe)]
    if recipe.windows == "whole":
        sounds, starts, ends = audio[None], np.zeros(1), np.array([len(audio) / rate])
    else:
        sounds, starts, ends = windows(audio, rate, recipe.seconds, recipe.seconds)
    start = float(prepared.audio_start)
    level = even_level if recipe.level == "even" else _as_it_is
    return [
        (float(a) + start, float(b) + start, level(np.asarray(sound, np.float32)))
        for a, b, sound in zip(starts, ends, sounds, strict=True)
    ]


def _as_it_is(sound: np.ndarray) -> np.ndarray:
    return sound


def even_level(sound: np.ndarray) -> np.ndarray:
    """The same loudness for every piece; silence stays silence."""
    level = float(np.sqrt(np.mean(np.square(sound), dtype=np.float64)))
    if level < 1e-6:
        return sound.astype(np.float32, copy=False)
    return np.clip(sound * (LOUDNESS / level), -1.0, 1.0).astype(np.float32)


def with_scores(units: Sequence[Unit], scores: Sequence[float]) -> list[Unit]:
    return [replace(unit, score=float(score)) for unit, score in zip(units, scores, strict=True)]
