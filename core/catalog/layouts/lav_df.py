"""LAV-DF: train, dev and test with one metadata.json that says which stretches of each clip are fake."""

from __future__ import annotations

from pathlib import Path
from typing import Any

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
from core.catalog.list_files import entries_of, head_of
from core.catalog.listing import Listing
from core.catalog.problems import Problems

BOTH, PICTURE, SOUND = "modify_video+modify_audio", "modify_video", "modify_audio"


_NOTHING = dict.fromkeys(("label", "video", "audio", "method", "split", "original", "segments", "text"))


def _is_metadata(path: Path) -> bool:
    head = head_of(path, 4000)
    return head.lstrip()[:1] == b"[" and (b'"n_fakes"' in head or b'"modify_video"' in head)


class LavDF(Layout):
    slug = "lav-df"
    dataset = "LAV-DF"
    kinds = ("video",)
    rules = (
        Rule(marker="metadata.json", check=_is_metadata, strong=True, edition="by list"),
        Rule(marker="metadata.min.json", check=_is_metadata, strong=True, edition="by list"),
        Rule("LAV-DF|LAVDF", strong=True, own=True, edition="by name"),
    )
    published = Published(36_431, 99_873)
    lists = ("metadata.json", "metadata.min.json")
    source = "https://github.com/ControlNet/LAV-DF (after its form is filled in)"
    licence = "CC BY-NC 4.0"
    size = "24 GB"
    descends_from = "VoxCeleb2"
    notes = ("There are no speaker ids: clips are tied by the original that they were made from.",)

    def whole(self, evidence: Evidence) -> Whole:
        return Whole(("train", "dev", "test"))

    def read(self, site: Site, problems: Problems) -> Listing | None:
        """The full list; the short one stands in where the full one is damaged."""
        found = [path for path in site.find(*self.lists) if path.parent == site.anchor]
        found.sort(key=lambda path: len(path.name))
        for path in found:
            if listing := _listing(path, problems):
                return listing
        if not found:
            problems.report_damaged(site.anchor / "metadata.json", "is missing, so no clip has a label")
        return None

    def label(self, part: Part, lists: Listing | None) -> Labels:
        where = "/".join(part.below)
        names = [f"{where}/{name}" if where else name for name in part.names]
        rows = [lists.take(name) if lists else None for name in names]
        for name, row in zip(names, rows, strict=True):
            if lists and row is None:
                lists.problems.add("unlisted", name)
        folder = next((s for s in map(split_of, part.below) if s), None)
        filled = [row or _NOTHING for row in rows]
        return Labels(
            label=[row["label"] for row in filled],
            label_video=[row["video"] for row in filled],
            label_audio=[row["audio"] for row in filled],
            method=[row["method"] for row in filled],
            split=[row["split"] or folder for row in filled],
            groups=[
                (row["original"] or f"original:{name}",) for row, name in zip(filled, names, strict=True)
            ],
            text=[row["text"] for row in filled],
            segments=[row["segments"] for row in filled],
        )

    def finish(self, lists: Listing | None, problems: Problems) -> None:
        if lists is not None:
            lists.finish(problems)


def _listing(path: Path, problems: Problems) -> Listing | None:
    found = Listing(path, problems=problems)
    for file, row in entries_of(path, problems, lambda row: (str(row.get("file") or ""), _read(row))):
        if file:
            found.add(file, row)
        else:
            problems.add("bad label", path, "an entry without a file")
    return found if found.rows else None


def _read(row: dict[str, Any]) -> dict[str, Any]:
    """A row of the list as the table wants it."""
    picture, sound = row.get("modify_video"), row.get("modify_audio")
    number, periods = row.get("n_fakes"), row.get("fake_periods")
    if picture or sound or number or periods:
        label: int | None = FAKE
    else:
        label = None if picture is sound is number is periods is None else REAL
    both = BOTH if picture and sound else PICTURE if picture else SOUND if sound else None
    return {
        "label": label,
        "video": None if picture is None else int(bool(picture)),
        "audio": None if sound is None else int(bool(sound)),
        "method": both if label == FAKE else None,
        "split": split_of(str(row.get("split", ""))),
        "original": _original(str(row["original"]), str(row.get("file") or ""))
        if row.get("original")
        else None,
        "segments": stretches(periods),
        "text": words_of(row),
    }


def _original(original: str, name: str) -> str:
    """What ties a fake to its original: `original` may lack the folder, which then is the fake's own."""
    if "/" not in original and "/" in name:
        original = f"{name.rpartition('/')[0]}/{original}"
    return f"original:{original}"
