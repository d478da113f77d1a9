"""What detectors and verdicts are called: a run by its name, a verdict by its word and shape."""

from __future__ import annotations

from collections.abc import Mapping

from core.detection.verdict import Verdict
from core.runs.listing import detectors, runs
from core.runs.titles import titles
from dashboard import session

MARKS = {
    "fake": "✖ fake",
    "real": "● real",
    "uncertain": "◆ uncertain",
    "not_applicable": "○ not judged",
    "error": "○ not readable",
}


def of_detectors() -> Mapping[str, str]:
    space = session.space()
    return titles([*runs(space), *detectors(space)])


def of_detector(run_id: str | None) -> str:
    """One that is not here any more keeps its id; without any it is the default."""
    if not run_id:
        return "the default detector"
    return of_detectors().get(run_id, run_id)


def word(verdict: Verdict) -> str:
    """fake, real, uncertain, not_applicable or error."""
    return verdict.verdict if verdict.status == "ok" and verdict.verdict else verdict.status


def mark(verdict: Verdict) -> str:
    return MARKS[word(verdict)]
