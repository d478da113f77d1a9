"""What detectors and verdicts are called: a run by its name, a verdict by its word and shape."""

from __future__ import annotations

from collections.abc import Mapping

from core.detection import wording
from core.detection.verdict import Verdict
from core.runs.listing import detectors, runs
from core.runs.titles import titles
from dashboard import session

BADGES = {
    "fake": ("red", "✖ fake"),
    "real": ("blue", "● real"),
    "uncertain": ("gray", "◆ uncertain"),
    "not_applicable": ("gray", "○ not judged"),
    "error": ("gray", "○ not readable"),
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
    return badge(word(verdict), verdict.words)[1]


def badge(word: str, headline: str) -> tuple[str, str]:
    """Colour and text, grey where the headline takes the verdict back."""
    if headline in (wording.NOTHING, wording.AT_CHANCE):
        return "gray", "○ no evidence"
    if headline in wording.LEANS.values() and word in wording.LEANS:
        return "gray", f"◇ leans to {word}"
    return BADGES[word]
