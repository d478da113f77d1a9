"""Registers the component once and mounts it; the choice that is released in the browser comes back as a dataclass."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import streamlit as st

from dashboard.threshold_lab.payload import Payload

_HERE = Path(__file__).resolve().parent


def _text(*names: str) -> str:
    return "\n".join((_HERE / name).read_text(encoding="utf-8") for name in names)


_mount = st.components.v2.component(
    "threshold_lab",
    html=_text("lab.html"),
    css=_text("lab.css"),
    js=_text("model.js", "panels.js", "lab.js"),
)


@dataclass(frozen=True)
class Choice:
    """What the analyst has set: the threshold (None: nothing is called fake), the method it is by, and the costs."""

    threshold: float | None
    method: str = "by hand"
    fp: float = 1.0
    fn: float = 1.0
    prevalence: float | None = None
    error: float | None = None  # of the uncertain band; None: no band
    follow: bool = False

    @classmethod
    def of(cls, said: Any, otherwise: Choice) -> Choice:
        """From what the browser says; whatever does not fit keeps the value of `otherwise`."""
        if not isinstance(said, dict):
            return otherwise
        chosen = {
            "fp": _number(said.get("fp"), 0, math.inf),
            "fn": _number(said.get("fn"), 0, math.inf),
        }
        kept = {name: value for name, value in chosen.items() if value is not None}
        threshold = otherwise.threshold
        if "threshold" in said:
            given = _number(said["threshold"], -math.inf, math.inf)
            threshold = threshold if given is None and said["threshold"] is not None else given
        return replace(
            otherwise,
            threshold=threshold,
            method=str(said.get("method") or "by hand")[:80],
            prevalence=_number(said.get("prevalence"), 0, 1),
            error=_number(said.get("error"), 0, 0.99),
            follow=bool(said.get("follow")),
            **kept,
        )


def threshold_lab(data: Payload, start: Choice, *, key: str, stamp: str = "") -> Choice:
    """Draw the lab and give what is chosen. It takes `start` up anew whenever `stamp` changes."""
    settings = {
        "threshold": start.threshold,
        "method": start.method,
        "fp": start.fp,
        "fn": start.fn,
        "prevalence": start.prevalence,
        "error": start.error,
        "follow": start.follow,
        "stamp": stamp,
    }
    result = _mount(
        key=key,
        data={**data, "settings": settings, "dark": st.context.theme.type == "dark"},
        default={"choice": None},
        on_choice_change=lambda: None,
    )
    said = result.choice
    if not isinstance(said, dict) or said.get("stamp") != stamp:
        return start  # what was chosen before Python moved the line
    return Choice.of(said, start)


def _number(value: Any, low: float, high: float) -> float | None:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        return None
    return float(value) if low <= value <= high else None
