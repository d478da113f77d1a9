"""From a configuration to the recipe: what the network's card says unless the configuration says
otherwise."""

from __future__ import annotations

import logging
import statistics
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.errors import WorkbenchError
from core.media.recipe import Recipe

if TYPE_CHECKING:
    import pandas as pd

    from core.training.options.config import TrainConfig

log = logging.getLogger(__name__)

FRAMES_OF_A_CLIP = 8  # for a network that sees one picture at a time
FILES_LOOKED_AT = 12  # for `faces: auto`
FILLS_THE_FRAME = 0.6  # a face box whose longer side has this share of the frame's shorter needs no cropping


def recipe_for(
    config: TrainConfig, table: pd.DataFrame | None = None, *, card: Any = None, space: Any = None
) -> Recipe:
    """The recipe of a run. `table` (sample table) is looked at for `faces: auto`; without it auto means
    false."""
    from core.media.faces import best_detector  # imports OpenCV

    if card is None:
        import models  # heavy; only when the caller has no card

        card = models.card(config.model_name, **config.model_options)
    recipe = Recipe(
        modality=config.modality,
        frames=config.frames or (card.frames if card.frames > 1 else FRAMES_OF_A_CLIP),
        sampling=config.sampling,
        image_size=config.image_size or card.size,
        resize=card.resize,
        faces=config.faces is True,
        face_margin=config.face_margin,
        face_detector=best_detector(space),
        sample_rate=config.sample_rate or card.sample_rate,
        seconds=config.seconds or card.seconds,
        trim_silence=config.trim_silence,
        aggregation=config.aggregation,
    )
    if config.faces == "auto" and config.modality != "audio" and table is not None and len(table):
        shares = face_shares(sample_paths(table, config.seed, space), recipe)
        recipe = replace(recipe, faces=worth_cropping(shares))
        if config.modality == "image" and not recipe.faces:
            recipe = replace(recipe, face_share=usual_share(shares))
    return recipe


def sample_paths(table: pd.DataFrame, seed: int, space: Any = None) -> list[Path]:
    """A few files of either class and every dataset, the same for the same seed."""
    from core.catalog.table import absolute_paths

    visual = table[table["modality"].isin(["image", "video"])]
    shuffled = visual.sample(frac=1.0, random_state=seed)
    keys = [c for c in ("dataset", "label") if c in shuffled]
    turn = shuffled.groupby(keys, dropna=False).cumcount() if keys else 0
    chosen = shuffled.assign(_turn=turn).sort_values("_turn", kind="stable").head(FILES_LOOKED_AT)
    return absolute_paths(chosen, space)


def face_shares(paths: Sequence[Path], recipe: Recipe) -> list[float | None]:
    """Of each file that can be looked at: how much of the frame its face takes; None where it shows none."""
    from core.media import sandbox
    from core.media.prepare import prepare

    probing = replace(recipe, modality="video", faces=True, frames=2)
    shares: list[float | None] = []
    for path in paths:
        try:
            prepared = sandbox.run(prepare, path, probing)
        except WorkbenchError as error:
            log.info("faces: auto passes over %s (%s)", path.name, error)
            continue
        there = prepared.not_applicable is None and len(prepared.boxes)
        shares.append(
            face_share(prepared.boxes[0], prepared.frame_size, recipe.face_margin) if there else None
        )
    return shares


def worth_cropping(shares: Sequence[float | None]) -> bool:
    """Whether most of the files show a face that does not fill the frame already."""
    worth = sum(share is not None and share < FILLS_THE_FRAME for share in shares)
    return worth * 2 > len(shares)


def usual_share(shares: Sequence[float | None]) -> float:
    """How much of the frame a face takes where most of the files show one, else 0."""
    from core.media.prepare import SMALLEST_SHARE

    found = [share for share in shares if share is not None]
    if len(found) * 2 <= len(shares):
        return 0.0
    return round(min(1.0, max(SMALLEST_SHARE, statistics.median(found))), 3)


def face_share(box: Any, frame_size: tuple[int, int], margin: float) -> float:
    """The face's side against the frame's shorter one; the box has the margin around it."""
    x0, y0, x1, y1 = (float(v) for v in box)
    return max(x1 - x0, y1 - y0) / margin / max(1.0, float(min(frame_size)))
