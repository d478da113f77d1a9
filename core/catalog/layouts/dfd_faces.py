"""dfd_faces: faces cut from DeepFakeDetection clips, in train, test and val."""

from __future__ import annotations

import re
from typing import Any

from core.catalog.layouts.base import Evidence, Labels, Layout, Part, Rule, starts_with_any
from core.catalog.layouts.deepfakedetection import METHOD, actor_keys

_CLIP = re.compile(r"\d\d(?:_\d\d__[a-z_]+?__[A-Z0-9]{8}|__[a-z_]+?(?=_*(?:frame|face)?_*\d|$))")


class DfdFaces(Layout):
    slug = "dfd_faces"
    dataset = "dfd_faces"
    kinds = ("image", "video")
    priority = 55
    rules = (Rule("{split}/{label}", method=METHOD),)
    source = "Kaggle, where it is named dfd_faces"
    descends_from = "FaceForensics++"

    def accepts(self, evidence: Evidence) -> bool:
        return starts_with_any(evidence, "dfd_faces", "dfdfaces")

    def label(self, part: Part, lists: Any) -> Labels:
        labels = self.stated_labels(part)
        labels.groups = next((keys for name in reversed(part.below) if (keys := _keys(name))), ())
        if not labels.groups:
            inner = (f"clip:{labels.split}/{labels.label}/{'/'.join(part.below)}",) if part.below else ()
            labels.groups = [_keys(stem) or inner for stem in part.stems]
        return labels


def _keys(name: str) -> tuple[str, ...]:
    """The source clip and its actors, where the name says so."""
    match = _CLIP.match(name)
    return (f"clip:{match[0]}", *actor_keys(name)) if match else ()
