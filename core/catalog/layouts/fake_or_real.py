"""FoR (Fake-or-Real): up to four editions of the same recordings, each in training, validation and testing."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any

from core.catalog.layouts.base import Evidence, Labels, Layout, Part, Published, Rule, normal

EDITIONS = "for-norm|for-2sec|for-2seconds|for-rerec|for-rerecorded|for-original"


class FakeOrReal(Layout):
    slug = "for"
    dataset = "FoR"
    kinds = ("audio",)
    rules = (Rule(f"{{edition:{EDITIONS}}}/{{split}}/{{label}}", strong=True),)
    published_parts = MappingProxyType({"for-2sec": Published(8_800, 8_921)})
    source = (
        "https://www.kaggle.com/datasets/mohammedabdeldayem/the-fake-or-real-dataset; "
        "its authors: https://bil.eecs.yorku.ca/datasets/"
    )
    licence = "research only"
    size = "17 GB (all four)"
    descends_from = "FoR"
    notes = (
        "Most fakes of for-2sec were MP3 before conversion and no real was: look at the shortcut probe.",
    )

    def published_of(self, evidence: Evidence) -> Published | None:
        editions = {_edition(name) for name in evidence.captures.get("edition", ())}
        if len(editions) != 1:
            return None
        return self.published_parts.get(editions.pop().replace("_", "-"))

    def copies(self, evidence: Evidence) -> int:
        return max(1, len({_edition(name) for name in evidence.captures.get("edition", ())}))

    def label(self, part: Part, lists: Any) -> Labels:
        """The editions hold the same recordings, named alike up to the first dot."""
        labels = self.stated_labels(part)
        where = f"{labels.split}/{labels.label}"
        labels.groups = [(f"recording:{where}/{name.partition('.')[0]}",) for name in part.names]
        labels.meta = {"edition": _edition(part.facts["edition"]).replace("_", "-")}
        return labels


def _edition(name: str) -> str:
    return {"for_2seconds": "for_2sec", "for_rerecorded": "for_rerec"}.get(normal(name), normal(name))
