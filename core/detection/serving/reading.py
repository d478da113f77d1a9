"""Everything that a verdict needs of one file, in one decoding. Runs in the process that decodes; imports no
torch."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2

from core.detection import applicability, catalogue_copies, facts
from core.detection.frames import choose_frames
from core.media.limits import Limits
from core.media.memo import decoding_once
from core.media.prepare import prepare
from core.media.probe import probe
from core.media.recipe import Recipe
from core.media.sandbox import outcome
from core.media.single_pass import decode_for_both


@dataclass(frozen=True)
class Wanted:
    """What is read of a file beside its probe."""

    recipes: dict[str, Recipe] = field(default_factory=dict)  # by kind of file: how it is prepared
    facts: bool = True
    frames: bool = False  # whole ones, for heat maps
    fingerprint: bool = False
    threads: int = 0  # of a decoder; 0: all cores

    def to_dict(self) -> dict[str, Any]:
        return dict(vars(self))


def read(path: Path, wanted: dict[str, Any], limits: Limits | None = None) -> dict[str, Any]:
    """`info`, and of each other part what it gave or the error that it ended with."""
    asked = Wanted(**wanted)
    if asked.threads:
        cv2.setNumThreads(asked.threads)
    with decoding_once():
        info = probe(path, limits)
        parts: dict[str, Any] = {"info": info}

        def add(name: str, call: Callable[[], Any]) -> None:
            parts[name] = outcome(path, call)

        recipe = asked.recipes.get(info.kind)
        if recipe is not None and applicability.why_not(recipe.modality, info) is None:
            if asked.fingerprint and info.kind == "video":
                decode_for_both(path, recipe, limits, asked.threads)
            add("prepared", lambda: prepare(path, recipe, limits=limits, threads=asked.threads))
            ready = parts["prepared"].get("result")
            if asked.frames and ready is not None and ready.frames is not None and len(ready.frames):
                add("frames", lambda: choose_frames(path, recipe, info.kind))
        if asked.facts:
            add("facts", lambda: facts.read(path, info))
        if asked.fingerprint:
            add("fingerprint", lambda: catalogue_copies.fingerprint(path, info.kind))
        return parts
