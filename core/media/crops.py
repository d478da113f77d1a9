"""What is cut out of pictures: the face, the centre, or all of it."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from core.media.faces import crop, detector, resize, resize_part, square
from core.media.recipe import WHOLE_FRAMES, Recipe
from core.media.tracks import follow
from core.workspace import Workspace

NATIVE_SIDE = 1024  # pixels: an unresized crop is at most this large; of a larger one the centre is kept


@dataclass(frozen=True)
class Units:
    """Crops with where they come from: which picture, whose face, which part of the frame."""

    crops: list[np.ndarray]
    which: list[int]
    tracks: list[int]
    boxes: list[tuple[float, float, float, float]]
    frame_size: tuple[int, int]


def cut_units(pictures: list[np.ndarray], recipe: Recipe, space: Workspace | None) -> Units:
    height, width = pictures[0].shape[:2]
    units = Units([], [], [], [], (width, height))
    if recipe.faces:
        people = follow(pictures, detector(recipe.face_detector, space), recipe.max_tracks)
        places = [
            (
                track,
                i,
                square(person.boxes[i], recipe.face_margin, pictures[i].shape[1], pictures[i].shape[0]),
            )
            for track, person in enumerate(people)
            for i in sorted(person.boxes)
        ]
    else:
        places = [(0, i, (0, 0, picture.shape[1], picture.shape[0])) for i, picture in enumerate(pictures)]
    for track, i, box in places:
        seen: tuple[float, float, float, float] = box
        if recipe.resize in ("native", "whole"):
            seen = _central(box)
        elif recipe.resize == "crop":
            seen = _middle(box, recipe)
        units.crops.append(_crop(pictures[i], seen, recipe))
        units.which.append(i)
        units.tracks.append(track)
        units.boxes.append(seen)
    return units


def units_of_a_clip(
    pictures: list[np.ndarray], recipe: Recipe, space: Workspace | None
) -> tuple[Units, tuple[str, ...]]:
    """Where pictures of faces were learned, a clip shows the network the face as those did; without one, whole frames.

    picture learned   |  ( face )  |        frame   |        [ ( face ) ]        |
    """
    if recipe.modality == "image" and recipe.face_share and not recipe.faces:
        close = cut_units(pictures, replace(recipe, faces=True, face_margin=1 / recipe.face_share), space)
        if close.crops:
            return close, ()
        return cut_units(pictures, recipe, space), (WHOLE_FRAMES,)
    return cut_units(pictures, recipe, space), ()


def _central(box: tuple[int, int, int, int]) -> tuple[int, int, int, int]:
    """The middle of a part that is too large to be kept unresized."""
    x0, y0, x1, y1 = box
    width, height = min(x1 - x0, NATIVE_SIDE), min(y1 - y0, NATIVE_SIDE)
    left, top = (x0 + x1 - width) // 2, (y0 + y1 - height) // 2
    return left, top, left + width, top + height


def _middle(box: tuple[int, int, int, int], recipe: Recipe) -> tuple[float, float, float, float]:
    """The square in the middle that fills image_size once the shorter side was scaled to shorter_side."""
    x0, y0, x1, y1 = box
    short = min(x1 - x0, y1 - y0)
    share = recipe.image_size / recipe.shorter_side if recipe.shorter_side else recipe.image_size / short
    side = min(float(short), short * share)
    left, top = (x0 + x1 - side) / 2, (y0 + y1 - side) / 2
    return left, top, left + side, top + side


def _crop(picture: np.ndarray, box: tuple[float, float, float, float], recipe: Recipe) -> np.ndarray:
    """The part inside the box, scaled where the recipe scales."""
    whole = tuple(round(v) for v in box)
    if recipe.resize == "fit":
        return resize(crop(picture, whole), recipe.image_size, recipe.filter)  # type: ignore[arg-type]
    if recipe.resize == "crop" and recipe.shorter_side:
        return resize_part(picture, box, recipe.image_size, recipe.filter)
    return np.ascontiguousarray(crop(picture, whole))  # type: ignore[arg-type]
