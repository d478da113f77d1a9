"""What detectors and verdicts are called: a run by its name, a verdict by its word and shape."""

from __future__ import annotations

from collections.abc import Mapping

from core.detection import wording
from core.detection.verdict import Verdict
from core.runs.listing import detectors, runs
from core.runs.titles import titles
from dashboard import session

# Of each word that may stand beside a headline its colour and shape; without evidence none has a colour.
BADGES = {
    "fake": ("red", "✖"),
    "real": ("blue", "●"),
    "uncertain": ("gray", "◆"),
    "leans to fake": ("gray", "◇"),
    "leans to real": ("gray", "◇"),
    "no evidence": ("gray", "○"),
    "not judged": ("gray", "○"),
    "not readable": ("gray", "○"),
}


def of_detectors() -> Mapping[str, str]:
    space = session.space()
    return titles([*runs(space), *detectors(space)])


def of_detector(run_id: str | None) -> str:
    """One that is not here any more keeps its id; without any it is not chosen yet."""
    if not run_id:
        return "chosen automatically"
    return of_detectors().get(run_id, run_id)


def word(verdict: Verdict) -> str:
    """fake, real, uncertain, not_applicable or error."""
    return verdict.verdict if verdict.status == "ok" and verdict.verdict else verdict.status


def mark(verdict: Verdict) -> str:
    return badge(word(verdict), verdict.words)[1]


def badge(word: str, headline: str) -> tuple[str, str]:
    """Colour and text, grey where the headline takes the verdict back."""
    said = wording.spoken(word, headline)
    colour, shape = BADGES[said]
    return colour, f"{shape} {said}"
