"""One file from its bytes to an explained verdict, in steps: the verdict stands before its heat maps are
made."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from core.detection import choice, evidence, reservations, source, wording
from core.detection.attempt import Attempt, is_demo
from core.detection.attempt import attempt as attempt_with
from core.detection.current_file import CurrentFile, Judge, Media, OnProgress, direct, judge_alone
from core.detection.detector import Detector, Judged
from core.detection.domain import Domain
from core.detection.request import Request
from core.detection.verdict import Verdict
from core.errors import BadInput, MediaError, WorkbenchError, one_line
from core.media.memo import decoding_once
from core.workspace import Workspace

log = logging.getLogger(__name__)


def detect(
    path: Path,
    shown: str,
    request: Request,
    *,
    stem: str = "file",
    media: Media | None = None,
    on_progress: OnProgress = lambda _stage, _verdict: None,
    may_explain: Callable[[], bool] = lambda: True,
    space: Workspace | None = None,
    judge: Judge = judge_alone,
) -> Verdict:
    """The verdict on one file. Never raises for what is wrong with the file or its detector: the entry says it.

    `may_explain` is asked once the verdict and the facts are there, where heat maps are wanted.
    """
    start = time.perf_counter()
    try:
        if request.out is not None:
            request.out.mkdir(exist_ok=True)  # never its parents: a session that ended leaves nothing
        with decoding_once():
            file = CurrentFile(
                path, shown, request, stem, media or direct(), on_progress, may_explain, space, judge
            )
            verdict = _Judgement(file).verdict()
    except WorkbenchError as error:
        verdict = failed_verdict(shown, error, request.run)
    except Exception as error:
        log.exception("detecting %s", shown)
        verdict = failed_verdict(shown, f"internal error: {type(error).__name__}: {error}", request.run)
    return replace(verdict, seconds=time.perf_counter() - start)


def failed_verdict(shown: str, error: object, run: str | None = None) -> Verdict:
    return Verdict(
        file=shown, status="error", detector=_name_of(run), reason=one_line(error), words=wording.FAILED
    )


def _name_of(run: str | None) -> str | None:
    """The detector's name as a verdict gives it, also where it was asked for by a path."""
    if run is None:
        return None
    try:
        return source.find(run).id
    except WorkbenchError:
        return run


