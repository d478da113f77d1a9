"""Expected and found: for each known dataset whether it is here, how much of it, and what is missing."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import Any

from core import words
from core.catalog import statistics
from core.catalog.info import DatasetInfo
from core.catalog.layouts import layouts
from core.catalog.layouts.base import Layout

# In the order in which they are listed; the others follow by name.
FIRST = (
    *("faceforensics", "celeb-df", "dfdc", "fakeavceleb", "lav-df", "av-deepfake1m"),
    *("asvspoof2019-la", "in-the-wild", "wavefake"),
)
FOUND, PARTLY, ABSENT = "found", "partly", "not found"
LISTS = ("is missing", "none of the", "cannot be read", "is no complete", "lists nothing", "has no column")


@dataclass(frozen=True)
class Expected:
    """One known dataset."""

    name: str
    layout: str
    state: str  # found | partly | not found
    root: str = ""
    real: int = 0  # here
    fake: int = 0
    published: dict[str, int | None] | None = None
    part: str = ""  # of which alone the published counts are
    missing: list[str] = field(default_factory=list)  # one line each: a list file, a split, samples
    demo: bool = False  # a demo copy is here, which is none of it
    source: str = ""

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


def compare_with_expected(infos: Iterable[DatasetInfo]) -> list[Expected]:
    """Every known dataset once, with its most complete copy; demo data is none of them, and is said to be here."""
    by_layout: dict[str, list[DatasetInfo]] = {}
    demo = set()
    for info in infos:
        if info.demo:
            demo.add(info.layout)
        else:
            by_layout.setdefault(info.layout, []).append(info)
    rows = []
    for layout in sorted(layouts().values(), key=_order):
        copies = [_row(layout, info) for info in by_layout.get(layout.slug, ())]
        copies.sort(key=lambda row: (row.state != FOUND, -row.real - row.fake))
        rows += copies[:1] or [_absent(layout, layout.slug in demo)]
    return rows


def _order(layout: Layout) -> tuple[int, str]:
    return FIRST.index(layout.slug) if layout.slug in FIRST else len(FIRST), layout.dataset.casefold()


def _absent(layout: Layout, demo: bool) -> Expected:
    """With what is published of the whole set, or else of a part that one would take by itself."""
    part, known = "", layout.published
    if known is None:
        part, known = next(iter(layout.published_parts.items()), ("", None))
    return Expected(
        layout.dataset,
        layout.slug,
        ABSENT,
        published={"real": known.real, "fake": known.fake} if known else None,
        part=part,
        demo=demo,
        source=layout.source,
    )


def _row(layout: Layout, info: DatasetInfo) -> Expected:
    total = statistics.count(info.counts)
    lines = [*_lists(info), *info.extra.get("lacking", ()), *_splits(layout, info), *_samples(info)]
    if total.unlabelled and not total.real and not total.fake:
        lines.append(f"none of its {total.unlabelled:,} samples has a label")
    return Expected(
        info.name,
        layout.slug,
        PARTLY if lines else FOUND,
        info.root,
        total.real,
        total.fake,
        info.published,
        missing=lines,
        source=layout.source,
    )


def _lists(info: DatasetInfo) -> list[str]:
    """List files that are missing or damaged, in the words of the scan."""
    return [line for line in info.problems if any(sign in line for sign in LISTS)]


def _splits(layout: Layout, info: DatasetInfo) -> list[str]:
    """Official parts that its rules name and that are empty here."""
    named = {rule.split for rule in layout.rules if rule.split}
    here = statistics.count_by(info, "split")
    order = [split for split in ("train", "val", "test") if split in named]
    if len(named) < 2:
        return []
    return [
        f"the {words.split(split)} part is missing"
        for split in order
        if not here.get(split, statistics.Count()).samples
    ]


def _samples(info: DatasetInfo) -> list[str]:
    lacking = statistics.missing(info) or {}
    published = info.published or {}
    return [
        f"{n:,} of {published[kind]:,} published {kind} samples {'is' if n == 1 else 'are'} missing"
        for kind, n in lacking.items()
        if n
    ]


def summary(rows: list[Expected]) -> str:
    """`7 found, 3 partly, 25 not found`"""
    counts = {state: sum(row.state == state for row in rows) for state in (FOUND, PARTLY, ABSENT)}
    return ", ".join(f"{n} {state}" for state, n in counts.items())
