"""AV-Deepfake1M: train and val with a metadata list each, and a test set whose labels nobody states."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any, ClassVar

from core.catalog.label_lists import stretches, words_of
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
    split_of,
)
from core.catalog.list_files import entries_of, text_of
from core.catalog.listing import Listing
from core.catalog.problems import Problems

TYPES = {
    "real": (REAL, REAL),
    "visual_modified": (FAKE, REAL),
    "audio_modified": (REAL, FAKE),
    "both_modified": (FAKE, FAKE),
}
_PERSON = re.compile(r"(?:^|/)(id\d+)/")
KEPT = ("modify_type", "original", "fake_segments")


@dataclass
class Lists:
    by_split: dict[str, Listing] = field(default_factory=dict)
    problems: Problems = field(default_factory=Problems)
    without: set[str] = field(default_factory=set)  # parts with clips and no list


class AVDeepfake1M(Layout):
    slug = "av-deepfake1m"
    dataset = "AV-Deepfake1M"
    kinds = ("video",)
    rules = (
        Rule(marker="train_metadata.json", strong=True, edition="by list"),
        Rule(marker="val_metadata.json", strong=True, edition="by list"),
        Rule("AV-Deepfake1M*", strong=True, own=True, edition="by name"),
    )
    published: ClassVar[Published | None] = Published(286_721, 860_039)
    lists = ("train_metadata.json", "val_metadata.json", "test_files.txt")
    source = "https://github.com/ControlNet/AV-Deepfake1M (after its form is filled in)"
    licence = "CC BY-NC 4.0"
    size = "400 GB"
    descends_from = "VoxCeleb2"
    notes = ("Fakes begin with a short silence that gives them away; trim leading and trailing silence.",)

    def whole(self, evidence: Evidence) -> Whole:
        return Whole(("train", "val"), self.lists[:2])

    def read(self, site: Site, problems: Problems) -> Lists:
        lists = Lists(problems=problems)
        for split in ("train", "val"):
            for path in site.find(f"{split}_metadata.json"):
                lists.by_split[split] = found = Listing(path, problems=problems)
                for file, row in entries_of(path, problems, _select_fields):
                    found.add(_below(file), row)
        for path in site.find("test_files.txt"):
            lists.by_split["test"] = found = Listing(path, problems=problems, report_unlisted=False)
            for line in (text_of(path, problems) or "").splitlines():
                if line.strip():
                    found.add(_below(line.strip()), {})
        return lists

    def label(self, part: Part, lists: Lists) -> Labels:
        split = next((s for s in map(split_of, part.below) if s), None)
        inner = "/".join(part.below[1:] if split and split_of(part.below[0]) else part.below)
        names = [f"{inner}/{name}" if inner else name for name in part.names]
        listing = lists.by_split.get(split or "")
        if listing is None and split != "test":
            lists.without.add(split or "train")
        rows = [(listing.take(name) if listing else None) for name in names]
        if listing and listing.rows and listing.report_unlisted:
            for path, row in zip(part.paths, rows, strict=True):
                if row is None:
                    lists.problems.add("unlisted", path)
        filled = [row or {} for row in rows]
        kinds = [self._kind(row, path, lists.problems) for row, path in zip(filled, part.paths, strict=True)]
        return Labels(
            label=[max(kind) if kind else None for kind in kinds],
            label_video=[kind[0] if kind else None for kind in kinds],
            label_audio=[kind[1] if kind else None for kind in kinds],
            method=[
                row["modify_type"] if kind and max(kind) else None
                for row, kind in zip(filled, kinds, strict=True)
            ],
            split=split,
            groups=[_keys(row, name) for row, name in zip(filled, names, strict=True)],
            identity=[m[1] if (m := _PERSON.search(name)) else None for name in names],
            text=[row.get("text") for row in filled],
            segments=[stretches(row.get("fake_segments")) for row in filled],
        )

    def _kind(self, row: dict[str, Any], path: str, problems: Problems) -> tuple[int, int] | None:
        kind = TYPES.get(str(row.get("modify_type")))
        if kind is None and row:
            problems.add("bad label", path, f"modify_type {row.get('modify_type')!r}")
        return kind

    def finish(self, lists: Lists, problems: Problems) -> None:
        for split in sorted(lists.without):
            problems.report_damaged(f"{split}_metadata.json", "is missing, so these clips have no label")
        for listing in lists.by_split.values():
            listing.finish(problems)


def _select_fields(row: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """What is needed of an entry: there are a million of them."""
    return str(row.get("file") or ""), {**{key: row.get(key) for key in KEPT}, "text": words_of(row)}


def _below(path: str) -> str:
    """The path below the split's folder, however the list writes it."""
    first, _, rest = path.removeprefix("./").partition("/")
    return rest if rest and split_of(first) else path


def _keys(row: dict[str, Any], name: str) -> tuple[str, ...]:
    keys = [f"original:{_below(str(row.get('original') or name))}"]
    keys += [f"person:{match[1]}"] if (match := _PERSON.search(name)) else []
    return tuple(keys)
