"""Which sessions may upload, and how much: the HTTP layer asks here before it takes a single byte.

Streamlit keeps an uploaded file in memory as soon as it arrives, whoever sent it. So a session may upload only while a
page shows it an uploader (which no page does before sign-in), and only within `[uploads]` of settings.toml.
"""

from __future__ import annotations

import contextlib
import threading
from collections import Counter
from collections.abc import Iterator
from typing import Any, Protocol

import streamlit as st
from streamlit.delta_generator import DeltaGenerator
from streamlit.runtime.scriptrunner import get_script_run_ctx

from core.detection.serving.uploads import SERVER, Room


class Held(Protocol):
    """What Streamlit holds in memory of one uploaded file."""

    @property
    def data(self) -> bytes: ...


class Permits:
    """Sessions that are shown an uploader, and the bytes that are on their way from each."""

    def __init__(self) -> None:
        self._shown: set[str] = set()
        self._drawn: set[str] = set()
        self._arriving: Counter[str] = Counter()
        self._lock = threading.Lock()

    def begin_run(self, session: str) -> None:
        with self._lock:
            self._drawn.discard(session)

    def draw(self, session: str) -> None:
        with self._lock:
            self._drawn.add(session)
            self._shown.add(session)

    def end_run(self, session: str) -> None:
        """A page that drew no uploader takes the permit back."""
        with self._lock:
            if session not in self._drawn:
                self._shown.discard(session)

    def may_upload(self, session: str) -> bool:
        return session in self._shown

    def forget(self, session: str) -> None:
        with self._lock:
            self._shown.discard(session)
            self._drawn.discard(session)

    def refuse(self, session: str, size: int, files: dict[str, list[Held]], room: Room) -> str | None:
        """Why an upload of `size` bytes is not taken; None where it may come. `files`: session → what is held."""
        own = sum(len(file.data) for file in files.get(session, ())) + self._arriving[session]
        held = sum(len(file.data) for kept in files.values() for file in kept)
        everything = held + sum(self._arriving.values()) + SERVER.bytes
        if len(files.get(session, ())) >= room.files:
            return f"this session holds {room.files:,} files already"
        if own + size > room.session_bytes:
            return f"the files of this session would take more than {room.session_bytes:,} bytes"
        if everything + size > room.server_bytes:
            return f"the uploads on this server would take more than {room.server_bytes:,} bytes"
        return None

    @contextlib.contextmanager
    def arriving(self, session: str, size: int) -> Iterator[None]:
        with self._lock:
            self._arriving[session] += size
        try:
            yield
        finally:
            with self._lock:
                self._arriving[session] -= size
                if self._arriving[session] <= 0:
                    del self._arriving[session]


PERMITS = Permits()


def session_id() -> str | None:
    """The session that this run of the page belongs to; None outside of a server."""
    context = get_script_run_ctx(suppress_warning=True)
    return context.session_id if context is not None else None


@contextlib.contextmanager
def page_run() -> Iterator[None]:
    """Around one whole run of a page. A run that is broken off (a rerun, a stop) leaves the permit as it was."""
    own = session_id() or ""
    PERMITS.begin_run(own)
    yield
    PERMITS.end_run(own)


def file_uploader(label: str, *, place: DeltaGenerator | None = None, **options: Any) -> Any:
    """`st.file_uploader`, and the permit to use it. Pages draw no other."""
    own = session_id()
    if own is not None:
        PERMITS.draw(own)
    return (place or st).file_uploader(label, **options)
