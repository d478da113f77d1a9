"""The scale of the file itself. Scores that are low for fakes are negated inside, and shown as the file has them.

file    -3    -1     2     fake is what scores at most the threshold
inside   3     1    -2     fake is what scores at least the threshold
"""

from __future__ import annotations

from typing import Any

import pandas as pd

from core import numbers

TURNED = "turned"  # in the attrs of a score table


def is_turned(table: pd.DataFrame) -> bool:
    return bool(table.attrs.get(TURNED))


def own(score: float | None, turned: bool) -> float | None:
    """A score or a threshold as the file writes it; adding zero keeps -0.0 out."""
    return None if score is None else -score + 0.0 if turned else score


def inside(score: float, turned: bool) -> float:
    """The way back: 0.5 of a file whose low scores are fake is -0.5 inside."""
    return -score if turned else score


def own_ends(low: float | None, high: float | None, turned: bool) -> tuple[float | None, float | None]:
    """Two ends as the file writes them, the lower first."""
    return (own(high, turned), own(low, turned)) if turned else (low, high)


def called_fake(turned: bool) -> str:
    """What the threshold means, for a document."""
    return "score <= threshold" if turned else "score >= threshold"


def fake_where(threshold: float | None, turned: bool) -> str:
    """`at least 0.421`, on the scale of the file; the threshold is one of inside."""
    return f"{'at most' if turned else 'at least'} {numbers.threshold(own(threshold, turned))}"


def uncertain_scores(low: float | None, high: float | None, turned: bool) -> str:
    """A band in words, its ends as the file has them; an end that is not there is that of all scores."""
    ends = ["every score" if end is None else numbers.threshold(end) for end in (low, high)]
    return f"from over {ends[0]} to {ends[1]}" if turned else f"from {ends[0]} to under {ends[1]}"


def own_point(point: dict[str, Any], turned: bool) -> dict[str, Any]:
    """A point of a document with all that stands on the scale of the scores turned back."""
    if not turned:
        return point
    found = point | {"threshold": own(point["threshold"], turned)}
    if "threshold" in point.get("intervals", {}):
        low, high = point["intervals"]["threshold"]
        found["intervals"] = point["intervals"] | {"threshold": list(own_ends(low, high, turned))}
    if "band" in point:
        low, high = own_ends(point["band"]["low"], point["band"]["high"], turned)
        found["band"] = point["band"] | {"low": low, "high": high}
    return found
