"""What Streamlit's pages lack: toolbars of charts out of the tab order and boxes that open in it, rows of lists that are
chosen by a click, uploaders that say what they are, tables to read that are sorted by their headings, and the meanings of a page's words."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from core import glossary

_HERE = Path(__file__).parent
_mount = st.components.v2.component(
    "page_frame",
    html='<details class="page-frame-words" hidden><summary>Words on this page</summary><dl></dl></details>',
    css="\n".join((_HERE / name).read_text(encoding="utf-8") for name in ("sorting.css", "words.css")),
    js="\n".join(
        (_HERE / name).read_text(encoding="utf-8")
        for name in ("sorting.js", "words.js", "popovers.js", "rows.js", "frame.js")
    ),
    # The tables stand outside of this component.
    isolate_styles=False,
)


def draw() -> None:
    """Once a page; where it stands the words of the page can be opened, if it has any that need it."""
    _mount(key="page-frame", data={"meanings": glossary.MEANINGS}, height="content")
