"""What stands in front of Streamlit: headers on every answer, and the door for uploads."""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import Callable

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from streamlit.runtime import Runtime
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager

from core.detection.serving.uploads import Room
from dashboard.uploading import PERMITS, Held

# Streamlit draws with inline styles, compiles its charts, and
# keeps pictures as blobs; nothing comes from elsewhere.
CONTENT_POLICY = "; ".join(
    (
        "default-src 'self'",
        "script-src 'self' 'unsafe-inline' 'unsafe-eval' blob:",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data: blob:",
        "media-src 'self' data: blob:",
        "font-src 'self' data:",
        "connect-src 'self' ws: wss: data: blob:",
        "worker-src 'self' blob:",
        "frame-src 'self' data: blob:",
        "object-src 'none'",
        "base-uri 'self'",
        "frame-ancestors 'self'",
    )
)
HEADERS = {
    "X-Frame-Options": "SAMEORIGIN",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Content-Security-Policy": CONTENT_POLICY,
}
# What a refused visitor still sends is thrown away up to here, so that the answer reaches whoever sends before reading.
LINGER_S, LINGER_BYTES = 2.0, 16_000_000
UPLOAD = re.compile(r".*/_stcore/upload_file/([^/]+)/[^/]+/?")


class SafeHeaders:
    """No other site may frame the pages: on loopback everyone who clicks is an operator."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        await self.app(scope, receive, send_guarded if scope["type"] == "http" else send)


class UploadDoor:
    """Uploads of sessions without an uploader, or beyond the bounds, are answered before they are read."""

    def __init__(self, app: ASGIApp, room: Callable[[], Room]) -> None:
        self.app, self.room = app, room

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        upload = UPLOAD.fullmatch(scope["path"]) if scope["type"] == "http" else None
        if upload is None or scope["method"] not in ("PUT", "POST"):
            await self.app(scope, receive, send)
            return
        session, size = upload[1], _length(Headers(scope=scope))
        status, why = self._refusal(session, size)
        if status:
            answer = PlainTextResponse(f"{why}\n", status, headers={"Connection": "close"})
            await answer(scope, receive, _lingering(receive, send))
            return
        with PERMITS.arriving(session, size or 0):
            await self.app(scope, receive, send)

    def _refusal(self, session: str, size: int | None) -> tuple[int, str]:
        if not PERMITS.may_upload(session):
            return 403, "no page of this session takes files; sign in and open one that does"
        if size is None:
            return 411, "an upload must state its length"
        why = PERMITS.refuse(session, size, held_files(), self.room())
        return (413, why) if why else (0, "")


def held_files() -> dict[str, list[Held]]:
    """What Streamlit holds in memory, by session."""
    storage = Runtime.instance().uploaded_file_mgr
    assert isinstance(storage, MemoryUploadedFileManager)
    return {session: list(files.values()) for session, files in list(storage.file_storage.items())}


def _lingering(receive: Receive, send: Send) -> Send:
    """Ends an answer, and with it the connection, once the request has come whole or has had its time."""

    async def send_then_read(message: Message) -> None:
        if message["type"] != "http.response.body" or message.get("more_body"):
            await send(message)
            return
        await send({**message, "more_body": True})
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(_discard(receive), LINGER_S)
        await send({"type": "http.response.body", "body": b""})

    return send_then_read


async def _discard(receive: Receive) -> None:
    left, more = LINGER_BYTES, True
    while more and left > 0:
        message = await receive()
        left -= len(message.get("body", b""))
        more = message.get("more_body", False)  # a visitor who has left sends no more either


def _length(headers: Headers) -> int | None:
    """The bytes that the request states; None where it states none (the server holds it to what it states)."""
    stated = headers.get("content-length", "")
    return int(stated) if stated.isascii() and stated.isdigit() else None
