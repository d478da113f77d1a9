"""WaveFake: the same utterances through several vocoders (fakes only), paired with LJSpeech and JSUT as reals."""

from __future__ import annotations

import re
from types import MappingProxyType
from typing import Any

from core.catalog.layouts.base import FAKE, REAL, Evidence, Labels, Layout, Part, Published, Rule, Whole

LJ = [
    "melgan",
    "melgan_large",
    "multi_band_melgan",
    "full_band_melgan",
    "parallel_wavegan",
    "hifiGAN",
    "waveglow",
]
CONFORMER = "common_voices_prompts_from_conformer_fastspeech2_pwg_ljspeech"
METHODS = "|".join(
    [*(f"ljspeech_{v}" for v in LJ), "jsut_multi_band_melgan", "jsut_parallel_wavegan", CONFORMER]
)
_LJ = re.compile(r"LJ\d{3}-\d{4}")
_SUFFIX = re.compile(r"_(gen|generated)$")


class WaveFake(Layout):
    slug = "wavefake"
    dataset = "WaveFake"
    kinds = ("audio",)
    rules = (
        Rule(f"generated_audio/{{method:{METHODS}}}", FAKE, strong=True),
        Rule("LJSpeech-1.1", REAL, strong=True),
        Rule("jsut_ver1.1", REAL, strong=True),
        Rule(f"{{method:{METHODS}}}", FAKE, strong=True, edition="without generated_audio"),
    )
    published = Published(0, 117_985)
    published_parts = MappingProxyType({"one vocoder of LJSpeech": Published(13_100, 13_100)})
    pairs = True
    source = "https://zenodo.org/records/5642694; reals: LJSpeech-1.1, JSUT"
    licence = "CC BY-SA 4.0"
    size = "29 GB"
    descends_from = "LJSpeech"
    notes = (
        "Fakes only: put LJSpeech-1.1 and jsut_ver1.1 beside it as reals.",
        "One speaker a language: divided by utterance; leave one vocoder out to see how it generalises.",
    )

    def name_of(self, evidence: Evidence) -> str:
        if any(self.rules[i].label == FAKE for i in evidence.rules):
            return self.dataset
        return "LJSpeech-1.1" if 1 in evidence.rules else "JSUT"

    def published_of(self, evidence: Evidence) -> Published | None:
        return self.published if self.name_of(evidence) == self.dataset else None

    def whole(self, evidence: Evidence) -> Whole:
        return Whole(tuple(METHODS.split("|"))) if self.name_of(evidence) == self.dataset else Whole()

    def label(self, part: Part, lists: Any) -> Labels:
        labels = self.stated_labels(part)
        voice = "JSUT" if "jsut" in (part.facts.get("method") or part.rule.pattern) else "LJSpeech"
        labels.groups = [(f"utterance:{_utterance(stem)}",) for stem in part.stems]
        labels.identity = voice
        if method := part.facts.get("method"):
            labels.meta = {"vocoder": re.sub("^(ljspeech|jsut)_", "", method)}
        return labels


def _utterance(stem: str) -> str:
    """`LJ008-0217_gen`, `LJ008-0217_generated` and `LJ008-0217` are one utterance."""
    match = _LJ.match(stem)
    return match[0] if match else _SUFFIX.sub("", stem)
