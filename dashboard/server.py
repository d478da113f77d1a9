"""The server: Streamlit's own application behind the workbench's guards, and the end of what departed visitors left."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncGenerator, Iterable
from pathlib import Path
from typing import Protocol, cast

from starlette.middleware import Middleware
from streamlit.runtime import Runtime
from streamlit.starlette import App

from core.detection.serving.uploads import Room
from core.workspace import workspace
from dashboard.detect import state as detect_state
from dashboard.http_guard import SafeHeaders, UploadDoor
from dashboard.uploading import PERMITS

log = logging.getLogger(__name__)

SCRIPT = Path(__file__).resolve().with_name("app.py")
# Seconds that a visitor whose connection broke finds the page
# as it was; and how often the others are cleared away.
KEPT = 40
SWEPT_EVERY = 10
# Runs of a page whose large parts the browser remembers. A key that is pressed again and again begins runs faster than
# they end, and each asks with what was remembered when it was pressed: with Streamlit's 2 the browser had forgotten a
# picture that the server only named by then, and the page broke off with "Connection error".
REMEMBERED = 30


class _Session(Protocol):
    id: str

    def shutdown(self) -> None: ...


class _Info(Protocol):
    session: _Session


class _Expiring(Protocol):
    def expire(self) -> Iterable[tuple[str, _Info]]: ...


def end_departed(runtime: Runtime) -> int:
    """Close sessions whose time is over; Streamlit itself does it only when another visitor leaves. How many."""
    storage = runtime._session_mgr._session_storage  # type: ignore[attr-defined]
    departed = list(cast(_Expiring, storage._cache).expire())
    for session_id, info in departed:
        info.session.shutdown()
        PERMITS.forget(session_id)
    return len(departed)


async def _sweep() -> None:
    while True:
        await asyncio.sleep(SWEPT_EVERY)
        try:
            end_departed(Runtime.instance())
            detect_state.close_departed()
        except Exception:
            log.exception("sessions of departed visitors could not be ended")


@contextlib.asynccontextmanager
async def _with_sweeping(_: App) -> AsyncGenerator[None, None]:
    sweeping = asyncio.create_task(_sweep())
    try:
        yield
    finally:
        sweeping.cancel()
        detect_state.close_all()


def create() -> App:
    return App(
        SCRIPT,
        lifespan=_with_sweeping,
        middleware=[
            Middleware(SafeHeaders),
            Middleware(UploadDoor, room=lambda: Room.from_settings(workspace())),
        ],
    )


def serve(address: str, port: int, secrets: Path) -> None:
    """Serve until stopped."""
    create().run(
        config={
            "server.address": address,
            "server.port": port,
            "secrets.files": [str(secrets)],
            "server.disconnectedSessionTTL": KEPT,
            "global.maxCachedMessageAge": REMEMBERED,
        }
    )
