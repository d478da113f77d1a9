"""Techniques against imbalance, freely combined. One file each: a class of `Balancing` in this folder is a
technique."""

from __future__ import annotations

from collections.abc import Sequence

from core import registry
from core.training.balancing.base import Balancing, TrainingSet
from core.training.balancing.dataset_weights import draw_rows
from core.training.options.settings import settings_from

# In the order in which they are asked to draw.
TECHNIQUES: dict[str, type[Balancing]] = dict(
    sorted(registry.classes(__name__, Balancing).items(), key=lambda entry: (entry[1].order, entry[0]))
)

__all__ = ["TECHNIQUES", "Balancing", "TrainingSet", "draw_rows", "draws_together", "make_balancing"]


def make_balancing(names: Sequence[str], samples: TrainingSet, config: object = None) -> list[Balancing]:
    """The techniques of these names, each with the settings that its file declares."""
    return [
        kind(samples, settings_from(kind.Settings, config))
        for name, kind in TECHNIQUES.items()
        if name in names
    ]


def draws_together(techniques: Sequence[Balancing]) -> int:
    """How many draws in a row stay in one batch and on one process: as the technique that draws wants it."""
    return next((t.together for t in techniques if type(t).draws is not Balancing.draws), 1)
