"""DFDC Preview: method_A, method_B and original_videos, with dataset.json."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from core.catalog.label_lists import label_value
from core.catalog.layouts.base import (
    FAKE,
    REAL,
    SPLIT_WORDS,
    Labels,
    Layout,
    Part,
    Published,
    Rule,
    Site,
    normal,
)
from core.catalog.list_files import json_of
from core.catalog.listing import Listing
from core.catalog.problems import Problems

_FAKE = re.compile(r"(\d+)_(\d+)_")
_REAL = re.compile(r"(\d+)_")


class DFDCPreview(Layout):
    slug = "dfdc-preview"
    dataset = "DFDC Preview"
    kinds = ("video",)
    rules = (
        Rule("{method:method_A|method_B}", FAKE, strong=True),
        Rule("original_videos", REAL),
    )
    published = Published(1131, 4119)
    lists = ("dataset.json",)
    source = "https://ai.meta.com/datasets/dfdc/ (preview)"
    licence = "research only"
    size = "5 GB"
    descends_from = "DFDC"

    def read(self, site: Site, problems: Problems) -> Listing | None:
        found = site.find("dataset.json")
        return _listing(found[0], problems) if found else None

    def label(self, part: Part, lists: Listing | None) -> Labels:
        labels = self.stated_labels(part)
        rows = [lists.take(path) if lists else None for path in part.paths]
        labels.split = [SPLIT_WORDS.get(normal(str((row or {}).get("set")))) for row in rows]
        labels.groups = [_keys(stem, row or {}, part) for stem, row in zip(part.stems, rows, strict=True)]
        labels.identity = [keys[0].partition(":")[2] if keys else None for keys in labels.groups]
        for path, row in zip(part.paths, rows, strict=True):
            if row is None and lists is not None:
                lists.problems.add("unlisted", path, "its label is that of its folder")
            elif row and lists and label_value(row.get("label", "")) not in (None, labels.label):
                lists.problems.add("contradiction", path)
        return labels

    def finish(self, lists: Listing | None, problems: Problems) -> None:
        if lists is not None:
            lists.finish(problems)


def _listing(path: Path, problems: Problems) -> Listing:
    found = Listing(path, problems=problems)
    document = json_of(path, problems)
    for name, row in document.items() if isinstance(document, dict) else ():
        if isinstance(row, dict):
            found.add(str(name), row)
    return found


def _keys(stem: str, row: dict[str, Any], part: Part) -> tuple[str, ...]:
    """The people: target (in whose clip the face is) first, then the one swapped in."""
    people = [row.get("target_id"), row.get("swapped_id")]
    if part.rule.label == FAKE:
        match = _FAKE.match(stem)
        people += [match[2], match[1]] if match else []
    else:
        match = _REAL.match(stem)
        people += [match[1]] if match else list(part.below[:1])
    return tuple(f"person:{p}" for p in dict.fromkeys(str(p) for p in people if p))
