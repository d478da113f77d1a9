"""MLAAD: text-to-speech in many languages, `fake/<language>/<model>`; fakes only."""

from __future__ import annotations

import os
from typing import Any

from core.catalog.layouts.base import FAKE, Evidence, Labels, Layout, Part, Rule, class_of, starts_with_any

LANGUAGES = (  # noqa: SIM905
    "ar be bg bn ca cs cy da de el en es et eu fa fi fr ga gl ha he hi hr hu id is it ja ka kk ko lb lt lv mk ml "
    "mr ms mt nb ne nl no pa pl ps pt ro ru sk sl sq sr sv sw ta te th tr uk ur uz vi yo zh"
).split()


class MLAAD(Layout):
    slug = "mlaad"
    dataset = "MLAAD"
    kinds = ("audio",)
    rules = (Rule(f"fake/{{language:{'|'.join(LANGUAGES)}}}", FAKE),)
    source = "https://deepfake-total.com/mlaad"
    licence = "CC BY-NC 4.0"
    size = "70 GB"
    descends_from = "M-AILABS"
    notes = ("Fakes only: the M-AILABS recordings are its reals, in eight of its languages.",)

    def accepts(self, evidence: Evidence) -> bool:
        """Its name, else languages with models in them and no reals beside the fakes."""
        return starts_with_any(evidence, "mlaad") or (bool(evidence.below) and not _has_reals(evidence))

    def label(self, part: Part, lists: Any) -> Labels:
        labels = self.stated_labels(part)
        labels.method = part.below[0] if part.below else None
        labels.meta = {"language": part.facts["language"]}
        return labels


def _has_reals(evidence: Evidence) -> bool:
    try:
        return any(class_of(name) == 0 for name in os.listdir(evidence.anchor))
    # The walk has made a problem of a folder that cannot be read.
    except OSError:
        return False
