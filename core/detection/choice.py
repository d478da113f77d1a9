"""The automatic choice: which detectors are asked about a file, in which order, and why one was passed over.

default of the file's own kind ─▶ other detectors of that kind ─▶ default of the next kind …
   │ learned nothing: never
   │ demo data only: for files of the demo alone
   │ the file lies outside what it knows: the next one is asked
   ▼
the first that is left judges
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from core.detection import defaults, source
from core.errors import BadInput, WorkbenchError, one_line
from core.workspace import Workspace, workspace

MOST_ASKED = 8  # detectors that read a file before it is said that none knows it

LEARNED_NOTHING = "it learned nothing"
DEMO_ONLY = "it learned from demo data only, and this is no demo file"


@dataclass(frozen=True)
class Candidate:
    run: str
    note: (
        str | None
    )  # how it judges where it was made for another kind of file, or why it comes into question


@dataclass(frozen=True)
class PassedOver:
    detector: str
    why: str


def candidates(kind: str, others: Sequence[str], space: Workspace | None = None) -> list[Candidate]:
    """In the order in which they are asked. `others`: runs beside the defaults, the most welcome first."""
    space = space or workspace()
    by_modality: dict[str, list[str]] = {}
    for run in others:
        if (modality := _modality(run, space)) is not None:
            by_modality.setdefault(modality, []).append(run)
    found: dict[str, Candidate] = {}
    for modality in defaults.FITTING.get(kind, ()):
        default = defaults.default_detector(modality, space)
        runs = ([default] if default is not None else []) + by_modality.get(modality, [])
        for run in runs:
            found.setdefault(run, Candidate(run, _note(kind, modality, is_default=run == default)))
    if not found:
        raise BadInput(
            f"there is no default detector for {kind} files; "
            f"{defaults.HOW.format(modality=kind, file=space.settings_file)}"
        )
    return list(found.values())[:MOST_ASKED]


def _modality(run: str, space: Workspace) -> str | None:
    try:
        return source.find(run, space).modality
    except WorkbenchError:  # it is listed with its fault on the Runs page
        return None


def _note(kind: str, modality: str, *, is_default: bool) -> str | None:
    if modality == kind:
        return None if is_default else f"It is not the default for {kind}; it was chosen automatically."
    how = {"image": "frame by frame", "audio": "by its sound track", "multimodal": "by pictures and sound"}[
        modality
    ]
    return f"A detector for {modality} judged it {how}; none for {kind} came first."


def words_of(passed: Sequence[PassedOver]) -> list[str]:
    """A line a detector that was asked and did not judge."""
    return [f"{one.detector} was passed over: {one.why}." for one in passed]


def none_fits(kind: str, passed: Sequence[PassedOver]) -> str:
    """Why no detector judges, and what to do."""
    asked = "; ".join(f"{one.detector}: {one.why}" for one in passed)
    return one_line(
        f"no detector here knows files of this kind ({asked}). Train one on {kind} files like this one, "
        "or name a detector to see what it says all the same"
    )
