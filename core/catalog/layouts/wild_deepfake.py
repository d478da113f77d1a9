"""WildDeepfake: face sequences from the internet, `{real,fake}_{train,test}` with tar files or what was in them."""

from __future__ import annotations

import re
from typing import Any

from core.catalog.layouts.base import FAKE, REAL, Evidence, Labels, Layout, Part, Rule, starts_with_any
from core.media.kinds import is_tar

_SEQUENCE = re.compile(r"(?:^|/)(?:real|fake)/([^/]+)/[^/]+$")


class WildDeepfake(Layout):
    slug = "wild-deepfake"
    dataset = "WildDeepfake"
    nicknames = ("deepfake_in_the_wild",)
    kinds = ("image", "shard")
    priority = 55
    rules = tuple(
        Rule(f"{word}_{split}", label, split=split)
        for word, label in (("real", REAL), ("fake", FAKE))
        for split in ("train", "test")
    )
    source = "https://github.com/OpenTAI/wild-deepfake (after its form is filled in)"
    licence = "research only"
    size = "70 GB; 3,805 real and 3,509 fake face sequences"
    descends_from = "internet videos"
    notes = ("Frames of one sequence are one group; the videos behind several sequences are not stated.",)

    def accepts(self, evidence: Evidence) -> bool:
        """Its name, tar files, or the folders that were in them: `fake_train/1/fake/35/0.png`."""
        packed = evidence.kinds.get("shard", 0) > 0 and all(map(is_tar, evidence.examples))
        return (
            starts_with_any(evidence, "wilddeepfake", "wild_deepfake", "deepfake_in_the_wild")
            or packed
            or bool(evidence.below & {"real", "fake"})
        )

    def label(self, part: Part, lists: Any) -> Labels:
        labels = self.stated_labels(part)
        inner = "/".join(part.below)
        word = f"{part.rule.pattern}"
        labels.groups = [_keys(f"{inner}/{name}" if inner else name, word) for name in part.inner_names]
        return labels


def _keys(path: str, word: str) -> tuple[str, ...]:
    """`fake_train`, `1.tar` with `1/fake/35/0.png` in it: sequence 35 of video 1."""
    match = _SEQUENCE.search(path.casefold())
    video = re.split(r"\.tar|\.tgz|/", path, maxsplit=1)[0]
    return (f"sequence:{word}/{video}/{match[1]}",) if match else (f"sequence:{word}/{video}",)
