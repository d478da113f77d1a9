"""The automatic choice: which detectors are asked about a file, in which order, and why one was passed over.

default of the file's own kind ─▶ other detectors of that kind ─▶ default of the next kind …
   │ learned nothing: never
   │ demo data only: for files of the demo alone
   │ the file lies outside what it knows: the next one is asked
   ▼
the first that is left judges
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from core import words
from core.detection import defaults, naming, source
from core.errors import BadInput, WorkbenchError, one_line
from core.runs.listing import listing
from core.workspace import Workspace, workspace

MOST_ASKED = 8  # detectors that read a file before it is said that none knows it

LEARNED_NOTHING = "it learned nothing"
NOT_MEASURED = "it was imported and not measured here"
DEMO_ONLY = "it learned from demo data only, and this is no demo file"
MEASURED_ON_DEMO = "it was measured on demo data only, and this is no demo file"


@dataclass(frozen=True)
class Candidate:
    run: str
    # How it judges where it was made for another kind of file, or why it comes into question.
    note: str | None


@dataclass(frozen=True)
class PassedOver:
    detector: str
    why: str


def candidates(kind: str, others: Sequence[str], space: Workspace | None = None) -> Iterator[Candidate]:
    """In the order in which they are asked. `others`: runs beside the defaults, the most welcome first; where none
    are named, every finished run may follow a default that is not fit.
    """
    space = space or workspace()
    default_of = defaults_for(kind, space)
    if not others and not any(default_of.values()):
        raise BadInput(_no_default(kind, space))
    return itertools.islice(_in_order(kind, default_of, others, space), MOST_ASKED)


def defaults_for(kind: str, space: Workspace) -> dict[str, str | None]:
    """The default of each modality that can judge such files, the most fitting first."""
    found = {m: defaults.default_detector(m, space) for m in defaults.FITTING.get(kind, ())}
    return {m: run if run is None or _learned_from(run, m, kind, space) else None for m, run in found.items()}


def _learned_from(run: str, modality: str, kind: str, space: Workspace) -> bool:
    """Whether a multimodal detector learned from files of this kind; one that cannot be read says so when asked."""
    if modality != "multimodal" or kind == "video":
        return True
    try:
        return kind in source.find(run, space).about.kinds
    except WorkbenchError:
        return True


def _in_order(
    kind: str, default_of: Mapping[str, str | None], others: Sequence[str], space: Workspace
) -> Iterator[Candidate]:
    seen: set[str] = set()
    by_modality: dict[str, list[str]] | None = None
    for modality, default in default_of.items():
        if default is not None and default not in seen:
            seen.add(default)
            yield Candidate(default, _note(kind, modality, is_default=True, has_default=True))
        if by_modality is None:  # not before a default was not fit: it opens every finished run
            by_modality = _by_modality(others or list_finished(space), space)
        for run in by_modality.get(modality, []):
            if run not in seen and _learned_from(run, modality, kind, space):
                seen.add(run)
                note = _note(kind, modality, is_default=False, has_default=default is not None)
                yield Candidate(run, note)


def list_finished(space: Workspace) -> list[str]:
    """Runs that can judge: those that learned something first, the latest before older ones."""
    runs = [r for r in listing(space).runs() if r.state in ("completed", "stopped")]
    there = [r for r in runs if (space.runs / r.id / "best_model.pth").is_file()]
    return [r.id for r in sorted(there, key=lambda r: bool(r.learned_nothing))]


def _by_modality(runs: Sequence[str], space: Workspace) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for run in runs:
        if (modality := _modality(run, space)) is not None:
            found.setdefault(modality, []).append(run)
    return found


def no_detector(kind: str) -> str:
    return f"no detector here judges {words.modality(kind)}; train one on {words.modality(kind)}"


def _no_default(kind: str, space: Workspace) -> str:
    how = defaults.HOW.format(modality=kind, file=space.settings_file)
    return f"there is no default detector for {words.modality(kind)}; {how}"


def _modality(run: str, space: Workspace) -> str | None:
    try:
        return source.find(run, space).modality
    except WorkbenchError:  # it is listed with its fault on the Runs page
        return None


def _note(kind: str, modality: str, *, is_default: bool, has_default: bool) -> str | None:
    if modality == kind and is_default:
        return None
    if modality == kind:
        of_kind = f"the default for {words.modality(kind)}"
        return f"The detector was chosen automatically; {f'{of_kind} was asked first' if has_default else f'no detector is {of_kind}'}."
    how = {"image": "frame by frame", "audio": "by its sound track", "multimodal": _BY_ALL[kind]}[modality]
    return (
        f"A detector for {words.modality(modality)} judged it {how}, as none for {words.modality(kind)} did."
    )


_BY_ALL = {"video": "by pictures and sound", "image": "by its picture alone", "audio": "by its sound alone"}


def words_of(passed: Sequence[PassedOver]) -> list[str]:
    """A line a detector that was asked and did not judge."""
    names = naming.names_of(one.detector for one in passed)
    return [f"“{names[one.detector]}” was passed over: {one.why}." for one in passed]


def none_fits(kind: str, passed: Sequence[PassedOver], *, one_judged: bool) -> str:
    """Why no detector judges, and what to do. Where one judged all the same, it is said beside its verdict why that means
    nothing and which others were passed over. One that is chosen by hand may judge, but not everything.
    """
    names = naming.names_of(one.detector for one in passed)
    asked = "; ".join(f"“{names[one.detector]}”: {one.why}" for one in passed if not one_judged)
    may_choose = one_judged or any(one.why in (LEARNED_NOTHING, NOT_MEASURED) for one in passed)
    return one_line(
        f"no detector here knows files of this kind. {asked}{'. ' if asked else ''}Train a detector on {words.modality(kind)} like this one"
        f"{', or choose a detector to see what it says all the same' if may_choose else ''}."
    )
