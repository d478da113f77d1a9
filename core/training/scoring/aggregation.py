"""From the logits of pieces to the score of each unit, and from these to the sample's own.

frames   .9 .8 | .1 .2      two persons, two frames each
persons   .85  |  .15       the mean over a person's units, or the highest where the recipe says max
sample        .85           the highest over persons: one swapped face makes a fake
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from core.media.recipe import Recipe
from core.training.reading.inputs import Pieces, Unit, with_scores


class Scored(NamedTuple):
    """`units, score = score_prepared(…)`; the score is None where nothing could be judged."""

    units: list[Unit]
    score: float | None


def aggregate_units(
    sample: Pieces, piece_logits: Sequence[float], unit_logits: Sequence[np.ndarray | None], recipe: Recipe
) -> Scored:
    """Unit scores from the pieces that saw them; a person's score from its units; the sample's from the persons.

    A clip that a network judges as a whole has the network's own verdict as its person's score. Over persons
    the highest counts: one swapped face makes a fake.
    """
    if not sample.pieces:
        return Scored([], None)
    seen: list[list[float]] = [[] for _ in sample.units]
    persons: dict[int, list[float]] = {}
    whole_clips = recipe.modality == "video"
    for piece, logit, parts in zip(sample.pieces, piece_logits, unit_logits, strict=True):
        for place, unit in enumerate(piece.units):
            seen[unit].append(float(parts[place]) if whole_clips and parts is not None else logit)
        if whole_clips:
            persons.setdefault(piece.track, []).append(float(probability(logit)))
    judged = [u for u, values in enumerate(seen) if values]
    units = with_scores(
        [sample.units[u] for u in judged], [probability(float(np.mean(seen[u]))) for u in judged]
    )
    if not whole_clips:
        for one in units:
            persons.setdefault(one.track, []).append(float(one.score or 0.0))
    return Scored(units, max(aggregate(scores, recipe.aggregation) for scores in persons.values()))


def aggregate(scores: Sequence[float], how: str) -> float:
    return float(np.max(scores)) if how == "max" else float(np.mean(scores))


def probability(logit: Any) -> Any:
    """P(fake) of a margin."""
    return 1.0 / (1.0 + np.exp(-np.clip(logit, -60.0, 60.0)))
