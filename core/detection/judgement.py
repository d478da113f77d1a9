"""One file from its bytes to an explained verdict, in steps: the verdict stands before its heat maps are made."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from core.detection import defaults, domain, explain, facts, fitness, modalities, sound, source, wording
from core.detection.detector import Detector, Judged, shared
from core.detection.frames import Frames, shown_frames
from core.detection.request import Request
from core.detection.verdict import HeatMap, Verdict, decide
from core.errors import MediaError, WorkbenchError, one_line
from core.media.memo import decoding_once
from core.workspace import Workspace

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Media:
    """How files are read: directly, or in a process of its own with limits (uploads)."""

    probe: Callable[[Path], Any]
    prepare: Callable[[Path, Any], Any]
    frames: Callable[[Path, Any, str], Frames]
    facts: Callable[[Path, Any], dict[str, Any]]


Told = Callable[[str, Verdict], None]


def detect(
    path: Path,
    shown: str,
    request: Request,
    *,
    stem: str = "file",
    media: Media | None = None,
    told: Told = lambda _stage, _verdict: None,
    may_explain: Callable[[], bool] = lambda: True,
    space: Workspace | None = None,
) -> Verdict:
    """The verdict on one file. Never raises for what is wrong with the file or its detector: the entry says it.

    `may_explain` is asked once the verdict and the facts are told, where heat maps are wanted.
    """
    start = time.perf_counter()
    try:
        if request.out is not None:
            request.out.mkdir(exist_ok=True)  # never its parents: a session that ended leaves nothing
        with decoding_once():
            judgement = _Judgement(path, shown, request, stem, media or direct(), told, may_explain, space)
            verdict = judgement.verdict()
    except WorkbenchError as error:
        verdict = failed(shown, error, request.run)
    except Exception as error:
        log.exception("detecting %s", shown)
        verdict = failed(shown, f"internal error: {type(error).__name__}: {error}", request.run)
    return replace(verdict, seconds=time.perf_counter() - start)


def failed(shown: str, error: object, run: str | None = None) -> Verdict:
    return Verdict(
        file=shown, status="error", detector=_named(run), reason=one_line(error), words=wording.FAILED
    )


def _named(run: str | None) -> str | None:
    """The detector's name as a verdict gives it, also where it was asked for by a path."""
    if run is None:
        return None
    try:
        return source.find(run).id
    except WorkbenchError:
        return run


def direct() -> Media:
    """Files are read in this process, within the limits of the settings."""
    from core.media.prepare import prepare
    from core.media.probe import probe

    return Media(probe, prepare, shown_frames, facts.read)


