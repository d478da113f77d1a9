"""DFDC (Kaggle): numbered parts with a metadata.json each, the sample folder, and the test set with labels.csv."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from core.catalog.label_lists import label_value
from core.catalog.layouts.base import (
    FAKE,
    REAL,
    SPLIT_WORDS,
    Evidence,
    Labels,
    Layout,
    Part,
    Published,
    Rule,
    Site,
    normal,
    starts_with_any,
)
from core.catalog.list_files import head_of, json_of, rows_of
from core.catalog.problems import Problems

_NO_ROW: dict[str, Any] = {}
MANY_PARTS = 10  # from here on whole parts are kept together; fewer could not be divided


def _is_metadata(path: Path) -> bool:
    """`{"name.mp4": {"label": …`; other datasets have a metadata.json too. The start is enough, also of half a file."""
    head = head_of(path, 400)
    return re.match(rb'\s*\{\s*"[^"/]+\.mp4"\s*:\s*\{', head) is not None


@dataclass
class Lists:
    """The rows of every list file, by the folder it lies in."""

    rows: dict[str, dict[str, dict[str, Any]]] = field(default_factory=dict)  # folder -> file name -> row
    taken: set[tuple[str, str]] = field(default_factory=set)
    sources: dict[str, str] = field(default_factory=dict)
    problems: Problems = field(default_factory=Problems)
    by_part: bool = False

    def nearest(self, folder: str) -> str | None:
        """The folder of the list that speaks for this one: itself or the nearest above."""
        while folder not in self.rows:
            if not folder:
                return None
            folder = folder.rpartition("/")[0]
        return folder


class DFDC(Layout):
    slug = "dfdc"
    dataset = "DFDC"
    kinds = ("video",)
    rules = (
        Rule("{part:dfdc_train_part_*}", strong=True),
        Rule("train_sample_videos", strong=True),
        Rule("test_videos", split="test"),
        Rule("test/videos", split="test"),  # with labels.csv in `test`, as benchmarks re-pack it
        Rule("videos", split="test"),  # with labels.csv beside it
        Rule(marker="metadata.json", check=_is_metadata, strong=True, edition="by list"),
    )
    lists = ("metadata.json", "labels.csv")
    published = Published(19_154, 100_000)
    source = "https://www.kaggle.com/c/deepfake-detection-challenge"
    licence = "competition rules"
    size = "470 GB"
    descends_from = "DFDC"
    notes = ("Some fakes may be fake in the audio only, which is label noise for a visual detector.",)

    def accepts(self, evidence: Evidence) -> bool:
        own_name = starts_with_any(evidence, "dfdc", "deepfake_detection_challenge")
        return super().accepts(evidence) or (own_name and not starts_with_any(evidence, "dfdc_preview"))

    def published_of(self, evidence: Evidence) -> Published | None:
        return self.published if "part" in evidence.captures else None

    def read(self, site: Site, problems: Problems) -> Lists:
        lists = Lists(problems=problems, by_part=_parts(site.evidence) >= MANY_PARTS)
        for path in site.find("metadata.json"):
            if _is_metadata(path):
                _read_metadata(path, site.root, lists)
        for path in site.find("labels.csv"):
            rows = rows_of(path, problems, needed=("filename", "label"))
            lists.sources[_folder(path, site.root)] = str(path)
            lists.rows[_folder(path, site.root)] = {
                row["filename"]: {"label": row.get("label"), "split": "test"} for row in rows
            }
        return lists

    def label(self, part: Part, lists: Lists) -> Labels:
        own_test = part.rule.split == "test"
        where = lists.nearest(part.folder)
        known = lists.rows.get(where, {}) if where is not None else {}
        rows = [known.get(name) for name in part.names]
        if where is not None and known:
            lists.taken.update((where, name) for name in part.names)
            for name, row in zip(part.names, rows, strict=True):
                if row is None:
                    lists.problems.add("unlisted", f"{part.folder}/{name}")
        filled = [row or _NO_ROW for row in rows]
        labels = Labels(
            label=[_label(row, name, lists.problems) for name, row in zip(part.names, filled, strict=True)],
            split=[_split(row.get("split")) or ("test" if own_test else None) for row in filled],
            groups=[
                (f"original:{row.get('original') or name}",)
                for name, row in zip(part.names, filled, strict=True)
            ],
        )
        if where is None and not own_test:
            lists.problems.report_damaged(
                f"{part.folder}/metadata.json", "is missing, so these clips have no label"
            )
        if name_of_part := part.facts.get("part"):
            labels.meta = {"part": name_of_part}
            if lists.by_part:
                labels.groups = [(*keys, f"part:{normal(name_of_part)}") for keys in labels.groups]
        return labels

    def finish(self, lists: Lists, problems: Problems) -> None:
        for folder, rows in lists.rows.items():
            for name in rows:
                if (folder, name) not in lists.taken:
                    problems.add("absent", f"{folder}/{name}", f"listed in {lists.sources[folder]}")


def _parts(evidence: Evidence) -> int:
    return len(evidence.captures.get("part", ()))


def _folder(path: Path, root: Path) -> str:
    relative = path.parent.relative_to(root).as_posix()
    return "" if relative == "." else relative


def _read_metadata(path: Path, root: Path, lists: Lists) -> None:
    document = json_of(path, lists.problems)
    folder = _folder(path, root)
    lists.sources[folder] = str(path)
    lists.rows[folder] = {}
    if isinstance(document, dict):
        lists.rows[folder] = {str(k): v for k, v in document.items() if isinstance(v, dict)}


def _label(row: dict[str, Any], name: str, problems: Problems) -> int | None:
    stated = row.get("label")
    if stated == "FAKE" or stated == "REAL":
        return FAKE if stated == "FAKE" else REAL
    value = label_value(stated or "", one_is=FAKE)
    if value is None and stated:
        problems.add("bad label", name, f"{stated!r}")
    return value


def _split(stated: object) -> str | None:
    return "train" if stated == "train" else SPLIT_WORDS.get(normal(str(stated)))
