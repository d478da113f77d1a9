"""FaceForensics++: the official download, the Kaggle C23 edition, and copies re-arranged as real and fake."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from core import numbers
from core.catalog.layouts.base import (
    COMPRESSIONS,
    FAKE,
    NEAR,
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
    normal,
)
from core.catalog.list_files import json_of, rows_of
from core.catalog.listing import Listing
from core.catalog.problems import Problems

METHODS = "Deepfakes|Face2Face|FaceSwap|NeuralTextures|FaceShifter"
PAIRS = Path(__file__).with_name("faceforensics_pairs.json")
# Sequences cut from one YouTube video: same background, codec
# and channel. The first seven cross the official split.
SAME_VIDEO = (
    ("605", "606"),
    ("639", "640"),
    ("755", "756"),
    ("837", "838"),
    ("875", "876"),
    ("954", "955"),
    ("982", "983"),
    ("942", "943"),
)
_VIDEO_OF = {sequence: f"youtube:{'+'.join(pair)}" for pair in SAME_VIDEO for sequence in pair}


_CLIP = re.compile(r"\d{3}(_\d{3})?\.")


def _is_own_name(name: str) -> bool:
    return name.startswith(("faceforensics", "ff++", "ff_++", "ff_c23", "ffpp"))


@dataclass
class OfficialSplit:
    """The split of a real sequence and of a manipulated pair."""

    sequences: dict[str, str] = field(default_factory=dict)
    pairs: dict[str, str] = field(default_factory=dict)

    def add(self, split: str, pairs: Iterable[tuple[str, str]]) -> None:
        for one, other in pairs:
            self.sequences[one] = self.sequences[other] = split
            self.pairs[f"{one}_{other}"] = self.pairs[f"{other}_{one}"] = split

    def of(self, clip: str) -> str | None:
        return self.pairs.get(clip) or self.sequences.get(clip)


@dataclass
class Lists:
    split: OfficialSplit
    metadata: list[Listing]


class FaceForensics(Layout):
    slug = "faceforensics"
    dataset = "FaceForensics++"
    nicknames = ("FF++", "FFPP", "FF++_C23", "ff-c23")
    kinds = ("video", "image")
    priority = 60
    rules = (
        Rule("original_sequences/youtube", REAL, strong=True, edition="official"),
        Rule(f"manipulated_sequences/{{method:{METHODS}}}", FAKE, strong=True, edition="official"),
        Rule("manipulated_sequences/*/masks", ignore="masks", edition="official"),
        Rule("original_sequences/*/masks", ignore="masks", edition="official"),
        Rule("downloaded_videos", ignore="downloaded_videos", edition="official"),
        Rule("original_sequences/downloaded_videos", ignore="downloaded_videos", edition="official"),
        Rule("original_sequences/youtube/downloaded_videos", ignore="downloaded_videos", edition="official"),
        Rule("original", REAL, edition="c23"),
        Rule(f"{{method:{METHODS}}}", FAKE, edition="c23"),
        Rule("masks", ignore="masks", edition="c23"),
        Rule("downloaded_videos", ignore="downloaded_videos", edition="c23"),
        Rule(f"{{method:{METHODS}}}/masks", ignore="masks", edition="c23"),
        Rule("{label}", edition="re-arranged"),
        Rule("{split}/{label}", edition="re-arranged"),
    )
    published = Published(1000, 4000)
    published_parts = MappingProxyType({"one manipulation": Published(1000, 1000)})
    lists = ("train.json", "val.json", "test.json", "FF++_Metadata.csv")
    source = (
        "https://github.com/ondyari/FaceForensics (after its form is filled in); "
        "https://www.kaggle.com/datasets/xdxd003/ff-c23 (c23)"
    )
    licence = "research only"
    size = "10 GB (c23)"
    descends_from = "FaceForensics++"
    notes = (
        "The official split leaks: 7 YouTube videos supply sequences to two of its parts (755 and 955 reach test).",
    )

    def accepts(self, evidence: Evidence) -> bool:
        methods = evidence.captures.get("method", frozenset())
        if evidence.edition == "official":
            return super().accepts(evidence)
        if evidence.edition == "re-arranged":
            return evidence.names[:1] != () and _is_own_name(evidence.names[0])
        if len(methods) > 1 or (methods and any(map(_is_own_name, evidence.names[:NEAR]))):
            return True
        real = any(self.rules[i].label == REAL for i in evidence.rules)
        numbered = all(_CLIP.match(name) for name in evidence.examples)
        return real and bool(methods) and (numbered or methods != {"Deepfakes"})

    def published_of(self, evidence: Evidence) -> Published | None:
        return (
            Published(1000, 5000) if "FaceShifter" in evidence.captures.get("method", ()) else self.published
        )

    def whole(self, evidence: Evidence) -> Whole:
        if evidence.edition == "re-arranged":
            return Whole()
        return Whole(("youtube" if evidence.edition == "official" else "original", *METHODS.split("|")[:4]))

    def read(self, site: Site, problems: Problems) -> Lists:
        split = official_split()
        for name in ("train", "val", "test"):
            for path in site.find(f"{name}.json"):
                pairs = _pairs(path, problems)
                if pairs:
                    split.add(name, pairs)
        metadata = [_metadata(path, problems) for path in site.find("FF++_Metadata.csv")]
        return Lists(split, metadata)

    def copies(self, evidence: Evidence) -> int:
        return max(1, len({COMPRESSIONS[name] for name in evidence.below if name in COMPRESSIONS}))

    def label(self, part: Part, lists: Lists) -> Labels:
        labels = self.stated_labels(part)
        names = clips(part)
        labels.groups = each(names, sequence_keys)
        labels.identity = each(names, lambda name: name[:3])
        labels.split = each(names, lists.split.of)
        labels.meta = {"compression": _compression(part)}
        for metadata in lists.metadata:
            for path in part.paths:
                metadata.take(path)
        return labels

    def finish(self, lists: Lists, problems: Problems) -> None:
        for metadata in lists.metadata:
            metadata.finish(problems)


@lru_cache(maxsize=65536)
def sequence_keys(clip: str) -> tuple[str, ...]:
    """`003` or `000_003` (target, source): its sequences, and the YouTube videos known to hold several."""
    ids = clip.split("_")[:2] if clip[3:4] == "_" else [clip]
    videos = {_VIDEO_OF[i] for i in ids if i in _VIDEO_OF}
    return tuple(f"sequence:{i}" for i in ids) + tuple(sorted(videos))


def official_split() -> OfficialSplit:
    """The published pairs, for trees that lack the JSON files."""
    split = OfficialSplit()
    for name, pairs in json.loads(PAIRS.read_text(encoding="utf-8")).items():
        split.add(name, (tuple(pair.split()) for pair in pairs))
    return split


def _pairs(path: Path, problems: Problems) -> list[tuple[str, str]]:
    document: Any = json_of(path, problems)
    if not isinstance(document, list):
        return []
    good = [pair for pair in document if isinstance(pair, list) and len(pair) == 2]
    if len(good) < len(document):
        problems.report_damaged(
            path, numbers.count_of(len(document) - len(good), "entry is no pair", "entries are no pairs")
        )
    return [(str(a), str(b)) for a, b in good]


def _metadata(path: Path, problems: Problems) -> Listing:
    found = Listing(path, report_unlisted=False)
    for row in rows_of(path, problems, needed=("file_path",)):
        if not normal(row["file_path"]).startswith("deepfakedetection"):
            found.add(row["file_path"], row)
    return found


def _compression(part: Part) -> str:
    stated = (COMPRESSIONS[normal(name)] for name in part.below if normal(name) in COMPRESSIONS)
    return next(stated, "c23" if part.rule.edition == "c23" else "unknown")
