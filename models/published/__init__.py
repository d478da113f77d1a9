"""Published detectors: one file a family, found by itself. `families()` lists them, `entry` is their place in the registry."""

from __future__ import annotations

from models.published.base import Family, Figure, Given, Match, Refused
from models.published.families import PREFIX, entry, families, family, recognise

__all__ = [
    "PREFIX",
    "Family",
    "Figure",
    "Given",
    "Match",
    "Refused",
    "entry",
    "families",
    "family",
    "recognise",
]
