"""The state of the Thresholds page in its address: a reload and a shared link show the same page.

?run=…&split=test&at=0.421&by=youden&fp=1&fn=5&prevalence=0.02&band=0.05&slice=method&open=lines&preset=equal_fpr

The lab itself writes plane, metric, scale and zoom, and costs as soon as they change (threshold_lab/address.js).
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import streamlit as st

from core.thresholds.own_scale import own
from dashboard import address
from dashboard.threshold_lab import Choice

PAGE = "thresholds"
OF_THE_VIEW = ("plane", "metric", "scale", "zoom")  # the lab's own
OF_THE_LAB = (*OF_THE_VIEW, "fp", "fn", "prevalence", "band", "follow")  # which it may have changed meanwhile


def read_link() -> dict[str, str] | None:
    """What a link asks for; None where the address is empty or is what the page wrote itself."""
    return address.read_link(PAGE, OF_THE_LAB)


def write(state: Mapping[str, str | None]) -> None:
    """Only what is stated, and what the lab wrote; the page is not drawn again."""
    given = st.query_params.to_dict()
    address.write(PAGE, {**state, **{name: given.get(name) for name in OF_THE_VIEW}})


def of_choice(choice: Choice, turned: bool = False) -> dict[str, str | None]:
    """`turned`: the threshold stands in the address as its file has it."""
    return {
        "at": "none" if choice.threshold is None else repr(own(choice.threshold, turned)),
        "by": choice.method,
        "fp": None if choice.fp == 1 else f"{choice.fp:.15g}",
        "fn": None if choice.fn == 1 else f"{choice.fn:.15g}",
        "prevalence": None if choice.prevalence is None else f"{choice.prevalence:.15g}",
        "band": None if choice.error is None else f"{choice.error:.15g}",
        "follow": "1" if choice.follow else None,
    }


def to_choice(given: Mapping[str, str], otherwise: Choice, turned: bool = False) -> Choice:
    """The line of a link; whatever is missing or makes no sense is as the page would open by itself."""
    if "at" not in given:
        return otherwise
    threshold = None if given["at"] == "none" else _number(given["at"])
    if threshold is None and given["at"] != "none":
        return otherwise
    costs = {name: value for name in ("fp", "fn") if (value := _number(given.get(name, "1"))) is not None}
    return Choice.parse(
        {
            "threshold": own(threshold, turned),
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
    # A link that was mistyped: the line stands where it would without it.
    except ValueError:
        return None
    return value if math.isfinite(value) else None