class _Judgement:
    """The steps of one file, with what they know so far."""

    def __init__(
        self,
        path: Path,
        shown: str,
        request: Request,
        stem: str,
        media: Media,
        told: Told,
        may_explain: Callable[[], bool],
        space: Workspace | None,
    ) -> None:
        self.path, self.shown, self.request, self.stem = path, shown, request, stem
        self.media, self.told, self.may_explain, self.space = media, told, may_explain, space
        self.stages: dict[str, float] = {}
        self.clock = time.perf_counter()

    def _done(self, stage: str) -> None:
        now = time.perf_counter()
        self.stages[stage] = self.stages.get(stage, 0.0) + now - self.clock
        self.clock = now

    def verdict(self) -> Verdict:
        info = self.media.probe(self.path)
        self._done("probe")
        base = Verdict(file=self.shown, status="ok", modality=info.kind, duration=info.duration)
        notes: list[str] = []
        run = self.request.run
        if run is None:
            run, note = defaults.for_file(info.kind, self.space, self.request.candidates)
            notes += [note] if note else []
        try:
            detector = shared(run, self.space)
        except WorkbenchError as error:
            return replace(failed(self.shown, error, run), modality=info.kind)
        self._done("open")
        base = replace(
            base,
            detector=detector.id,
            model=detector.model,
            threshold=detector.threshold,
            band=detector.band,
            calibrated=detector.calibration is not None,
            learned_nothing=detector.source.learned_nothing,
            operating_point=_point_of(detector),
            notes=(*notes, *detector.source.notes),
        )
        reason = fitness.why_not(detector.modality, info)
        if reason is not None:
            return self._with_facts(_not_applicable(base, reason), info)
        prepared = self.media.prepare(self.path, detector.recipe)
        base = replace(
            base,
            notes=(*base.notes, *prepared.notes, *fitness.cut_off(detector.modality, info, prepared)),
        )
        self._done("prepare")
        reason = prepared.not_applicable or fitness.too_little(detector.modality, prepared)
        if reason is not None:
            return self._with_facts(_not_applicable(base, str(reason)), info)
        judged = detector.judge(prepared, text=self.request.text, metadata=asdict(info))
        self._done("network")
        if judged is None:
            return self._with_facts(_not_applicable(base, "nothing in the file could be judged"), info)
        return self._explained(
            detector, prepared, judged, info, self._said(base, detector, judged, prepared, info)
        )

    def _said(self, base: Verdict, detector: Detector, judged: Judged, prepared: Any, info: Any) -> Verdict:
        """The verdict itself; everything after it is evidence."""
        score = judged.score
        said = decide(score, detector.threshold, detector.band)
        probability = detector.probability(score)
        seen = "frames" if detector.modality == "image" and info.kind == "video" else detector.modality
        fitted = detector.calibration
        verdict = replace(
            base,
            verdict=said,
            score=score,
            probability=probability,
            prevalence=detector.prevalence if fitted and fitted.fakes else None,
            units=judged.units,
            tracks=tuple(_person_lines(judged)),
            words=wording.evidence(said, probability, score, learned_nothing=base.learned_nothing),
            caveats=tuple(
                wording.caveats(
                    seen,
                    calibrated=base.calibrated,
                    learned_nothing=base.learned_nothing,
                    threshold=detector.threshold,
                    demo=detector.source.demo,
                    probability=wording.about_probability(fitted, detector.prevalence),
                )
            ),
            notes=(*wording.other_side(said, probability, detector.threshold), *base.notes),
            frame_size=_size(prepared),
            stages=dict(self.stages),
        )
        self.told("verdict", verdict)
        return verdict

    def _explained(
        self, detector: Detector, prepared: Any, judged: Judged, info: Any, verdict: Verdict
    ) -> Verdict:
        verdict = replace(
            verdict, outside=domain.assess(detector, judged, prepared, info, self.space).remarks
        )
        self._done("outside")
        verdict = self._with_facts(verdict, info)
        self.told("facts", verdict)
        out = self.request.out
        if out is None or (self.request.explain and not self.may_explain()):
            return replace(verdict, stages=dict(self.stages))
        drawn = explain.sound_of(prepared, detector.recipe) if self.request.draw_sound else None
        if self.request.explain:
            try:
                verdict, drawn = self._maps(detector, prepared, judged, info, verdict, drawn, out)
            except Exception as error:  # the verdict stands without its maps, and says so
                log.exception("explaining %s", self.shown)
                note = f"Heat maps could not be made: {one_line(error)}"
                verdict = replace(verdict, notes=(*verdict.notes, note))
        if drawn is not None:
            path = out / f"{self.stem}-sound.npz"
            sound.save(path, drawn)
            verdict = replace(verdict, waveform={"path": str(path), "t0": drawn["t0"], "t1": drawn["t1"]})
        self._done("explain")
        return replace(verdict, stages=dict(self.stages))

    def _maps(
        self,
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
            self.told("map", replace(verdict, explanations=tuple(made)))

        wish = explain.Wish(self.request.method, out, self.stem, on_map)
        notes = []
        maps: tuple[HeatMap, ...] = ()
        if prepared.frames is not None and len(prepared.frames):
            maps += explain.explain_pictures(detector, prepared, judged, wish, self._frames(detector, info))
        if drawn is not None:
            over_sound, drawn = explain.explain_sound(detector, judged, wish, drawn)
            maps += over_sound
        if not maps:
            notes.append("This network names no layer to explain; there are no heat maps.")
        added = modalities.left_out(detector, prepared, judged, self.request.text)
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

    def _frames(self, detector: Detector, info: Any) -> Frames:
        try:
            return self.media.frames(self.path, detector.recipe, info.kind)
        except MediaError as error:  # it was read a moment ago; the crops are shown instead
            log.warning("%s: full frames cannot be read again (%s)", self.shown, error)
            return {}
        finally:
            self._done("frames")

    def _with_facts(self, verdict: Verdict, info: Any) -> Verdict:
        if not self.request.facts:
            return verdict
        found = self.media.facts(self.path, info)
        found["duplicates"] = facts.duplicates(found["bytes"], found["sha256"], self.space)
        self._done("facts")
        return replace(verdict, facts=found, stages=dict(self.stages))


def _not_applicable(base: Verdict, reason: str) -> Verdict:
    return replace(base, status="not_applicable", reason=one_line(reason), words=wording.NOT_APPLICABLE)


def _point_of(detector: Detector) -> dict[str, Any]:
    """The operating point in the words of the page: threshold, method, where it was chosen, by whom."""
    point = detector.source.operating_point
    return {k: point.get(k) for k in ("threshold", "method", "chosen_on", "who", "when", "why", "band")}


def _person_lines(judged: Judged) -> list[dict[str, Any]]:
    lines = []
    for track, score in sorted(judged.persons.items()):
        own = [u for u in judged.units if u.track == track]
        lines.append(
            {"track": track, "units": len(own), "score": score, "highest": max(u.score for u in own)}
        )
    return lines


def _size(prepared: Any) -> tuple[int, int] | None:
    size = getattr(prepared, "frame_size", None)
    return (int(size[0]), int(size[1])) if size is not None else None
