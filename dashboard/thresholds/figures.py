"""Intervals for the page, worked out once for each threshold that is shown."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from core.thresholds.intervals import Interval
from core.thresholds.scored import Scored
from dashboard.threshold_lab import payload

Found = dict[str, Interval]


@st.cache_resource(show_spinner="Working out intervals", max_entries=8)
def grid(_looked: Scored, key: str, points: tuple[float | None, ...]) -> dict[float | None, Found]:
    """Along the scores, and exactly at the methods' thresholds."""
    lines: list[float | None] = [*payload.grid(_looked.sweep).tolist()]
    lines += [t for t in dict.fromkeys(points) if t not in lines]
    return dict(zip(lines, _at(_looked, lines), strict=True))


@st.cache_data(show_spinner=False, max_entries=500)
def at_line(_looked: Scored, key: str, threshold: float | None) -> Found:
    """At exactly this threshold. That of a cost follows from these, in the lab."""
    return _at(_looked, [threshold])[0]


def _at(scored: Scored, thresholds: Sequence[float | None]) -> list[Found]:
    return scored.intervals_at(thresholds, figures=payload.BANDED)
