"""What Streamlit's pages lack for keyboards: a link past the navigation, and charts' toolbars out of the tab order."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

_HERE = Path(__file__).parent
_mount = st.components.v2.component(
    "page_frame",
    css=(_HERE / "frame.css").read_text(encoding="utf-8"),
    js=(_HERE / "frame.js").read_text(encoding="utf-8"),
    isolate_styles=False,
)


def draw() -> None:
    """Once a page, anywhere: it shows nothing where it stands."""
    _mount(key="page-frame", height="content")
