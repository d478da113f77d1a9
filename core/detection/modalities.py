"""What each modality adds to a fused score: the file judged without it, marked as missing as training marks
it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from core.detection import views
from core.detection.detector import Detector, Judged
from core.detection.explanations import contributions
from core.training.reading import inputs


def judge_without_each(
    detector: Detector, prepared: Any, judged: Judged, text: str | None
) -> tuple[dict[str, Any], ...]:
    """Of a fused score: what each modality adds, by judging the file without it."""
    if detector.modality != "multimodal":
        return ()
    present = [
        name
        for name, there in (
            ("image", prepared.frames is not None and len(prepared.frames) > 0),
            ("audio", prepared.audio is not None and len(prepared.audio) > 0),
            ("text", bool(text)),
            ("metadata", True),
        )
        if there and views.hears_or_sees(detector, name)
    ]

    def without(missing: frozenset[str]) -> float:
        pieces = tuple(replace(p, arrays=inputs.without(p.arrays, missing)) for p in judged.pieces.pieces)
        return detector.score_pieces(replace(judged.pieces, pieces=pieces))

    return contributions.leave_one_out(without, present, judged.score)
