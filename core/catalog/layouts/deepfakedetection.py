"""DeepFakeDetection (Google, with FaceForensics++): official, both Kaggle shapes (DFD, DFF), and inside Kaggle's C23."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

from core.catalog.layouts.base import (
    COMPRESSIONS,
    FAKE,
    REAL,
    Evidence,
    Labels,
    Layout,
    Part,
    Published,
    Rule,
    clips,
    each,
    normal,
)

_ACTORS = re.compile(r"(\d\d)(?:_(\d\d))?__")
METHOD = "DeepFakeDetection"


class DeepFakeDetection(Layout):
    slug = "dfd"
    dataset = "DeepFakeDetection"
    nicknames = ("DFD", "DFF", "FF++", "FFPP")
    kinds = ("video", "image")
    priority = 60
    rules = (
        Rule("original_sequences/actors", REAL, strong=True, edition="official"),
        Rule("manipulated_sequences/DeepFakeDetection", FAKE, method=METHOD, strong=True, edition="official"),
        Rule("manipulated_sequences/DeepFakeDetection/masks", ignore="masks", edition="official"),
        Rule("DFD_original_sequences", REAL, strong=True, edition="kaggle"),
        Rule("DFD_manipulated_sequences", FAKE, method=METHOD, strong=True, edition="kaggle"),
        Rule("DFD_manipulated_sequences/masks", ignore="masks", edition="kaggle"),
        Rule(
            "DeepFakeDetection",
            FAKE,
            method=METHOD,
            strong=True,
            own=True,
            direct=True,
            edition="part of C23",
        ),
    )
    published = Published(363, 3068)
    source = (
        "https://github.com/ondyari/FaceForensics (after its form is filled in); "
        "https://www.kaggle.com/datasets/sanikatiwarekar/deep-fake-detection-dfd-entire-original-dataset"
    )
    licence = "research only"
    size = "22 GB (c23)"
    descends_from = "FaceForensics++"
    notes = (
        "28 actors, swapped densely: an identity-disjoint split has to drop the fakes that join its parts.",
    )

    def copies(self, evidence: Evidence) -> int:
        return max(1, len({COMPRESSIONS[name] for name in evidence.below if name in COMPRESSIONS}))

    def label(self, part: Part, lists: Any) -> Labels:
        labels = self.stated_labels(part)
        names = clips(part)
        labels.groups = each(names, actor_keys)
        labels.identity = each(names, lambda name: name[:2] if actor_keys(name) else None)
        stated = [normal(name) for name in part.below]
        compression = next((COMPRESSIONS[name] for name in stated if name in COMPRESSIONS), None)
        labels.meta = {"compression": compression} if compression else None
        return labels


def actor_keys(clip: str) -> tuple[str, ...]:
    """`01__scene` or `01_11__scene__XXXXXXXX` (target, source): the actors in it."""
    match = _ACTORS.match(clip)
    return _actors(*match.groups()) if match else ()


@lru_cache(maxsize=65536)
def _actors(*actors: str | None) -> tuple[str, ...]:
    return tuple(f"actor:{actor}" for actor in actors if actor)
