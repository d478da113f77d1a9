"""Real and Fake Face Detection (Kaggle ciplab): photographs edited by hand."""

from __future__ import annotations

import re
from typing import Any

from core.catalog.layouts.base import FAKE, REAL, Labels, Layout, Part, Published, Rule

_FAKE = re.compile(r"(easy|mid|hard)_\d+_([01]{4})")
PARTS = ("left eye", "right eye", "nose", "mouth")


class Ciplab(Layout):
    slug = "ciplab"
    dataset = "Real and Fake Face Detection"
    kinds = ("image",)
    rules = (
        Rule("training_real", REAL, strong=True),
        Rule("training_fake", FAKE, strong=True),
    )
    published = Published(1081, 960)
    source = "https://www.kaggle.com/datasets/ciplab/real-and-fake-face-detection"
    licence = "CC BY-NC-SA 4.0"
    size = "0.4 GB"
    descends_from = "ciplab"

    def label(self, part: Part, lists: Any) -> Labels:
        labels = self.stated_labels(part)
        if labels.label == FAKE:
            labels.meta = [_parse_edit(stem) for stem in part.stems]
        return labels


def _parse_edit(stem: str) -> dict[str, Any] | None:
    """`mid_123_1100`: how hard it is to see, and which parts of the face were replaced."""
    match = _FAKE.match(stem)
    if not match:
        return None
    return {
        "difficulty": match[1],
        "edited": [name for name, flag in zip(PARTS, match[2], strict=True) if flag == "1"],
    }
