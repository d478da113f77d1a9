"""The recipe: how a file becomes model input. It is saved with the detector; detection uses it as training did."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from core.errors import BadInput

RECIPE_VERSION = 1
YOUNGER = ("shorter_side", "filter", "windows", "level", "face_share")
NAMES = {str: "a word", int: "a whole number", float: "a number", bool: "true or false"}
# A note on a prepared clip.
WHOLE_FRAMES = (
    "no face was found in the clip, so its frames are judged whole; the detector learned pictures of faces"
)


@dataclass(frozen=True)
class Recipe:
    """Plain values only. Fields that do not touch a modality are ignored for it."""

    modality: str = "video"  # image | audio | video | multimodal
    frames: int = 16  # frames of a clip, evenly spaced (1 for a picture)
    sampling: str = "exact"  # exact | fast (snap to the cheapest frame within half a step)
    image_size: int = 224  # pixels
    # fit     scaled to image_size
    # native  kept unresized, crops of image_size are taken
    # whole   kept unresized and seen as a whole
    # crop    the shorter side scaled to shorter_side, then the middle (unscaled where that is 0)
    resize: str = "fit"
    shorter_side: int = 0  # pixels
    filter: str = "area"  # area | nearest | bilinear | bicubic | lanczos: how pixels are averaged
    faces: bool = False  # crop the face first
    face_margin: float = 1.3  # side of the square crop over the side of the face
    # Of pictures learned from as they are: side of the faces in them over the picture's shorter side, 0 where
    # most show none. Of a clip that such a detector judges, the same part around the face is cropped.
    face_share: float = 0.0
    face_detector: str = "cascade"  # cascade | yunet
    max_tracks: int = 4  # people followed in a clip
    sample_rate: int = 16_000  # hertz
    seconds: float = 64_600 / 16_000  # length of one audio window
    trim_silence: bool = True  # leading and trailing
    # all    windows over the whole recording
    # first  one window at its begin
    # whole  it as it is, up to seconds
    windows: str = "all"
    level: str = "even"  # even: the same loudness for every window | as_is
    aggregation: str = "mean"  # how unit scores become the sample's: mean | max (over tracks always max)
    version: int = RECIPE_VERSION

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Recipe:
        known = {f.name for f in fields(cls)}
        unknown = sorted(set(values) - known)
        if unknown:
            raise BadInput(f"recipe has unknown fields {unknown}; known are {sorted(known)}")
        for field in fields(cls):
            value, kind = values.get(field.name, field.default), type(field.default)
            whole_for_real = kind is float and type(value) is int
            if type(value) is not kind and not whole_for_real:
                raise BadInput(f"recipe: {field.name} ({value!r}) must be {NAMES[kind]}")
        return cls(**values)

    def key(self) -> str:
        """A short hash: two recipes with the same key prepare a file to the same arrays.

        Fields younger than the first caches count only where they differ from their defaults.
        """
        usual = {f.name: f.default for f in fields(self)}
        counted = {k: v for k, v in self.to_dict().items() if k not in YOUNGER or v != usual[k]}
        return hashlib.sha256(json.dumps(counted, sort_keys=True).encode()).hexdigest()[:16]


def shows_faces(prepared: Any, recipe: Recipe) -> bool:
    """Whether the units of a prepared file are crops around faces."""
    if recipe.faces or not recipe.face_share or recipe.modality != "image":
        return recipe.faces
    return prepared.kind == "video" and WHOLE_FRAMES not in prepared.notes
