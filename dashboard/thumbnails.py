"""Small pictures of samples, made once for all sessions."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from core.media import browser, shards


def picture(path: Path, side: int = 320, quality: int = 85) -> bytes:
    """A JPEG of the file as it is now, at most `side` pixels large."""
    return _make(str(path), shards.status(path).st_mtime_ns, side, quality)


@st.cache_resource(show_spinner=False, max_entries=500)
def _make(path: str, mtime_ns: int, side: int, quality: int) -> bytes:
    return browser.thumbnail(path, side, quality=quality)
