"""Celeb-DF v1 and v2, and the three-folder edition (Celeb-Real, Celeb-Fake, Testing)."""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path
from typing import ClassVar

from core.catalog.layouts.base import (
    FAKE,
    REAL,
    Evidence,
    Labels,
    Layout,
    Part,
    Published,
    Rule,
    Site,
    Whole,
    clips,
    each,
    starts_with_any,
)
from core.catalog.list_files import text_of
from core.catalog.listing import Listing
from core.catalog.problems import Problems

SYNTHESIS, CELEB_FAKE = 2, 3  # numbers of rules
_IDS = re.compile(r"(?<![a-z\d])id\d+")
LIST = "List_of_testing_videos.txt"


class CelebDF(Layout):
    slug = "celeb-df"
    dataset = "Celeb-DF-v2"
    nicknames = ("Celed_df",)
    kinds = ("video", "image")
    rules: ClassVar[tuple[Rule, ...]] = (
        Rule("Celeb-real", REAL, strong=True),
        Rule("YouTube-real", REAL, strong=True),
        Rule("Celeb-synthesis", FAKE, method="Celeb-synthesis", strong=True),
        Rule("Celeb-fake", FAKE, method="Celeb-synthesis", strong=True),
        Rule("Testing"),  # clips without a label
    )
    published: ClassVar[Published | None] = Published(890, 5639)
    lists = (LIST,)
    source = "https://github.com/yuezunli/celeb-deepfakeforensics (after its form is filled in)"
    licence = "research only"
    size = "10 GB (v2)"
    descends_from = "Celeb-DF"
    notes = ("The official test touches 56 of the 59 people: training on the rest knows their faces.",)

    def name_of(self, evidence: Evidence) -> str:
        return f"Celeb-DF-{_version(evidence)}"

    def published_of(self, evidence: Evidence) -> Published | None:
        if CELEB_FAKE in evidence.rules:
            return Published(493, 5582)
        return Published(408, 795) if _version(evidence) == "v1" else self.published

    def whole(self, evidence: Evidence) -> Whole:
        if CELEB_FAKE in evidence.rules:
            return Whole()
        return Whole(("Celeb-real", "YouTube-real", "Celeb-synthesis"), (LIST,))

    def read(self, site: Site, problems: Problems) -> Listing | None:
        found = site.find(LIST)
        return _test_list(found[0], problems) if found else None

    def label(self, part: Part, lists: Listing | None) -> Labels:
        labels = self.stated_labels(part)
        names = clips(part)
        labels.groups = each(names, _keys)
        labels.identity = each(names, _person)
        if part.rule.pattern == "Testing":
            labels.split = "test"
        elif lists is not None:
            rows = [lists.take(path) for path in part.paths]
            labels.split = ["test" if row else None for row in rows]
            for path, row in zip(part.paths, rows, strict=True):
                if row and row["label"] != labels.label:
                    lists.problems.add("contradiction", path)
        return labels

    def finish(self, lists: Listing | None, problems: Problems) -> None:
        if lists is not None:
            lists.finish(problems)


def _version(evidence: Evidence) -> str:
    """By the folder's name; where it only says Celeb-DF it is v1 unless there is more than v1 has."""
    for version in ("v1", "v2"):
        if any(re.search(rf"cele[bd].*{version}", name) for name in evidence.names):
            return version
    fakes = evidence.counts.get(SYNTHESIS, 0) + evidence.counts.get(CELEB_FAKE, 0)
    plain = starts_with_any(evidence, "celeb_df", "celed_df") and CELEB_FAKE not in evidence.rules
    small = fakes <= 795 and evidence.counts.get(0, 0) <= 158 and evidence.counts.get(1, 0) <= 250
    return "v1" if plain and small else "v2"


def _keys(clip: str) -> tuple[str, ...]:
    """`id0_0000` or `id0_id1_0000` (target, source); clips from YouTube are of people seen once."""
    return _people(*_IDS.findall(clip))


def _person(clip: str) -> str | None:
    match = _IDS.search(clip)
    return match[0] if match else None


@lru_cache(maxsize=65536)
def _people(*people: str) -> tuple[str, ...]:
    return tuple(f"person:{person}" for person in dict.fromkeys(people))


def _test_list(path: Path, problems: Problems) -> Listing:
    """Lines like `1 YouTube-real/00170.mp4`, without a header. Trap: 1 = real, 0 = fake."""
    found = Listing(path, problems=problems)
    for line in (text_of(path, problems) or "").splitlines():
        label, _, name = line.strip().partition(" ")
        if label in ("0", "1") and name:
            found.add(name.strip(), {"label": REAL if label == "1" else FAKE})
        elif line.strip():
            problems.add("bad label", line.strip(), f"a line of {path.name}")
    return found
