"""What lies outside what a detector was trained on, said beside the verdict and never mixed into the
score."""

from __future__ import annotations

import statistics
from typing import Any

from core import numbers, words
from core.detection import applicability
from core.detection.detector import Detector, Judged
from core.detection.domain.reference import Known
from core.training.reference.rule import Reference

SMALL_FACE = 64  # pixels: a face this small was enlarged for the network
MANY_FACES = 5


def remarks(
    detector: Detector, judged: Judged, prepared: Any, info: Any, known: Known
) -> list[dict[str, Any]]:
    """Each with `what`, `words` and whether it lies outside (`out`) or could not be told (`out` null)."""
    found = [_modality(detector, info)]
    found += _faces(detector, judged, prepared)
    found += _file(known.reference, info)
    if known.made_now:
        words = "What the detector knows was measured just now: its run is from before runs kept that."
        found.append(_remark("reference", words, False))
    return [one for one in found if one is not None]


def _remark(what: str, words: str, out: bool | None) -> dict[str, Any]:
    return {"what": what, "words": words, "out": out}


def _modality(detector: Detector, info: Any) -> dict[str, Any] | None:
    if detector.modality == info.kind:
        return None
    if detector.modality == "multimodal":
        silent = info.kind == "video" and not info.has_audio
        learned = detector.source.about.kinds
        if (info.kind == "video" and not silent) or ("silent" if silent else info.kind) in learned:
            return None
        missing = {"image": "sound", "audio": "pictures", "video": "sound"}[info.kind]
        return _remark(
            "modality",
            f"The detector learned from pictures and sound together; this file has no {missing}.",
            True,
        )
    if detector.modality == "image" and info.kind == "video" and detector.recipe.frames > 1:
        return None  # trained on frames of clips, or on pictures: both are frames to it
    trained = words.modality(detector.modality)
    only = (
        ", of which only the sound was judged" if (detector.modality, info.kind) == ("audio", "video") else ""
    )
    this = f"this file is {applicability.NAMES[info.kind]}{only}"
    return _remark("modality", f"The detector learned from {trained}; {this}.", True)


def _faces(detector: Detector, judged: Judged, prepared: Any) -> list[dict[str, Any]]:
    if not detector.recipe.faces or prepared.frames is None:
        return []
    people = len({int(t) for t in prepared.tracks})
    found = []
    if people >= MANY_FACES or people >= detector.recipe.max_tracks:
        found.append(
            _remark(
                "faces",
                f"Only {people} people were judged; any others in the file were not.",
                True,
            )
        )
    sides = [max(u.box[2] - u.box[0], u.box[3] - u.box[1]) for u in judged.units if u.box is not None]
    side = statistics.median(sides) if sides else SMALL_FACE
    if side < SMALL_FACE:
        found.append(
            _remark(
                "resolution",
                f"Faces are about {side:.0f} pixels wide and had to be enlarged.",
                True,
            )
        )
    return found


def _file(known: Reference | None, info: Any) -> list[dict[str, Any]]:
    """Resolution, codec and duration against those of the validation files."""
    if known is None:
        return []
    found = []
    for name, states in (
        ("height", "is {} pixels high"),
        ("duration", "is {} seconds long"),
        ("sample_rate", "has a sample rate of {} hertz"),
    ):
        value, span = getattr(info, name, None), known.spans.get(name)
        if value is None or span is None:
            continue
        low, high = span
        if value < low * 0.5 or value > high * 2:
            found.append(
                _remark(
                    name,
                    f"This file {states.format(_short(value))}; the detector's validation files have {_span(low, high)}.",
                    True,
                )
            )
    codec = str(info.codec or "")
    if codec and known.codecs and codec not in known.codecs:
        found.append(
            _remark(
                "codec",
                f"The codec of this file is {codec}; the detector's validation files have {', '.join(sorted(known.codecs))}.",
                True,
            )
        )
    return found


def _span(low: float, high: float) -> str:
    return _short(low) if _short(low) == _short(high) else f"{_short(low)} to {_short(high)}"


def _short(value: float) -> str:
    return numbers.short(value) if value < 100 else numbers.count(round(value))
