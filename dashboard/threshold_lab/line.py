"""What Python alone knows about a line that was released: its exact neighbours, intervals, band and samples."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from core.thresholds.band import Band
from core.thresholds.intervals import Interval
from dashboard.threshold_lab.component import Choice
from dashboard.threshold_lab.payload import AROUND, Payload, Side, ends, neighbours, rows_at


def line(
    chosen: Side,
    looked: Side,
    choice: Choice,
    intervals: Mapping[str, Interval],
    band: Band | None,
    known: Sequence[float] = (),
) -> Payload:
    """`intervals` are those of the choice's threshold on the split that is looked at. The browser has the rows at the
    thresholds in `known`; they are not sent again."""
    rows = neighbours(chosen, looked, choice.threshold)
    if band is not None:
        rows = np.append(rows, [end for end in (band.low, band.high) if end is not None])
    rows = np.setdiff1d(rows, np.asarray(known, np.float64))
    return {
        "t": choice.threshold,
        "rows": rows_at(chosen, looked, rows),
        "intervals": ends(intervals),
        "band": None if band is None else _band(chosen, looked, choice, band),
        "around": _around(looked, choice.threshold),
    }


def _band(chosen: Side, looked: Side, choice: Choice, band: Band) -> dict[str, Any]:
    low = float(chosen.sweep.thresholds[0]) if band.low is None else band.low
    worth = looked.scored.worth_of_band(band)
    return {"t": choice.threshold, "error": choice.error, "low": low, "high": band.high, "worth": worth}


LONG = 40  # characters of a name; a longer one begins at a folder


def _around(looked: Side, threshold: float | None) -> list[dict[str, Any]]:
    """The samples nearest the line, from the highest score down."""
    under, above = looked.scored.ranked.next_to(threshold, AROUND)
    return [
        {"id": _short(row.get("id")), "score": float(row["score"]), "label": int(row["label"])}
        for near in (above[::-1], under)
        for row in near.to_dict("records")
    ]


def _short(name: object) -> str:
    text = "" if name is None or name != name else str(name)
    if len(text) < LONG:
        return text
    _, folder, rest = text[2 - LONG :].partition("/")
    return f"…/{rest}" if folder else f"…{text[2 - LONG :]}"