class _Judgement:
    """The steps of one file, with what they know so far."""

    def __init__(self, file: CurrentFile) -> None:
        self.file, self.request = file, file.request

    def verdict(self) -> Verdict:
        info = self.file.media.probe(self.file.path)
        self.file.mark_stage("probe")
        base = Verdict(file=self.file.shown, status="ok", modality=info.kind, duration=info.duration)
        if self.request.run is None:
            return self._automatic(base, info)
        try:
            attempt = attempt_with(self.file, self.request.run, base, info)
        except WorkbenchError as error:
            return replace(failed_verdict(self.file.shown, error, self.request.run), modality=info.kind)
        return self._finish(attempt, info)

    def _automatic(self, base: Verdict, info: Any) -> Verdict:
        """The first detector that is fit and knows files of this kind; else the first of which that could not be
        measured; else what the first one outside says."""
        unmeasured: Attempt | None = None
        passed: list[choice.PassedOver] = []
        unfit: list[Attempt] = []
        broken: list[tuple[str, WorkbenchError]] = []
        for candidate in choice.candidates(info.kind, self.request.candidates, self.file.space):
            try:
                found = source.find(candidate.run, self.file.space)
                if (why := self._never(found, info)) is not None:
                    passed.append(choice.PassedOver(found.id, why))
                    continue
                noted = replace(base, notes=(candidate.note,) if candidate.note else ())
                attempt = attempt_with(self.file, candidate.run, noted, info)
            except MediaError:
                raise
            except WorkbenchError as error:  # a default that is gone, weights that are damaged
                broken.append((candidate.run, error))
                passed.append(choice.PassedOver(candidate.run, one_line(error)))
                continue
            if attempt.refused is None and attempt.domain is not None and attempt.domain.inside is not False:
                if attempt.domain.inside:
                    return self._finish(_after(attempt, passed), info)
                unmeasured = unmeasured or _after(attempt, passed)
                continue
            why = attempt.refused or (attempt.domain.why if attempt.domain else "")
            passed.append(choice.PassedOver(found.id, why.rstrip(".")))
            unfit.append(attempt)
        if unmeasured is not None:
            return self._finish(unmeasured, info)
        if not passed:
            raise BadInput(choice.no_detector(info.kind))
        if broken and len(broken) == len(passed):
            return replace(failed_verdict(self.file.shown, broken[0][1], broken[0][0]), modality=info.kind)
        return self._none_fits(base, unfit, passed, info)

    def _none_fits(
        self, base: Verdict, unfit: list[Attempt], passed: list[choice.PassedOver], info: Any
    ) -> Verdict:
        outside = next((one for one in unfit if one.refused is None), None)
        reason = choice.none_fits(info.kind, passed, one_judged=outside is not None)
        if outside is not None:
            rest = [one for one in passed if one.detector != outside.found.id]
            return self._finish(_after(outside, rest), info, headline=wording.NONE_KNOWS, reason=reason)
        if len(passed) == len(unfit) == 1:
            return self._finish(unfit[0], info)
        entries = tuple({"detector": one.detector, "why": one.why} for one in passed)
        if len(unfit) == len(passed):  # nothing of it can be judged by anybody: no face, silence
            return self._finish(_after(unfit[0], passed[1:]), info)
        entry = replace(
            base, status="not_applicable", reason=reason, words=wording.NONE_KNOWS, passed_over=entries
        )
        return evidence.with_facts(self.file, entry, info)

    def _never(self, found: source.Source, info: Any) -> str | None:
        """Why the automatic choice does not take this detector, whatever it would say."""
        if found.learned_nothing:
            return choice.LEARNED_NOTHING
        if not found.measured:
            return choice.NOT_MEASURED
        if not found.demo or is_demo(self.file, found, info):
            return None
        return choice.DEMO_ONLY if found.imported is None else choice.MEASURED_ON_DEMO

    def _finish(
        self, attempt: Attempt, info: Any, headline: str | None = None, reason: str | None = None
    ) -> Verdict:
        """The verdict with its evidence, or the entry that says why there is none."""
        held = reservations.list_reservations(attempt.found, attempt.domain, attempt.damage)
        base = replace(attempt.base, reservations=reservations.as_dicts(held))
        if attempt.detector is None or attempt.judged is None or attempt.domain is None:
            words = wording.not_applicable(str(attempt.refused))
            entry = replace(base, status="not_applicable", reason=one_line(attempt.refused), words=words)
            return evidence.with_facts(self.file, entry, info)
        verdict = self._conclude(
            base, attempt.detector, attempt.judged, attempt.domain, attempt.prepared, info
        )
        if headline is not None:
            verdict = replace(verdict, words=headline, reason=reason)
        self.file.on_progress("verdict", verdict)
        return evidence.explain_verdict(
            self.file, attempt.detector, attempt.prepared, attempt.judged, info, verdict
        )

    def _conclude(
        self, base: Verdict, detector: Detector, judged: Judged, domain: Domain, prepared: Any, info: Any
    ) -> Verdict:
        """The verdict itself; everything after it is evidence."""
        found = reservations.conclude(
            judged.score,
            detector.threshold,
            detector.band,
            detector.probability(judged.score),
            domain,
            learned_nothing=base.learned_nothing,
        )
        found = reservations.of_imported(found, detector.source)
        seen = "frames" if detector.modality == "image" and info.kind == "video" else detector.modality
        fitted = detector.calibration
        imported = detector.source.imported is not None
        return replace(
            base,
            verdict=found.verdict,
            score=judged.score,
            probability=found.probability,
            prevalence=detector.prevalence if fitted and fitted.fakes else None,
            domain={k: v for k, v in domain.to_dict().items() if k != "remarks"},
            outside=domain.remarks,
            units=judged.units,
            tracks=tuple(_person_lines(judged)),
            words=found.words,
            reason=reservations.reason(detector.source),
            caveats=tuple(
                wording.caveats(
                    seen,
                    calibrated=base.calibrated,
                    learned_nothing=base.learned_nothing,
                    threshold=detector.threshold,
                    demo=wording.demo_only(imported) if detector.source.demo else "",
                    probability=wording.about_probability(fitted, detector.prevalence)
                    if found.probability is not None
                    else (),
                )
            ),
            notes=(*wording.other_side(found.verdict, found.probability, detector.threshold), *base.notes),
            frame_size=_size(prepared),
            stages=dict(self.file.stages),
        )


def _after(attempt: Attempt, passed: Sequence[choice.PassedOver]) -> Attempt:
    """The attempt with a word on each detector that was asked before."""
    entries = tuple({"detector": one.detector, "why": one.why} for one in passed)
    notes = (*attempt.base.notes, *choice.words_of(passed))
    return replace(attempt, base=replace(attempt.base, notes=notes, passed_over=entries))


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
