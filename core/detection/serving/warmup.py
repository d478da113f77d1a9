"""Before the first file: detectors opened and run once over nothing, decoders started, so that nobody waits
for them."""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from core.errors import WorkbenchError
from core.media.recipe import Recipe

log = logging.getLogger(__name__)
BLANK_FRAMES, BLANK_SECONDS = 2, 1.0


def decoders() -> None:
    """Start the process that decodes uploads: its imports take as long as torch's, beside them."""
    from PIL import Image

    from core.media import sandbox

    with tempfile.TemporaryDirectory(prefix="detect-warm-") as folder:
        path = Path(folder, "blank.png")
        Image.new("RGB", (64, 64)).save(path)
        try:
            sandbox.run(
                "core.media.prepare:prepare", path, Recipe(modality="image", image_size=64, faces=True)
            )
        except WorkbenchError as error:  # the first file will say it again, where somebody reads it
            log.warning("the decoders cannot be started (%s)", error)


def explanations() -> None:
    """Their library takes several times as long to import as everything that a verdict needs."""
    from core.detection.explanations import DEFAULT, method

    method(DEFAULT)


def detectors(names: Iterable[str]) -> None:
    """Open each and run it once; one that cannot be opened is told by the file that asks for it."""
    from core.detection.detector import open_shared

    for name in names:
        try:
            detector = open_shared(name)
            detector.judge(blank(detector.recipe))
        except (WorkbenchError, OSError, RuntimeError) as error:
            log.warning("%s is not opened beforehand (%s)", name, error)


def blank(recipe: Recipe) -> Any:
    """A prepared file of noise, as the recipe would have it."""
    from core.media.prepare import nothing

    rng = np.random.default_rng(0)
    n, side = (1 if recipe.modality == "image" else BLANK_FRAMES), recipe.image_size
    ready = replace(nothing("video", None), sample_rate=recipe.sample_rate, duration=BLANK_SECONDS)
    if recipe.modality != "audio":
        ready = replace(
            ready,
            frames=rng.integers(0, 255, (n, side, side, 3), dtype=np.uint8),
            times=np.arange(n, dtype=np.float64),
            indices=np.arange(n),
            tracks=np.zeros(n, np.int64),
            boxes=np.tile([0.0, 0.0, side, side], (n, 1)),
            frame_size=(side, side),
        )
    if recipe.modality in ("audio", "multimodal"):
        sound = rng.standard_normal(round(recipe.sample_rate * BLANK_SECONDS))
        ready = replace(ready, audio=(0.1 * sound).astype(np.float32))
    return ready
