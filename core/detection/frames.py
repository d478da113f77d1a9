"""The frames of a file as they are shown beside its heat maps. Light: a process that only decodes imports no
torch."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from core.detection.pictures import reduce_picture
from core.media.images import open_image
from core.media.memo import decoding_once
from core.media.prepare import frames_of_a_clip, prepare
from core.media.recipe import Recipe
from core.media.video import read_frames

Frames = dict[int, np.ndarray]  # frame number: RGB frame, at most as large as it is shown


def choose_frames(path: Path, recipe: Recipe, kind: str) -> Frames:
    """The frames that the recipe takes, whole, by number."""
    if kind == "image":
        return {0: reduce_picture(open_image(path))}
    read = read_frames(path, frames_of_a_clip(recipe), recipe.sampling)
    return {int(i): reduce_picture(image) for i, image in zip(read.indices, read.images, strict=True)}


def prepare_with_frames(path: Path, recipe: Recipe, kind: str) -> dict[str, Any]:
    """The prepared file and its frames in one decoding."""
    with decoding_once():
        prepared = prepare(path, recipe)
        shown = prepared.frames is not None and len(prepared.frames) > 0
        return {"prepared": prepared, "frames": choose_frames(path, recipe, kind) if shown else {}}
