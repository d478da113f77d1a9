"""Which run to start with, which to put side by side, and which to prefer: chosen on validation alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from core import numbers, words
from core.errors import BadInput
from core.runs.comparison import FEWEST, compare_paired
from core.runs.folder import RunFolder
from core.runs.summaries import Summary
from core.runs.titles import titles


@dataclass(frozen=True)
class Candidate:
    """What a recommendation looks at: validation figures only, for test may not choose."""

    run: Summary
    value: float
    interval: tuple[float, float] | None
    parameters: int | None

    @property
    def shown(self) -> str:
        return numbers.interval(self.value, *(self.interval or (None, None)))

    @property
    def rank(self) -> tuple[float, float]:
        """By what it reaches at least: on few samples a high AUC may be luck.

        0.99 [0.80, 1.00]   under   0.97 [0.96, 0.98]
        """
        return (self.interval[0] if self.interval else 0.0, self.value)


def why_not(run: Summary) -> str:
    """Why a run cannot be recommended; empty where it can."""
    if (unfit := _unfit(run)) is not None:
        return unfit
    return "it learned from demo data only" if run.demo else ""


def _unfit(run: Summary) -> str | None:
    """Why it cannot be recommended even where there is demo data alone."""
    if run.state != "completed":
        return "it did not finish"
    if run.learned_nothing:
        return "it learned nothing"
    return "it has no figures on validation" if run.auc is None else None


def most_comparable(runs: Sequence[Summary], ids: Callable[[Summary], frozenset[str]]) -> list[Summary]:
    """The runs to put side by side first: of one modality, and with enough scored samples in common.

    Those that learned something real come before demo runs and those that learned nothing; `ids` gives the samples
    that a run scored. Fewer than two where nothing can be compared.
    """
    order = sorted(runs, key=lambda run: (bool(run.learned_nothing), run.demo))
    for first in order:
        own = ids(first)
        alike = [
            run
            for run in order
            if run is not first and run.modality == first.modality and len(own & ids(run)) >= FEWEST
        ]
        if alike:
            return [first, *alike[:3]]
    return []


@dataclass(frozen=True)
class Recommendation:
    run: Summary
    reason: str


def candidate(run: Summary, parameters: int | None = None) -> Candidate | None:
    """None for a run that cannot be recommended; `why_not` says why."""
    return None if why_not(run) else _candidate(run, parameters)


def _candidate(run: Summary, parameters: int | None = None) -> Candidate | None:
    return None if run.auc is None else Candidate(run, run.auc, run.auc_interval, parameters)


_DEMO_ALONE = (
    "trained on demo data and judges files of the demo alone; no run on your own data has shown yet that it learned "
    "something"
)


def best_to_start_with(runs: Sequence[Summary]) -> Recommendation | None:
    """Of the runs of one modality the one to make the default, by the rule of `recommend` but without pairing: that
    reads every score. A demo run where there is nothing else; None where there is not even that."""
    found = [one for run in runs if (one := candidate(run))]
    if found:
        best = max(found, key=lambda one: one.rank)
        if len(found) == 1:
            return Recommendation(best.run, "the only one trained on your data that learned something")
        return Recommendation(
            best.run,
            f"the best on validation of {len(found)} trained on your data, with an AUC of {best.shown}",
        )
    demo = [one for run in runs if _unfit(run) is None and (one := _candidate(run))]
    if not demo:
        return None
    best = max(demo, key=lambda one: one.rank)
    return Recommendation(best.run, _DEMO_ALONE)


def recommend(candidates: Sequence[Candidate], folders: Mapping[str, RunFolder]) -> Recommendation | None:
    """The best AUC on validation; among those not shown to be worse, the one with the fewest parameters."""
    if not candidates:
        return None
    best = max(candidates, key=lambda one: one.rank)
    names = titles([c.run for c in candidates])
    reason = f"AUC {best.shown} on validation"
    if len(candidates) == 1:
        reason += ", the only one that learned"
    elif best.value == max(one.value for one in candidates):
        reason += f", the highest of {len(candidates)}"
    else:
        reason += f", of {len(candidates)} the one whose interval begins highest"
    equals, unpaired = [], []
    for other in candidates:
        if other is best:
            continue
        try:
            found = compare_paired(folders[best.run.id], folders[other.run.id], "val", n=500)
        except BadInput:
            unpaired.append(other)
            continue
        if not found.auc.shown:
            equals.append(other)
    smaller = [
        c for c in equals if c.parameters is not None and best.parameters and c.parameters < best.parameters
    ]
    chosen = min(smaller, key=lambda c: c.parameters or 0) if smaller else best
    if chosen is not best:
        reason = (
            f"AUC {chosen.shown} on validation: no difference shown to the best (“{names[best.run.id]}”, "
            f"{best.shown}), with {numbers.in_millions(chosen.parameters or 0)} instead of "
            f"{numbers.in_millions(best.parameters or 0)} parameters"
        )
    elif equals:
        reason += f"; no difference is shown to {words.listed(words.quoted(names[c.run.id] for c in equals[:3]), 'or')}"
    if unpaired:
        reason += (
            f"; {len(unpaired)} validated on other samples, so their figures are not on the same footing"
        )
    return Recommendation(chosen.run, reason)
