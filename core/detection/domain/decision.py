"""The decision whether a file lies inside what a detector knows, with its distance, limit and reason."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any, NamedTuple

from core import numbers
from core.detection.domain import reference
from core.detection.domain.compression import Compression, compression_of
from core.training.reference.marks import marked
from core.training.reference.rule import FALSE_ALARMS, FEWEST, Processed, Reference, figures_of
from core.workspace import Workspace

if TYPE_CHECKING:
    from core.detection.detector import Detector, Judged

TIE = 1e-5  # figures that are the same in every file are stored rounded
LOSS = 0.03  # of AUC, that processing may cost for a verdict to stand with it stated
CLEARLY = 0.9  # of its distance at most is left once processing is taken back, for it to explain the file
AGREEMENT = 0.9  # share of processed copies whose verdict stays the same, likewise
# What each block of figures shows, as a sentence names it.
SHOWN = {
    "network": "what the network sees in it",
    "layout": "how the picture is composed",
    "spectrum": "how much fine detail it has",
    "chroma": "the detail of its colours",
    "noise": "its noise and compression",
    "colour": "its brightness and colours",
    "size": "its size in pixels",
    "rate": "its sample rate",
    "voice": "the sound of the voice",
    "variation": "how the sound varies",
    "floor": "its background noise",
    "peaks": "its loudest sounds",
    "dynamics": "its level and pauses",
}


# What the files have that a block of figures is taken from.
HELD = {
    "network": "figures that the network takes of them",
    **dict.fromkeys(("layout", "spectrum", "chroma", "noise", "colour", "size"), "pictures"),
    **dict.fromkeys(("voice", "variation", "floor", "peaks", "dynamics", "direction"), "sound"),
    "rate": "a sample rate",
}


@dataclass(frozen=True)
class Domain:
    """`inside` is null where it cannot be known; `why` gives the reason in one sentence in every case.

    distance  0 ......... limit ......... ∞
              |  inside     |  outside
    """

    inside: bool | None
    distance: float | None = None
    limit: float | None = None
    why: str = ""
    processing: str = ""  # mild processing that was recognised, with its measured loss; "" where none
    remarks: tuple[dict[str, Any], ...] = ()  # facts beside the decision: `what`, `words`, `out`

    def to_dict(self) -> dict[str, Any]:
        """Plain values, as JSON has them."""
        return asdict(self)


def assess(
    detector: Detector, judged: Judged, prepared: Any, info: Any, space: Workspace | None = None
) -> Domain:
    """Where a judged file lies for this detector. Takes milliseconds; needs no training data.

    The first time that an old run is asked, its reference is made, which takes about a minute.
    """
    from core.detection.domain.remarks import remarks

    known = reference.of(detector, space)
    found = tuple(remarks(detector, judged, prepared, info, known))
    if known.reference is None:
        return Domain(None, why=known.why, remarks=found)
    found_in = figures_of(judged.embedding, prepared, info.sample_rate)
    figures = {name: values[None] for name, values in found_in.items()}
    return decide(known.reference, figures, found, compression_of(info, known.reference, detector.modality))


def decide(
    known: Reference,
    figures: dict[str, Any],
    remarks: tuple[dict[str, Any], ...] = (),
    compression: Compression | None = None,
) -> Domain:
    """From the figures of one file, each (1, width), and what it states of lossy compression."""
    return replace(_decide(known, figures, compression), remarks=remarks)


def _decide(known: Reference, figures: dict[str, Any], compression: Compression | None) -> Domain:
    missing = [name for name in known.views if name not in figures]
    if missing:
        why = f"The files that the detector knows have {HELD[missing[0]]}; this one has none to compare."
        return Domain(False, why=why)
    if any(figures[name].shape[1] != view.width for name, view in known.views.items()):
        why = (
            f"{reference.UNKNOWN}: its file reference.npz belongs to another detector. Delete that file, and it is "
            "made again."
        )
        return Domain(None, why=why)
    distance = float(known.distance(figures)[0])
    if known.limit is None:
        why = (
            f"{reference.UNKNOWN}: it takes {FEWEST} files to compare with, and there {'is' if known.count == 1 else 'are'} {known.count}. Train or "
            "measure it with more files."
        )
        return Domain(None, distance, why=why)
    if compression is not None and compression.is_harder_than_any(known.processed):
        why = f"It was compressed harder ({compression.words}) than any copy on which the loss was measured."
        return Domain(False, distance, known.limit, why, why)
    file = _Placed(distance, known.limit, _coded(known, figures, compression), compression)
    if distance <= known.limit * (1 + TIE):
        return _of_near(known, figures, file)
    return _of_far(known, figures, file)


class _Placed(NamedTuple):
    """Where a file lies, and what it states of lossy compression: the measured kind that stands for it, and itself."""

    distance: float
    limit: float
    coded: Processed | None
    compression: Compression | None


def _of_near(known: Reference, figures: dict[str, Any], file: _Placed) -> Domain:
    """Of a file that lies among its like; it may have been processed all the same."""
    distance, limit, coded, compression = file
    own = compression is not None and compression.known
    if coded is not None and compression is not None and not own and not _harmless(coded):
        stated = _loss(coded)
        why = (
            f"It was compressed harder ({compression.words}) than the files that the detector knows, and that costs "
            f"too much accuracy. {stated}"
        )
        return Domain(False, distance, limit, why, stated)
    if (coded is None or own) and (mark := marked(known, figures)) is not None:
        stated = _loss(mark)
        why = f"It lies among the files that the detector knows and looks like one of them after {mark.name}"
        if _harmless(mark):
            return Domain(True, distance, limit, f"{why}. {stated}", stated)
        return Domain(False, distance, limit, f"{why}, which costs too much accuracy. {stated}", stated)
    kind = coded or _processing(known, figures, distance)
    why = (
        f"It is no farther from the {known.count} files that the detector knows than "
        f"{numbers.short_percent(1 - FALSE_ALARMS)} of these are."
    )
    return Domain(True, distance, limit, why, _loss(kind) if kind else "")


def _of_far(known: Reference, figures: dict[str, Any], file: _Placed) -> Domain:
    """Of a file that lies outside, where no mild processing accounts for it."""
    distance, limit, coded, compression = file
    kind = coded or _processing(known, figures, distance)
    if kind is not None:
        stated = _loss(kind)
        why = "It looks like a processed file of a kind that the detector knows"
        if _harmless(kind):
            return Domain(True, distance, limit, f"{why}. {stated}", stated)
        return Domain(False, distance, limit, f"{why}, and that costs too much accuracy. {stated}", stated)
    shown = SHOWN.get(known.farthest(figures), "what it holds")
    why = f"The file differs from the {known.count} files that the detector knows, most in {shown}."
    if compression is None or compression.known:
        return Domain(False, distance, limit, why)
    stated = f"It was also compressed harder ({compression.words}) than those."
    return Domain(False, distance, limit, f"{why} {stated}", stated)


def _coded(known: Reference, figures: dict[str, Any], compression: Compression | None) -> Processed | None:
    """The measured kind that stands for the compression which the container states, where the file lies within it."""
    kinds = compression.among(known.processed) if compression is not None else []
    if not kinds or known.limit is None:
        return None
    kind = min(kinds, key=lambda one: _taken_back(known, figures, one))
    near = min(
        float(known.distance(figures)[0]) / known.limit,
        _taken_back(known, figures, kind) / _limit(known, kind),
    )
    return kind if near <= 1 + TIE else None


def _taken_back(known: Reference, figures: dict[str, Any], kind: Processed) -> float:
    """The distance that is left once the processing is taken back."""
    return float(known.distance({name: figures[name] - kind.shift[name] for name in known.views})[0])


def _limit(known: Reference, kind: Processed) -> float:
    return max(kind.limit, known.limit or 0.0)


def _processing(known: Reference, figures: dict[str, Any], distance: float) -> Processed | None:
    """The kind of processing that explains the file clearly better than none does, and well enough."""
    best, least = None, CLEARLY * distance
    for kind in known.processed:
        left = _taken_back(known, figures, kind)
        if left <= least and left <= _limit(known, kind):
            best, least = kind, left
    return best


def _harmless(kind: Processed) -> bool:
    """Whether a verdict on such a file can stand."""
    if kind.auc is None or kind.auc_before is None:
        return False
    return kind.auc_before - kind.auc <= LOSS and (kind.agreement or 0.0) >= AGREEMENT


def _loss(kind: Processed) -> str:
    measured = f"Measured on {kind.files} validation files after {kind.name}: "
    if kind.auc is None or kind.auc_before is None:
        return measured + "they are of one class, so the loss is not known."
    same = (
        "" if kind.agreement is None else f", {numbers.short_percent(kind.agreement)} of verdicts unchanged"
    )
    before = numbers.interval(kind.auc_before, *(kind.auc_before_interval or (None, None)))
    after = numbers.interval(kind.auc, *(kind.auc_interval or (None, None)))
    return measured + f"AUC {before} before, {after} after{same}."
