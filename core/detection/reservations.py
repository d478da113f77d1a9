"""What a verdict is worth: the word, the headline, and what disqualifies it, decided in one place.

Page, command and report take all three from the verdict; none of them decides on its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from core.detection import wording
from core.detection.detector_description import About
from core.detection.verdict import Band, decide


class DomainFacts(Protocol):
    """What the domain decision says (core.detection.domain)."""

    @property
    def inside(self) -> bool | None: ...
    @property
    def why(self) -> str: ...
    @property
    def processing(self) -> str: ...


class Maker(Protocol):
    """What is asked of a detector's source."""

    @property
    def learned_nothing(self) -> bool: ...
    @property
    def demo(self) -> bool: ...
    @property
    def about(self) -> About: ...
    @property
    def imported(self) -> dict[str, Any] | None: ...
    @property
    def measured(self) -> bool: ...


@dataclass(frozen=True)
class Reservation:
    """Something that takes from the verdict."""

    # not_measured | learned_nothing | demo_only | outside | domain_unknown | processed | few_validation | damaged
    kind: str
    words: str

    def to_dict(self) -> dict[str, str]:
        return {"kind": self.kind, "words": self.words}


@dataclass(frozen=True)
class Conclusion:
    verdict: str
    probability: float | None
    words: str  # the headline


def conclude(
    score: float,
    threshold: float | None,
    band: Band | None,
    probability: float | None,
    domain: DomainFacts,
    *,
    learned_nothing: bool,
) -> Conclusion:
    """Where its score means nothing the verdict is uncertain, and there is no probability.

    learned nothing ─▶ uncertain, "its answer is no evidence"
    outside         ─▶ uncertain, "Outside what this detector knows"
    not known       ─▶ fake | uncertain (band) | real, as a leaning without a level of evidence
    inside          ─▶ fake | uncertain (band) | real, in levels of evidence
    """
    if learned_nothing:
        return Conclusion("uncertain", None, wording.NOTHING)
    if domain.inside is False:
        return Conclusion("uncertain", None, wording.OUTSIDE)
    verdict = decide(score, threshold, band)
    if domain.inside is None and verdict in wording.LEANS:
        return Conclusion(verdict, probability, wording.LEANS[verdict])
    return Conclusion(verdict, probability, wording.evidence(verdict, probability, score))


class Imported(Protocol):
    """What is asked of the source of a detector that may have been imported."""

    @property
    def imported(self) -> dict[str, Any] | None: ...
    @property
    def measured(self) -> bool: ...
    @property
    def learned_nothing(self) -> bool: ...


def of_imported(found: Conclusion, source: Imported) -> Conclusion:
    """What an imported detector says is uncertain until it was measured here, and no evidence where it is at
    chance."""
    if not source.measured:
        return Conclusion("uncertain", None, wording.UNMEASURED)
    if source.imported is not None and source.learned_nothing:
        return Conclusion("uncertain", None, wording.AT_CHANCE)
    return found


def reason(maker: Maker) -> str | None:
    """Why no file gets more than `uncertain` from this detector; None where files can."""
    if not maker.measured:
        return wording.NOT_MEASURED
    if not maker.learned_nothing:
        return None
    return wording.LEARNED_NOTHING if maker.imported is None else f"{wording.AT_CHANCE}."


def list_reservations(
    maker: Maker, domain: DomainFacts | None, damage: Sequence[str]
) -> tuple[Reservation, ...]:
    """Always in this order; `domain` is null where the file was not judged."""
    found = []
    never = reason(maker)
    if never is not None and not maker.measured:
        found.append(Reservation("not_measured", f"{never[:1].upper()}{never[1:]}."))
    elif never is not None:
        found.append(Reservation("learned_nothing", never))
    if maker.demo:
        found.append(Reservation("demo_only", wording.demo_only(maker.imported is not None)))
    if domain is not None and domain.inside is False:
        found.append(Reservation("outside", f"{wording.OUTSIDE}: {_small(domain.why)}"))
    # Of a detector whose answer counts for no file it need not be said that it may not know this one.
    if domain is not None and domain.inside is None and never is None:
        found.append(Reservation("domain_unknown", domain.why))
    # Where the loss is why the file counts as outside, that reservation has said it.
    already_stated = domain is not None and domain.inside is False and domain.processing in domain.why
    if domain is not None and domain.processing and not already_stated:
        found.append(Reservation("processed", domain.processing))
    counts = maker.about.validation
    if counts is not None and min(counts) < wording.FEW:
        found.append(Reservation("few_validation", wording.few_validation(*counts)))
    if damage:
        found.append(Reservation("damaged", " ".join(damage)))
    return tuple(found)


def _small(sentence: str) -> str:
    return sentence[:1].lower() + sentence[1:] if sentence[1:2].islower() else sentence


def as_dicts(found: Sequence[Reservation]) -> tuple[dict[str, Any], ...]:
    return tuple(one.to_dict() for one in found)
