"""Curves that a refresh changes in place: zoom, hidden series and the readout stay, and nothing flickers.

Streamlit 1.67 makes the identity of a Plotly chart from its figure, also where a key is given, so that new data mounts
a new chart and its zoom is gone. This component is drawn on a canvas and takes new data into the same one.

What draws is a component of its own, for a component's script goes along with all that it is sent: five times the data.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import streamlit as st

_HERE = Path(__file__).parent
_mount_code = st.components.v2.component(
    "live_curves_code",
    css=(_HERE / "curves.css").read_text(encoding="utf-8"),
    js="\n".join(
        (_HERE / name).read_text(encoding="utf-8") for name in ("../numbers.js", "scales.js", "curves.js")
    ),
    isolate_styles=False,
)
_mount = st.components.v2.component(
    "live_curves",
    html='<div class="live-curves"><div class="lc-bar"><div class="lc-runs" role="group" aria-label="runs"></div>'
    '<div class="lc-save"><button type="button" data-all hidden>Show all</button>'
    '<button type="button" data-save="png">PNG</button>'
    '<button type="button" data-save="csv">CSV</button></div></div>'
    '<div class="lc-legend" role="group" aria-label="curves"></div><div class="lc-field"><canvas></canvas>'
    '<div class="lc-readout" hidden></div></div></div>',
    js=(_HERE / "wire.js").read_text(encoding="utf-8"),
    isolate_styles=False,
)


def draw_code() -> None:
    """Once a page, outside of what refreshes by itself."""
    _mount_code(key="live-curves-code", height="content")


def draw(payload: dict[str, Any], *, key: str) -> None:
    """Draw or update the curves of this key. `payload` is what dashboard.charts.curves.payload gives."""
    _mount(key=key, data=payload, height="content")
