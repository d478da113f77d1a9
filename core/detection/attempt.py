"""One detector with the file at hand: it judges it, or says why it cannot."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any

from core.detection import applicability, demo_files, naming, source, wording
from core.detection.current_file import CurrentFile
from core.detection.detector import Detector, Judged, open_shared
from core.detection.domain import Domain, assess, reference
from core.detection.verdict import Verdict

MADE_NOW = "What this detector knows was measured on first use, from its own files: its run is an old one."


@dataclass(frozen=True)
class Attempt:
    """What one detector makes of the file: judged, or why not."""

    base: Verdict
    found: source.Source
    refused: str | None = None  # why it cannot judge the file
    damage: tuple[str, ...] = ()
    detector: Detector | None = None
    prepared: Any = None
    judged: Judged | None = None
    domain: Domain | None = None


def is_demo(file: CurrentFile, found: source.Source, info: Any) -> bool:
    if found.id not in file.of_demo:
        own = file.media.fingerprint
        file.of_demo[found.id] = demo_files.is_demo(found, file.path, info.kind, own, file.space)
        file.mark_stage("demo")
    return file.of_demo[found.id]


def attempt(file: CurrentFile, run: str, base: Verdict, info: Any) -> Attempt:
    """Open the detector, prepare the file by its recipe, judge it, and ask whether it knows such files."""
    detector = open_shared(run, file.space)
    found = detector.source
    file.mark_stage("open")
    base = _name_detector(base, detector)
    reason = applicability.why_not(detector.modality, info)
    if reason is None and found.demo and not is_demo(file, found, info):
        reason = wording.not_demo(found.imported is not None)
    if reason is not None:
        return Attempt(base, found, reason)
    prepared = file.media.prepare(file.path, detector.recipe)
    damage = applicability.list_damage(detector.modality, info, prepared)
    others = tuple(note for note in prepared.notes if note not in damage)
    base = replace(base, notes=(*base.notes, *others, *damage))
    file.mark_stage("prepare")
    reason = prepared.not_applicable or applicability.too_little(detector.modality, prepared)
    if reason is not None:
        return Attempt(base, found, str(reason), damage)
    text = file.text_for(detector, info)
    base = replace(base, text=text, notes=(*base.notes, *wording.about_text(text)))
    judged = file.judge(detector, prepared, text.get("words"), asdict(info))
    file.mark_stage("network")
    if judged is None:
        return Attempt(base, found, "nothing in the file could be judged", damage)
    assessed = assess(detector, judged, prepared, info, file.space)
    if reference.of(detector, file.space).made_now:
        base = replace(base, notes=(*base.notes, MADE_NOW))
    file.mark_stage("domain")
    return Attempt(base, found, None, damage, detector, prepared, judged, assessed)


def _name_detector(base: Verdict, detector: Detector) -> Verdict:
    """The verdict with what its detector is, before the detector has looked at the file."""
    found = detector.source
    return replace(
        base,
        detector=detector.id,
        model=detector.model,
        threshold=detector.threshold,
        band=detector.band,
        calibrated=detector.calibration is not None,
        learned_nothing=found.learned_nothing,
        operating_point=_point_of(detector),
        about={
            **asdict(found.about),
            "lines": found.about.lines,
            "name": naming.name_of(detector.id),
            "weights_sha256": source.sha256_of(found.checkpoint),
        },
        notes=(*base.notes, *found.notes),
    )


def _point_of(detector: Detector) -> dict[str, Any]:
    """The operating point in the words of the page: threshold, method, where it was chosen, by whom."""
    point = detector.source.operating_point
    return {k: point.get(k) for k in ("threshold", "method", "chosen_on", "who", "when", "why", "band")}
