"""The decision whether a file lies inside what a detector knows, with its distance, limit and reason."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from core.workspace import Workspace

if TYPE_CHECKING:
    from core.detection.detector import Detector, Judged


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
    """Where a judged file lies for this detector. Takes milliseconds; needs no training data."""
    from core.detection.domain import reference
    from core.detection.domain.remarks import FAR, UNKNOWN, remarks

    known = reference.of(detector, space)
    found = tuple(remarks(detector, judged, prepared, info, space))
    if known is None:
        return Domain(None, why=UNKNOWN, remarks=found)
    embedding = judged.embedding if judged.embedding is not None else detector.embed(judged.pieces)
    distance, limit = known.distance(embedding), known.quantile(FAR)
    inside = known.share_nearer(embedding) < FAR
    why = (
        f"It lies {'no ' if inside else ''}farther from what the detector learned than {FAR:.0%} of its "
        f"{known.count} reference files do."
    )
    return Domain(inside, distance, limit, why, remarks=found)
