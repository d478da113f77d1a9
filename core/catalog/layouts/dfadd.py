"""DFADD: diffusion and flow-matching text-to-speech against VCTK, `DATASET_<model>/{train,test,valid}`."""

from __future__ import annotations

import re
from typing import Any

from core.catalog.layouts.base import FAKE, REAL, Labels, Layout, Part, Rule, split_of

MODELS = ("MatchaTTS", "GradTTS", "NaturalSpeech2", "StyleTTS2", "PflowTTS")
_SPEAKER = re.compile(r"(?<![a-z0-9])([ps]\d{1,3})_\d{3}")


class DFADD(Layout):
    slug = "dfadd"
    dataset = "DFADD"
    kinds = ("audio",)
    rules = (
        Rule("{method:DATASET_*}", FAKE),
        Rule(f"{{method:{'|'.join(f'DATASET_{model}' for model in MODELS)}}}", FAKE, strong=True),
        Rule("DATASET_VCTK_BONAFIDE", REAL, strong=True),
    )
    source = "https://github.com/isjwdu/DFADD"
    licence = "CC BY 4.0"
    size = "18 GB"
    descends_from = "VCTK"

    def label(self, part: Part, lists: Any) -> Labels:
        labels = self.stated_labels(part)
        if labels.method:
            labels.method = labels.method[len("DATASET_") :]
        labels.split = next((split for name in part.below if (split := split_of(name))), None)
        found = [_SPEAKER.search(stem) for stem in part.stems]
        labels.groups = [(f"speaker:{m[1]}", f"utterance:{m[0]}") if m else () for m in found]
        labels.identity = [m[1] if m else None for m in found]
        return labels
