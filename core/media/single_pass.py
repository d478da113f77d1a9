"""All that is kept of a file, from one decoding: the prepared input, what the file is, and its fingerprint.

file ──one decoding──▶ prepared input    for the network
                   ├─▶ probe facts       what it is
                   └─▶ fingerprint       which other files are nearly the same
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from core.errors import MediaError
from core.media.fingerprint import FRAMES, SAMPLING, Fingerprint, perceptual
from core.media.images import NotAPicture, open_image
from core.media.limits import Limits
from core.media.memo import decoding_once
from core.media.prepare import Prepared, frames_of_a_clip, prepare
from core.media.probe import MediaInfo, probe
from core.media.recipe import Recipe
from core.media.video import read_samplings
from core.workspace import Workspace


@dataclass(frozen=True)
class FileFacts:
    """What is known of a file whatever recipe it was prepared by."""

    info: MediaInfo
    fingerprint: Fingerprint  # empty where nothing can be compared


@dataclass(frozen=True)
class Made:
    prepared: Prepared
    facts: FileFacts | None  # None for what cannot even be probed


def make(
    path: Path,
    recipe: Recipe,
    *,
    limits: Limits | None = None,
    threads: int = 0,
    space: Workspace | None = None,
) -> Made:
    limits = limits or Limits.from_settings(space)
    with decoding_once():
        decode_for_both(path, recipe, limits, threads)
        prepared = prepare(path, recipe, limits=limits, threads=threads, space=space)
        return Made(prepared, _facts(path, limits))


def decode_for_both(path: Path, recipe: Recipe, limits: Limits | None, threads: int) -> None:
    """Within `decoding_once`: the frames of a clip for the recipe and those for its fingerprint, together.

    Pictures and sound are decoded once by themselves. What is wrong with the file is said by who asks for it next.
    """
    if recipe.modality == "audio":
        return
    # Only read ahead here; the judgement reads the file again and reports what is wrong.
    with contextlib.suppress(MediaError):
        try:
            open_image(path, limits)
        except NotAPicture:
            both = [(frames_of_a_clip(recipe), recipe.sampling), (FRAMES, SAMPLING)]
            read_samplings(path, list(dict.fromkeys(both)), limits=limits, threads=threads)


def _facts(path: Path, limits: Limits) -> FileFacts | None:
    try:
        info = probe(path, limits)
    # The judgement asks again and reports it.
    except MediaError:
        return None
    try:
        return FileFacts(info, perceptual(path, info.kind, limits))
    except MediaError:
        return FileFacts(info, Fingerprint(np.zeros(0, np.uint64)))
