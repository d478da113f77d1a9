"""Celeb-DF++ (also called v3): the originals of Celeb-DF, and fakes by three kinds of forgery and many methods each."""

from __future__ import annotations

from typing import ClassVar

from core.catalog.layouts.base import (
    FAKE,
    REAL,
    Evidence,
    Labels,
    Part,
    Published,
    Rule,
    Whole,
    normal,
    starts_with_any,
)
from core.catalog.layouts.celeb_df import LIST, CelebDF
from core.catalog.listing import Listing

FAMILIES = ("FaceSwap", "FaceReenact", "TalkingFace")
_FOLDED = {normal(name): name for name in FAMILIES}
_NAMES = (
    "celeb_df++",
    "celeb_df_++",
    "celeb_dfpp",
    "celeb_df_plus",
    "celeb_df_v3",
    "celebdf++",
    "celebdf_v3",
)


class CelebDFPlus(CelebDF):
    """`Celeb-synthesis/<kind>/<method>/id0_id1_0000.mp4`; the kinds also lie beside `Celeb-real` itself."""

    slug = "celeb-df-plus"
    dataset = "Celeb-DF++"
    nicknames = ("Celeb-DF-v3",)
    priority = 55  # before the set that it extends
    rules: ClassVar[tuple[Rule, ...]] = (
        Rule("Celeb-real", REAL),
        Rule("YouTube-real", REAL),
        Rule("Celeb-synthesis", FAKE, method="Celeb-synthesis"),
        Rule(f"{{family:{'|'.join(FAMILIES)}}}", FAKE),
    )
    published = None
    licence = "research only"
    size = "not stated"
    notes = ("Most methods show the same few people: hold out a method, and read figures by method.",)

    def accepts(self, evidence: Evidence) -> bool:
        """Its name, else kinds of forgery among folders that only Celeb-DF has."""
        kinds = evidence.below & _FOLDED.keys() or evidence.captures.get("family")
        return starts_with_any(evidence, *_NAMES) or bool(kinds and evidence.rules & {0, 1, 2})

    def name_of(self, evidence: Evidence) -> str:
        return self.dataset

    def published_of(self, evidence: Evidence) -> Published | None:
        return self.published

    def whole(self, evidence: Evidence) -> Whole:
        return Whole(("Celeb-real", "YouTube-real", *FAMILIES), (LIST,))

    def label(self, part: Part, lists: Listing | None) -> Labels:
        labels = super().label(part, lists)
        if labels.label == FAKE:
            way = ([part.facts["family"]] if "family" in part.facts else []) + list(part.below)
            inner = [name for name in way if normal(name) not in _FOLDED]
            family = next((_FOLDED[normal(name)] for name in way if normal(name) in _FOLDED), None)
            labels.method = inner[0] if inner else family or part.rule.method
            labels.meta = {"kind": family} if family else None
        return labels
