"""What Streamlit's pages lack: toolbars of charts out of the tab order, uploaders that say what they are, and tables to
read that are sorted by their headings."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

_HERE = Path(__file__).parent
_mount = st.components.v2.component(
    "page_frame",
    css=(_HERE / "sorting.css").read_text(encoding="utf-8"),
    js="\n".join((_HERE / name).read_text(encoding="utf-8") for name in ("sorting.js", "frame.js")),
    # The tables stand outside of this component.
    isolate_styles=False,
)


def draw() -> None:
    """Once a page, anywhere: it shows nothing where it stands."""
    _mount(key="page-frame", height="content")
