"""CodecFake (the other set of this name): VCTK resynthesised through codecs, `processed/*.wav`; fakes only."""

from __future__ import annotations

import os
import re
from typing import Any

from core.catalog.layouts.base import FAKE, Evidence, Labels, Layout, Part, Rule, normal, starts_with_any

_SPEAKER = re.compile(r"(?<![a-z0-9])([ps]\d{1,3})_\d{3}")


class CodecFakeVCTK(Layout):
    slug = "codecfake-vctk"
    dataset = "CodecFake"
    kinds = ("audio",)
    priority = 45
    rules = (Rule("processed", FAKE),)
    source = "https://codecfake.github.io"
    licence = "CC BY-NC 4.0"
    size = "70 GB"
    descends_from = "VCTK"
    notes = ("Fakes only: the VCTK recordings are its reals.",)

    def accepts(self, evidence: Evidence) -> bool:
        return starts_with_any(evidence, "codecfake", "codec_fake") and not _has_lists(evidence)

    def label(self, part: Part, lists: Any) -> Labels:
        labels = self.stated_labels(part)
        labels.method = part.below[0] if part.below else None
        found = [_SPEAKER.search(stem) for stem in part.stems]
        labels.groups = [(f"speaker:{m[1]}",) if m else () for m in found]
        labels.identity = [m[1] if m else None for m in found]
        return labels


def _has_lists(evidence: Evidence) -> bool:
    try:
        return any(normal(name) == "label" for name in os.listdir(evidence.anchor))
    # The walk has made a problem of a folder that cannot be read.
    except OSError:
        return False
