"""The operating point of a run: the threshold detection uses, with who chose it, when, why and what it costs.

operating_point.json holds the one in force and, under `history`, all earlier ones; nothing is ever lost.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol

from core import audit
from core.access import Person
from core.errors import BadInput
from core.locks import hold
from core.thresholds.point import Costs
from core.workspace import workspace, write_json

FILE = "operating_point.json"


class Run(Protocol):
    """A run folder; this room does not know runs, only where one lies."""

    @property
    def path(self) -> Path: ...


@dataclass(frozen=True)
class OperatingPoint:
    threshold: float | None  # None: nothing is called fake
    method: str  # the words of the method, or "by hand"
    chosen_on: str  # which split of what, e.g. val
    figures: dict[str, Any] = field(default_factory=dict)  # at the threshold, per split
    band: tuple[float, float] | None = None  # scores from low to under high are uncertain, left to people
    error: float | None = None  # what the band allows among the decided, where it was drawn by that
    who: str = ""
    when: float = 0.0  # Unix seconds
    why: str = ""

    @property
    def costs(self) -> Costs:
        """What a false positive and a false negative were said to cost when it was saved."""
        figures = self.figures.get(self.chosen_on)
        said = figures.get("costs") if isinstance(figures, dict) else None
        try:
            return Costs(**said) if isinstance(said, dict) else Costs()
        # Costs that were edited by hand and say nothing: those of the default.
        except (TypeError, BadInput):
            return Costs()

    def to_dict(self) -> dict[str, Any]:
        document = asdict(self)
        document["band"] = None if self.band is None else list(self.band)
        return document

    @classmethod
    def from_dict(cls, document: Mapping[str, Any]) -> OperatingPoint:
        try:
            threshold = document["threshold"]
            band = document.get("band")
            point = cls(
                threshold=None if threshold is None else float(threshold),
                method=str(document["method"]),
                chosen_on=str(document.get("chosen_on", "")),
                figures=dict(document.get("figures") or {}),
                band=None if band is None else (float(band[0]), float(band[1])),
                error=None if document.get("error") is None else float(document["error"]),
                who=str(document.get("who", "")),
                when=float(document.get("when", 0.0)),
                why=str(document.get("why", "")),
            )
        except (KeyError, TypeError, ValueError, IndexError) as error:
            raise BadInput(f"{FILE} is damaged ({error!r}); save an operating point again") from error
        point.validate()
        return point

    def validate(self) -> None:
        if self.threshold is not None and not math.isfinite(self.threshold):
            raise BadInput(f"the threshold ({self.threshold}) must be a finite number")
        if self.band is not None:
            low, high = self.band
            if not (math.isfinite(low) and math.isfinite(high) and low <= high):
                raise BadInput(
                    f"the uncertain band ({low} to {high}) must be two finite numbers, the lower first"
                )


def read(run: Run | Path | str) -> OperatingPoint | None:
    """The operating point in force; None where none was saved."""
    document = _document(_path(run))
    return None if document is None else OperatingPoint.from_dict(document)


def history(run: Run | Path | str) -> list[OperatingPoint]:
    """All operating points, the one in force first, then from new to old."""
    document = _document(_path(run))
    if document is None:
        return []
    return [OperatingPoint.from_dict(document)] + [
        OperatingPoint.from_dict(entry) for entry in document.get("history", [])
    ]


def save(
    run: Run | Path | str,
    point: OperatingPoint,
    person: Person,
    now: float | None = None,
    *,
    confirmed: bool = False,
) -> OperatingPoint:
    """Put `point` in force, signed and dated; the one before goes to the front of the history.

    `confirmed`: the person was told that this detector learned nothing and wants it all the same.
    """
    person.require_operator("save an operating point")
    if not confirmed and learned_nothing(run):
        raise BadInput(
            "this detector learned nothing: no threshold makes its verdicts mean anything; "
            "train another, or confirm that you want this operating point all the same"
        )
    signed = replace(point, who=person.name, when=time.time() if now is None else now)
    signed.validate()
    path = _path(run)
    with hold(path.with_name(f".{FILE}.lock")):
        document = _document(path)
        earlier = [] if document is None else [_entry(document), *document.get("history", [])]
        write_json(path, signed.to_dict() | {"history": earlier})
    if path.is_relative_to(workspace().runs):  # a run elsewhere has a trail of its own, or none
        name, method = path.parent.name, signed.method
        audit.record(person, "save operating point", name, threshold=signed.threshold, method=method)
    return signed


def learned_nothing(run: Run | Path | str) -> bool:
    """Whether the run's own figures say so (metrics.json)."""
    try:
        document = json.loads((_path(run).with_name("metrics.json")).read_text(encoding="utf-8"))
    except (OSError, ValueError):  # not measured yet, or damaged: the run's own page says that
        return False
    return isinstance(document, dict) and document.get("learned_nothing") is True


def restore(run: Run | Path | str, back: int, person: Person, *, confirmed: bool = False) -> OperatingPoint:
    """Put the point `history(run)[back]` in force again, as a new entry that says so."""
    person.require_operator("restore an operating point")
    points = history(run)
    if not 0 < back < len(points):
        raise BadInput(
            f"there is no earlier operating point {back}; the history has {max(len(points) - 1, 0)}"
        )
    chosen = points[back]
    then = time.strftime("%Y-%m-%d %H:%M", time.localtime(chosen.when))
    note = f"restored from {then}" + (f" by {chosen.who}" if chosen.who else "")
    restored = replace(chosen, why=f"{note}: {chosen.why}" if chosen.why else note)
    return save(run, restored, person, confirmed=confirmed)


def _path(run: Run | Path | str) -> Path:
    folder = Path(run) if isinstance(run, (str, Path)) else run.path
    return folder / FILE


def _entry(document: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in document.items() if name != "history"}


def _document(path: Path) -> dict[str, Any] | None:
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    # No point was saved yet.
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise BadInput(f"{path} cannot be read ({error}); save an operating point again") from error
    if not isinstance(document, dict) or not isinstance(document.get("history", []), list):
        raise BadInput(f"{path} does not hold an operating point; save one again")
    return document
