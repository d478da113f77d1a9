"""Small pictures of samples, made once for all sessions."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from core.media import browser

SIDE = 320  # pixels


def picture(path: Path) -> bytes:
    """A JPEG of the file as it is now."""
    return _made(str(path), path.stat().st_mtime_ns)


@st.cache_resource(show_spinner=False, max_entries=500)
def _made(path: str, mtime_ns: int) -> bytes:
    return browser.thumbnail(path, SIDE)
