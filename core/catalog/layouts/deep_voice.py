"""DEEP-VOICE: eight speakers and every one of them converted to every other; demonstrations have no label."""

from __future__ import annotations

import re
from typing import Any

from core.catalog.layouts.base import FAKE, REAL, Labels, Layout, Part, Published, Rule

METHOD = "RVC"
_TO = re.compile(r"(?i)([a-z]+)[-_ ]to[-_ ]([a-z]+)")
_ONE = re.compile(r"(?i)([a-z]+)")


class DeepVoice(Layout):
    slug = "deep-voice"
    dataset = "DEEP-VOICE"
    nicknames = ("DeepFake_AudioDataset", "KAGGLE")
    kinds = ("audio",)
    rules = (
        Rule("KAGGLE/AUDIO/REAL", REAL, strong=True),
        Rule("KAGGLE/AUDIO/FAKE", FAKE, method=METHOD, strong=True),
        Rule("DEMONSTRATION"),
        Rule("AUDIO/REAL", REAL, strong=True, edition="without KAGGLE"),
        Rule("AUDIO/FAKE", FAKE, method=METHOD, strong=True, edition="without KAGGLE"),
        Rule("DEMONSTRATION", edition="without KAGGLE"),
    )
    published = Published(8, 56)
    source = "https://www.kaggle.com/datasets/birdy654/deep-voice-deepfake-voice-recognition"
    licence = "CC BY-SA 4.0"
    size = "4 GB"
    descends_from = "DEEP-VOICE"
    notes = (
        "Eight speakers, all joined: a split by speaker drops the fakes between its parts, and n = 8 stays small.",
        "DATASET-balanced.csv holds features of 1-second windows without a speaker: any split of it leaks.",
    )

    def label(self, part: Part, lists: Any) -> Labels:
        labels = self.stated_labels(part)
        speakers = [_speakers(stem) for stem in part.stems]
        labels.groups = [tuple(f"speaker:{s}" for s in pair) for pair in speakers]
        labels.identity = [pair[-1] if pair else None for pair in speakers]
        return labels


def _speakers(stem: str) -> tuple[str, ...]:
    """`obama-to-biden` (source, target): both; `biden-original`: the one."""
    if match := _TO.match(stem):
        return match[1].lower(), match[2].lower()
    match = _ONE.match(stem)
    return (match[1].lower(),) if match else ()
