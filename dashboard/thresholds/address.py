"""The state of the Thresholds page in its address: a reload and a shared link show the same page.

?run=…&split=test&at=0.421&by=youden&fp=1&fn=5&prevalence=0.02&band=0.05&slice=method
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import streamlit as st

from dashboard.threshold_lab import Choice

WRITTEN = "thresholds-address"  # what this page wrote last


def asked() -> dict[str, str] | None:
    """What a link asks for; None where the address is empty or is what the page wrote itself."""
    given = {name: value for name, value in st.query_params.to_dict().items() if value}
    if not given or given == st.session_state.get(WRITTEN):
        return None
    st.session_state[WRITTEN] = given
    return given


def write(state: Mapping[str, str | None]) -> None:
    """Only what is stated; the page is not drawn again."""
    wanted = {name: value for name, value in state.items() if value}
    if st.session_state.get(WRITTEN) != wanted or st.query_params.to_dict() != wanted:
        st.session_state[WRITTEN] = wanted
        st.query_params.from_dict(wanted)


def of_choice(choice: Choice) -> dict[str, str | None]:
    return {
        "at": "none" if choice.threshold is None else repr(choice.threshold),
        "by": choice.method,
        "fp": None if choice.fp == 1 else f"{choice.fp:.15g}",
        "fn": None if choice.fn == 1 else f"{choice.fn:.15g}",
        "prevalence": None if choice.prevalence is None else f"{choice.prevalence:.15g}",
        "band": None if choice.error is None else f"{choice.error:.15g}",
        "follow": "1" if choice.follow else None,
    }


def to_choice(given: Mapping[str, str], otherwise: Choice) -> Choice:
    """The line of a link; whatever is missing or makes no sense is as the page would open by itself."""
    if "at" not in given:
        return otherwise
    threshold = None if given["at"] == "none" else _number(given["at"])
    if threshold is None and given["at"] != "none":
        return otherwise
    costs = {name: value for name in ("fp", "fn") if (value := _number(given.get(name, "1"))) is not None}
    return Choice.parse(
        {
            "threshold": threshold,
            "method": given.get("by"),
            "prevalence": _number(given.get("prevalence")),
            "error": _number(given.get("band")),
            "follow": given.get("follow") == "1",
            **costs,
        },
        otherwise,
    )


def _number(text: str | None) -> float | None:
    try:
        value = float(text or "")
    except ValueError:
        return None
    return value if math.isfinite(value) else None
