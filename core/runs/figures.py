"""The figures of a run as pages may draw them: metrics.json, refused as a whole where it is not what training
writes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.errors import BadInput
from core.runs.folder import RunFolder
from core.runs.titles import name_of

POINTS = ("at_default", "at_chosen")
SPLITS = ("val", "test")
COUNTS = ("n", "real", "fake")
CELLS = ("tp", "fp", "tn", "fn")
SHOWN = (
    "auc",
    "ap",
    "eer",
    "accuracy",
    "balanced_accuracy",
    "precision",
    "recall",
    "f1",
    "f1_real",
    "macro_f1",
    "mcc",
    "log_loss",
    "brier",
    "ece",
)
REQUIRED = (*SHOWN, "fpr")


def figures(run: RunFolder) -> dict[str, Any] | None:
    """None where the run has none yet. A folder may come from elsewhere, and one odd value would end a
    page."""
    found = run.document("metrics")
    if found is None:
        return None
    if not all(_is_split(found[split]) for split in SPLITS if split in found):
        raise BadInput(
            f"{name_of(run)}: metrics.json does not hold what training writes; evaluate the run again"
        )
    return found


def in_force(run: RunFolder) -> dict[str, Any] | None:
    """The same at the operating point that is used now: another one may have been saved since training."""
    found = figures(run)
    stated = (run.document("operating_point") or {}).get("figures")
    if found is None or not isinstance(stated, Mapping):
        return found
    return {**found, **{split: _at(found[split], stated.get(split)) for split in SPLITS if split in found}}


def _at(found: Mapping[str, Any], point: Any) -> Mapping[str, Any]:
    """What hangs on no threshold stays as it was measured."""
    before = found["at_chosen"]
    if not isinstance(point, Mapping) or point.get("threshold") == before["threshold"]:
        return found
    stated = point.get("intervals")
    intervals = {**(before.get("intervals") or {}), **(stated if isinstance(stated, Mapping) else {})}
    now = {**before, **point, "intervals": intervals}
    return {**found, "at_chosen": now} if _is_point(now) else found


def _is_split(found: Any) -> bool:
    if not isinstance(found, Mapping) or not all(_is_number(found.get(name)) for name in COUNTS):
        return False
    by = found.get("by") or {}
    if not isinstance(by, Mapping) or not all(isinstance(several, list) for several in by.values()):
        return False
    parts = [part for several in by.values() for part in several]
    return (
        _is_number(found.get("majority_baseline"))
        and all(_is_point(found.get(point)) for point in POINTS)
        and all(_is_part(part) for part in parts)
        and _are_units(found.get("units"))
    )


def _is_point(found: Any) -> bool:
    return (
        _has_figures(found)
        and "threshold" in found
        and all(_is_number(found.get(name)) for name in CELLS)
        and _is_number_or_none(found["threshold"])
    )


def _is_part(found: Any) -> bool:
    return _has_figures(found) and "name" in found and all(_is_number(found.get(n)) for n in COUNTS[1:])


def _are_units(found: Any) -> bool:
    return found is None or (
        isinstance(found, Mapping)
        and _is_number(found.get("n"))
        and all(_has_figures(found.get(p)) for p in POINTS)
    )


def _has_figures(found: Any) -> bool:
    """A mapping whose figures are numbers or not known, each with its interval or without."""
    if not isinstance(found, Mapping):
        return False
    bounds = found.get("intervals") or {}
    return (
        all(_is_number_or_none(found.get(name)) for name in REQUIRED)
        and isinstance(bounds, Mapping)
        and all(
            b is None or (isinstance(b, list) and len(b) == 2 and all(map(_is_number_or_none, b)))
            for b in bounds.values()
        )
    )


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_number_or_none(value: Any) -> bool:
    return value is None or _is_number(value)
