"""HABLA: Latin American Spanish, real and through voice conversion and text-to-speech."""

from __future__ import annotations

import re
from typing import Any

from core.catalog.layouts.base import FAKE, REAL, Labels, Layout, Part, Rule

FOLDER = "FinalDataset_16khz"
METHODS = "CycleGAN|Diff|StarGAN|TTS|TTS-Diff|TTS-StarGAN"
_SPEAKER = re.compile(r"(?<![a-z])([a-z]{2}[fm])_(\d{5})")  # accent and sex, speaker


class Habla(Layout):
    slug = "habla"
    dataset = "HABLA"
    kinds = ("audio",)
    rules = (
        Rule(f"{FOLDER}/{{method}}", FAKE),
        Rule(f"{FOLDER}/{{method:{METHODS}}}", FAKE, strong=True),
        Rule(f"{FOLDER}/Real", REAL, strong=True),
    )
    source = "https://github.com/BioMetroTeam/HABLA"
    licence = "CC BY-SA 4.0"
    size = "80,000 recordings"
    descends_from = "crowdsourced Latin American Spanish"

    def label(self, part: Part, lists: Any) -> Labels:
        labels = self.stated_labels(part)
        people = [[f"{m[1]}_{m[2]}" for m in _SPEAKER.finditer(stem)] for stem in part.stems]
        labels.groups = [tuple(f"speaker:{person}" for person in dict.fromkeys(some)) for some in people]
        labels.identity = [some[0] if some else None for some in people]
        return labels
