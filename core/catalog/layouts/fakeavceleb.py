"""FakeAVCeleb v1.2: four folders by what is fake, and the flat edition labelled through meta_data.csv."""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path
from typing import Any

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
    normal,
)
from core.catalog.list_files import head_of, rows_of
from core.catalog.listing import Listing
from core.catalog.problems import Problems

TYPES = {
    "realvideo_realaudio": (REAL, REAL),
    "realvideo_fakeaudio": (REAL, FAKE),
    "fakevideo_realaudio": (FAKE, REAL),
    "fakevideo_fakeaudio": (FAKE, FAKE),
}
CATEGORIES = dict(zip("abcd", TYPES, strict=True))
METHODS = ("faceswap-wav2lip", "fsgan-wav2lip", "wav2lip", "faceswap", "fsgan", "rtvc")
_DONOR = re.compile(r"_(id\d+)")
_NO_ROW: dict[str, Any] = {}


def _is_meta_data(path: Path) -> bool:
    head = head_of(path, 300).lower()
    return b"target1" in head and b"category" in head


def _rule(name: str) -> Rule:
    video, audio = TYPES[normal(name)]
    return Rule(name, max(video, audio), strong=True, label_video=video, label_audio=audio)


class FakeAVCeleb(Layout):
    slug = "fakeavceleb"
    dataset = "FakeAVCeleb"
    kinds = ("video",)
    rules = (
        _rule("RealVideo-RealAudio"),
        _rule("RealVideo-FakeAudio"),
        _rule("FakeVideo-RealAudio"),
        _rule("FakeVideo-FakeAudio"),
        Rule(marker="meta_data.csv", check=_is_meta_data, strong=True, edition="flat"),
        Rule("FakeAVCeleb*", strong=True, own=True, edition="flat"),
    )
    published = Published(500, 500 + 9_709 + 10_835)
    lists = ("meta_data.csv",)
    source = "https://github.com/DASH-Lab/FakeAVCeleb (after its form is filled in)"
    licence = "CC BY-NC 4.0"
    size = "6 GB"
    descends_from = "VoxCeleb2"
    notes = (
        "Fakes begin with a short silence that gives them away; trim leading and trailing silence.",
        "RealVideo-FakeAudio is real to a visual detector: the labels of picture and sound are kept apart.",
    )

    def whole(self, evidence: Evidence) -> Whole:
        if evidence.edition == "flat":
            return Whole()
        return Whole(tuple(rule.pattern for rule in self.rules if not rule.edition), self.lists)

    def read(self, site: Site, problems: Problems) -> Listing | None:
        found = site.find("meta_data.csv")
        if not found and site.evidence.edition == "flat":
            problems.report_damaged(site.anchor / "meta_data.csv", "is missing, so nothing has a label")
        return _listing(found[0], problems) if found else None

    def label(self, part: Part, lists: Listing | None) -> Labels:
        if part.rule.edition == "flat":
            return self._flat(part, lists)
        labels = self.stated_labels(part)
        where = "/".join((part.rule.pattern, *part.below))
        labels.label_video, labels.label_audio = part.rule.label_video, part.rule.label_audio
        rows = [(lists.take(f"{where}/{name}") if lists else None) or _NO_ROW for name in part.names]
        pool, own = _pool(part.below[:3])
        labels.groups = [_keys(pool, own, stem, row) for stem, row in zip(part.stems, rows, strict=True)]
        labels.identity = "/".join(part.below[:3]) or None
        if labels.label == FAKE:
            labels.method = [
                _method(stem, row, part.rule) for stem, row in zip(part.stems, rows, strict=True)
            ]
        return labels

    def _flat(self, part: Part, lists: Listing | None) -> Labels:
        """All clips in one folder: only the list knows their labels; without it they have none."""
        rows = [lists.take(path, loose=True) if lists else None for path in part.paths]
        for path, row in zip(part.paths, rows, strict=True):
            if lists and lists.rows and row is None:
                lists.problems.add("unlisted", path)
        kinds = [TYPES.get(row["type"]) if row else None for row in rows]
        return Labels(
            label=[max(kind) if kind else None for kind in kinds],
            label_video=[kind[0] if kind else None for kind in kinds],
            label_audio=[kind[1] if kind else None for kind in kinds],
            method=[
                _method("", row, None) if row and kind and max(kind) else None
                for row, kind in zip(rows, kinds, strict=True)
            ],
            groups=[_keys(*_pool(row["person"]), "", row) if row else () for row in rows],
            identity=["/".join(row["person"]) if row else None for row in rows],
        )

    def finish(self, lists: Listing | None, problems: Problems) -> None:
        if lists is not None:
            lists.finish(problems)


def _listing(path: Path, problems: Problems) -> Listing:
    """Trap: the header ends in a comma, `path` holds the file name and the last, unnamed column the folder."""
    found = Listing(path, problems=problems)
    for row in rows_of(path, problems, needed=("source", "method", "race", "gender")):
        name = row.get("filename") or row.get("path", "")
        kind = normal(row.get("type", ""))
        if kind not in TYPES:
            kind = CATEGORIES.get(row.get("category", "").strip().lower(), "")
        if not kind:
            problems.add("bad label", name, f"type {row.get('type')!r} in {path.name}")
        person = (row["race"], row["gender"], row["source"])
        entry = {"type": kind, "person": person, "method": row["method"]}
        entry |= {k: row.get(k, "") for k in ("target1", "target2")}
        found.add("/".join((_type_name(kind), *person, name)), entry)
    return found


def _type_name(kind: str) -> str:
    return next((rule.pattern for rule in FakeAVCeleb.rules if normal(rule.pattern) == kind), kind)


def _pool(person: tuple[str, ...]) -> tuple[str, str]:
    """What the keys of everybody of this race and gender begin with, and the key of this person."""
    pool = "".join(f"{name}/" for name in person[:-1])
    return f"person:{pool}", f"person:{pool}{person[-1]}" if person else ""


def _keys(pool: str, own: str, stem: str, row: dict[str, Any]) -> tuple[str, ...]:
    """The person, and the donors of face or voice, who are of the same race and gender."""
    donors = _DONOR.findall(stem)
    if row:
        donors += [donor for donor in (row.get("target1"), row.get("target2")) if donor and donor[:2] == "id"]
    keys = [own] if own else []
    for donor in donors:
        key = pool + donor
        if key not in keys:
            keys.append(key)
    return tuple(keys)


def _method(stem: str, row: dict[str, Any], rule: Rule | None) -> str | None:
    """As published."""
    found = _method_in(row.get("method") or stem.rpartition("_")[2]) or _method_in(stem)
    if found is None and rule is not None and rule.label_video == REAL:
        return "rtvc"
    return found


@lru_cache(maxsize=1024)
def _method_in(text: str) -> str | None:
    """File names spell wav2lip `wavtolip`."""
    text = text.lower().replace("wavtolip", "wav2lip")
    return text if text in METHODS else next((method for method in METHODS if method in text), None)
