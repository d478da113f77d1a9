"""How pictures and recordings reach a classifier that came with its configuration, and its card from that."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from models.cards import ModelCard
from models.published.base import Family
from models.published.sound import LONGEST

USUAL_INPUT: Mapping[str, Any] = {
    "modality": "image",
    "labels": [],
    "size": 224,
    "mean": [0.5] * 3,
    "std": [0.5] * 3,
    "resize": "fit",
    "shorter_side": 0,
    "filter": "bilinear",
    "sample_rate": 16_000,
    "seconds": LONGEST,
    "normalise": False,
}


def card_of(family: Family, options: Mapping[str, Any]) -> ModelCard:
    stated = {**USUAL_INPUT, **options}
    return ModelCard(
        name=family.name,
        modality=stated["modality"],
        about=family.about,
        source=family.source,
        size=int(stated["size"]),
        mean=tuple(stated["mean"]),
        std=tuple(stated["std"]),
        resize=stated["resize"],
        sample_rate=int(stated["sample_rate"]),
        seconds=float(stated["seconds"]),
    )
