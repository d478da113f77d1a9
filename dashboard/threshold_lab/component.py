"""Registers the component once and mounts it; the choice that is released in the browser comes back as a dataclass."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import streamlit as st

from dashboard.threshold_lab.payload import Payload

_HERE = Path(__file__).resolve().parent
_SCRIPTS = (
    "../numbers.js",
    "model.js",
    "bands.js",
    "axis.js",
    "address.js",
    "planes.js",
    "panels.js",
    "picture.js",
    "drawings.js",
    "costs.js",
    "slider.js",
    "keys.js",
    "readout.js",
    "lab.js",
)


def script() -> str:
    """The component's files as the one module that a browser (or a test under node) loads."""
    return _text(*_SCRIPTS)


def _text(*names: str) -> str:
    return "\n".join((_HERE / name).read_text(encoding="utf-8") for name in names)


_mount_lab = st.components.v2.component(
    "threshold_lab",
    html=_text("lab.html"),
    css=_text("lab.css", "panels.css", "line.css", "readout.css"),
    js=script(),
)
_mount_line = st.components.v2.component("threshold_line", js=_text("wire.js"))


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
    def parse(cls, given: Any, otherwise: Choice) -> Choice:
        """From what the browser sends; whatever does not fit keeps the value of `otherwise`."""
        if not isinstance(given, dict):
            return otherwise
        costs = {name: _number(given.get(name), 0, math.inf) for name in ("fp", "fn")}
        known = {name: value for name, value in costs.items() if value is not None}
        if known.get("fp", otherwise.fp) == known.get("fn", otherwise.fn) == 0:
            known = {"fp": 1.0, "fn": 1.0}
        return replace(
            otherwise,
            threshold=_threshold(given, otherwise.threshold),
            method=str(given.get("method") or "by hand")[:80],
            prevalence=_number(given.get("prevalence"), 0, 1),
            error=_number(given.get("error"), 0, 0.99),
            follow=bool(given.get("follow")),
            **known,
        )


def threshold_lab(table: Payload, *, key: str) -> None:
    """Draw the lab. Mount it outside the fragment that follows its line: it is large, and moves by itself."""
    _mount_lab(
        key=f"{key}-drawings", data={"desk": key, "table": table, "dark": st.context.theme.type == "dark"}
    )


def released(start: Choice, *, key: str, stamp: str) -> Choice:
    """What was released last, or else `start`. A choice made before Python moved the line, which has another stamp,
    no longer counts."""
    state = st.session_state.get(key)
    given = state.get("choice") if state is not None else None
    kept_under = f"{key}-released"  # also after another page was open
    if isinstance(given, dict) and given.get("stamp") == stamp:
        st.session_state[kept_under] = (stamp, Choice.parse(given, start))
    kept = st.session_state.get(kept_under)
    return kept[1] if kept is not None and kept[0] == stamp else start


def threshold_line(version: str, line: Payload, choice: Choice, *, key: str, stamp: str) -> None:
    """Hand the lab what Python knows about the line, and take what is released. The lab takes `choice` up where
    `stamp` is new to it; `version` is that of its table."""
    settings = {**asdict(choice), "stamp": stamp}
    data = {"desk": key, "version": version, "line": line, "settings": settings}
    _mount_line(key=key, data=data, default={"choice": None}, on_choice_change=lambda: None)


def _threshold(given: dict[str, Any], otherwise: float | None) -> float | None:
    if "threshold" not in given:
        return otherwise
    if given["threshold"] is None:
        return None
    number = _number(given["threshold"], -math.inf, math.inf)
    return otherwise if number is None else number


def _number(value: Any, low: float, high: float) -> float | None:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        return None
    return float(value) if low <= value <= high else None
