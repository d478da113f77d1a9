"""The verdict on one file: fake, real, uncertain or not applicable, with the units it rests on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any

STATUSES = ("ok", "not_applicable", "error")
VERDICTS = ("fake", "real", "uncertain")
Band = tuple[float, float]
UNKNOWN_DOMAIN = {"inside": None, "distance": None, "limit": None, "why": "the file was not judged"}


@dataclass(frozen=True)
class Unit:
    """A scored part of the file: a frame, a face in it, or a segment of its sound."""

    kind: str  # frame | face | segment
    index: int  # number of the frame in the clip, or of the segment
    t0: float  # seconds
    t1: float
    score: float
    box: tuple[float, float, float, float] | None = None  # x0, y0, x1, y1 in pixels of the frame
    track: int = 0  # the person it belongs to


@dataclass(frozen=True)
class HeatMap:
    """One explanation of one unit: where it lies, and whether it means something."""

    method: str
    kind: str  # picture | sound | time
    unit: int  # position in Verdict.units
    path: str  # the picture of the map, as given to the caller
    overlay: str = ""  # a transparent picture of the size of the frame, to lay over the player
    frame: str = ""  # the frame alone
    t0: float = 0.0
    t1: float = 0.0
    faithfulness: Faithfulness | None = None
    importance: float = 0.0  # of this moment among those explained by the same method
    layer: str = ""  # the one of several whose map was the most faithful


PRINTED = 3  # decimals of the figures of a heat map


def holds(drop: float, random_high: float) -> bool:
    """By the decimals that are printed: what they do not show is no effect."""
    return round(drop, PRINTED) > max(0.0, round(random_high, PRINTED))


@dataclass(frozen=True)
class Faithfulness:
    """How far the score falls when what the map marks is removed, against removing as much at random."""

    share: float  # of the area or time removed
    score: float  # before
    drop: float  # after removing what is marked: score before minus score after
    random: float  # the mean of the same for random places
    random_high: float  # the highest of the random ones
    holds: bool  # the map names what the score rests on, more than chance would


@dataclass(frozen=True)
class Verdict:
    """One file's entry. The first fields are the contract of `python -m core detect`."""

    file: str
    status: str
    verdict: str | None = None
    score: float | None = None
    threshold: float | None = None
    modality: str | None = None
    detector: str | None = None
    probability: float | None = None  # where a share `prevalence` of such files is fake
    units: tuple[Unit, ...] = ()
    heatmaps: tuple[str, ...] = ()
    reason: str | None = None
    seconds: float = 0.0
    band: Band | None = None
    words: str = ""  # the level of evidence in words
    calibrated: bool = False
    prevalence: float | None = None
    learned_nothing: bool = False
    tracks: tuple[dict[str, Any], ...] = ()
    notes: tuple[str, ...] = ()  # how it came about: which detector and why, what was left out
    outside: tuple[dict[str, Any], ...] = ()  # what lies outside what the detector was trained on
    caveats: tuple[str, ...] = ()
    facts: dict[str, Any] = field(default_factory=dict)  # what the file says of itself
    operating_point: dict[str, Any] = field(default_factory=dict)
    model: str = ""
    contributions: tuple[dict[str, Any], ...] = ()  # of each modality, by leaving it out
    explanations: tuple[HeatMap, ...] = ()
    waveform: dict[str, Any] = field(default_factory=dict)
    frame_size: tuple[int, int] | None = None
    duration: float | None = None
    domain: dict[str, Any] = field(default_factory=lambda: dict(UNKNOWN_DOMAIN))
    reservations: tuple[dict[str, Any], ...] = ()  # what disqualifies it: `kind`, `words`, the gravest first
    catalogued: tuple[dict[str, Any], ...] = ()  # samples of the catalogue that are this file, or nearly
    about: dict[str, Any] = field(default_factory=dict)  # what made the detector; `lines` has it in words
    passed_over: tuple[dict[str, Any], ...] = ()  # detectors that the automatic choice asked before
    # `words` that go with it, their `source`, whether `used`.
    text: dict[str, Any] = field(default_factory=dict)
    stages: dict[str, float] = field(default_factory=dict)  # seconds of each step

    @property
    def without_evidence(self) -> str:
        """Why its score says nothing of this file, after the detector's name; empty where it says something."""
        kinds = {str(one.get("kind")) for one in self.reservations}
        if "not_measured" in kinds:
            return "was not measured here"
        if self.learned_nothing or "learned_nothing" in kinds:
            return "learned nothing"
        return "does not know such files" if self.domain.get("inside") is False else ""

    def is_reserved(self, sentence: str) -> bool:
        """Whether the line under the headline says it already."""
        line = " ".join(str(one.get("words")) for one in self.reservations)
        return sentence.casefold() in line.casefold()

    def word_at(self, score: float, threshold: float | None) -> str:
        """What a score of this file is called: nothing is called fake or real by a score that is no evidence."""
        return "uncertain" if self.without_evidence else decide(score, threshold, self.band)

    def to_dict(self) -> dict[str, Any]:
        """Plain values, as JSON has them."""
        return asdict(self)

    @classmethod
    def from_dict(cls, document: Mapping[str, Any]) -> Verdict:
        known = {f.name for f in fields(cls)}
        values = {k: v for k, v in document.items() if k in known}
        values["units"] = tuple(
            Unit(**{**u, "box": tuple(u["box"]) if u.get("box") else None}) for u in values.get("units", ())
        )
        values["explanations"] = tuple(_map_from(m) for m in values.get("explanations", ()))
        for name in (
            "heatmaps",
            "tracks",
            "notes",
            "outside",
            "caveats",
            "contributions",
            "reservations",
            "catalogued",
            "passed_over",
        ):
            values[name] = tuple(values.get(name) or ())
        for name in ("band", "frame_size"):
            values[name] = tuple(values[name]) if values.get(name) else None
        return cls(**values)


def _map_from(document: Mapping[str, Any]) -> HeatMap:
    faithful = document.get("faithfulness")
    return HeatMap(**{**document, "faithfulness": Faithfulness(**faithful) if faithful else None})


def decide(score: float, threshold: float | None, band: Band | None = None) -> str:
    """Fake where score >= threshold; uncertain from the band's low to under its high; null calls nothing fake.

    >>> decide(0.5, 0.5), decide(0.49, 0.5), decide(0.99, None), decide(0.49, 0.5, (0.45, 0.55))
    ('fake', 'real', 'real', 'uncertain')
    """
    if band is not None and band[0] <= score < band[1]:
        return "uncertain"
    return "fake" if threshold is not None and score >= threshold else "real"
