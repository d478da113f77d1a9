"""AV-Deepfake1M++: as AV-Deepfake1M, with the source corpora as folders of their own."""

from __future__ import annotations

from core.catalog.layouts.av_deepfake1m import AVDeepfake1M
from core.catalog.layouts.base import Evidence, Rule, starts_with_any

CORPORA = frozenset({"vox_celeb_2", "voxceleb2", "lrs3", "engagenet", "engage_net"})


class AVDeepfake1MPlus(AVDeepfake1M):
    slug = "av-deepfake1m-plus"
    dataset = "AV-Deepfake1M++"
    priority = 55  # before the set that it extends
    rules = (
        *AVDeepfake1M.rules[:2],
        Rule("AV-Deepfake1M++*|AV-Deepfake1M-PlusPlus*", strong=True, own=True, edition="by name"),
    )
    published = None
    source = "https://github.com/ControlNet/AV-Deepfake1M (after its form is filled in)"
    size = "1.5 TB"

    def accepts(self, evidence: Evidence) -> bool:
        return starts_with_any(evidence, "av_deepfake1m++", "av_deepfake1m_plusplus") or bool(
            evidence.below & CORPORA
        )
