"""What Streamlit's pages lack for keyboards: toolbars of charts out of the tab order, uploaders that say what they are."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

_HERE = Path(__file__).parent
_mount = st.components.v2.component("page_frame", js=(_HERE / "frame.js").read_text(encoding="utf-8"))


def draw() -> None:
    """Once a page, anywhere: it shows nothing where it stands."""
    _mount(key="page-frame", height="content")
