"""What follows the verdict: the file's own facts, its copies in the catalogue, heat maps, the drawn sound."""

from __future__ import annotations

import logging
from dataclasses import replace
from pathlib import Path
from typing import Any

from core.catalog.fingerprints import Fingerprint
from core.detection import catalogue_copies, explain, modalities, sound
from core.detection.current_file import CurrentFile
from core.detection.detector import Detector, Judged
from core.detection.frames import Frames
from core.detection.verdict import HeatMap, Verdict
from core.errors import MediaError, one_line

log = logging.getLogger(__name__)


def explain_verdict(
    file: CurrentFile, detector: Detector, prepared: Any, judged: Judged, info: Any, verdict: Verdict
) -> Verdict:
    """The verdict with its facts and, where they are wanted, its heat maps."""
    verdict = with_facts(file, verdict, info)
    file.on_progress("facts", verdict)
    out = file.request.out
    if out is None or (file.request.explain and not file.may_explain()):
        return replace(verdict, stages=dict(file.stages))
    drawn = explain.sound_of(prepared, detector.recipe) if file.request.draw_sound else None
    if file.request.explain:
        try:
            verdict, drawn = _maps(file, detector, prepared, judged, info, verdict, drawn, out)
        except Exception as error:  # the verdict stands without its maps, and says so
            log.exception("explaining %s", file.shown)
            note = f"Heat maps could not be made: {one_line(error)}"
            verdict = replace(verdict, notes=(*verdict.notes, note))
    if drawn is not None:
        path = out / f"{file.stem}-sound.npz"
        sound.save(path, drawn)
        verdict = replace(verdict, waveform={"path": str(path), "t0": drawn["t0"], "t1": drawn["t1"]})
    file.mark_stage("explain")
    return replace(verdict, stages=dict(file.stages))


def _maps(
    file: CurrentFile,
    detector: Detector,
    prepared: Any,
    judged: Judged,
    info: Any,
    verdict: Verdict,
    drawn: dict[str, Any] | None,
    out: Path,
) -> tuple[Verdict, dict[str, Any] | None]:
    made: list[HeatMap] = []

    def on_map(one: HeatMap) -> None:
        made.append(one)
        file.on_progress("map", replace(verdict, explanations=tuple(made)))

    wish = explain.Wish(file.request.method, out, file.stem, on_map, scored=not verdict.without_evidence)
    notes = []
    maps: tuple[HeatMap, ...] = ()
    if prepared.frames is not None and len(prepared.frames):
        maps += explain.explain_pictures(detector, prepared, judged, wish, _frames(file, detector, info))
    if drawn is not None:
        over_sound, drawn = explain.explain_sound(detector, judged, wish, drawn)
        maps += over_sound
    if not maps:
        notes.append("This network names no layer to explain; there are no heat maps.")
    added = modalities.judge_without_each(detector, prepared, judged, verdict.text.get("words"))
    paths = tuple(dict.fromkeys(m.path for m in maps))
    return (
        replace(
            verdict,
            explanations=maps,
            heatmaps=paths,
            contributions=added,
            notes=(*verdict.notes, *notes),
        ),
        drawn,
    )


def _frames(file: CurrentFile, detector: Detector, info: Any) -> Frames:
    try:
        return file.media.frames(file.path, detector.recipe, info.kind)
    except MediaError as error:  # it was read a moment ago; the crops are shown instead
        log.warning("%s: full frames cannot be read again (%s)", file.shown, error)
        return {}
    finally:
        file.mark_stage("frames")


def with_facts(file: CurrentFile, verdict: Verdict, info: Any) -> Verdict:
    if not file.request.facts:
        return verdict
    found = file.media.facts(file.path, info)
    copies = _copies(file, found, info)
    found["duplicates"] = [
        {"id": one.id, "dataset": one.dataset, "label": one.label} for one in copies.known if one.exact
    ]
    notes = (*verdict.notes, copies.note) if copies.note else verdict.notes
    known = tuple(one.to_dict() for one in copies.known)
    file.mark_stage("facts")
    return replace(verdict, facts=found, catalogued=known, notes=notes, stages=dict(file.stages))


def _copies(file: CurrentFile, found: dict[str, Any], info: Any) -> catalogue_copies.Found:
    """What of the catalogue is this file, or nearly."""
    exact = catalogue_copies.same_bytes(found["bytes"], found["sha256"], file.space)
    if exact or not catalogue_copies.anything(info.kind, file.space):
        return catalogue_copies.Found(exact)
    own = Fingerprint(**file.media.fingerprint(file.path, info.kind))
    return catalogue_copies.near_copies(own, info.kind, file.space)
