"""The HTTP application: who is let in, how much they may send, and what is swept. Its addresses:
routes.py."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Awaitable, Callable

from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse
from fastapi_offline import FastAPIOffline

from core.detection.serving.service import Service
from core.detection.serving.uploads import SERVER, Room
from core.errors import WorkbenchError, one_line
from core.service import catalogue, tokens
from core.service.jobs import Jobs
from core.service.metrics import Metrics
from core.service.routes import Server, router
from core.version import VERSION
from core.workspace import Workspace

log = logging.getLogger(__name__)

MOST_WAITING = 200  # files of one caller without a verdict
SWEPT_EVERY = 5.0
FRAME = 1 << 20  # bytes of a request beside its files
Next = Callable[[Request], Awaitable[Response]]


def create(space: Workspace) -> FastAPI:
    server = Server(space, Service(), Jobs(catalogue.seconds_kept(space)), Metrics())

    @contextlib.asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        sweeping = asyncio.create_task(_sweep(server))
        yield
        sweeping.cancel()
        server.jobs.close()
        server.judges.close()

    app: FastAPI = FastAPIOffline(
        title="Deepfake workbench",
        version=VERSION,
        lifespan=lifespan,
        redoc_url=None,
        static_url="/docs-files",
    )
    app.state.server = server
    app.middleware("http")(_guard)
    app.exception_handler(WorkbenchError)(_refuse)
    app.include_router(router)
    return app


async def _sweep(server: Server) -> None:
    while True:
        await asyncio.sleep(SWEPT_EVERY)
        try:
            await asyncio.to_thread(server.sweep)
        except Exception:
            log.exception("jobs could not be swept")


async def _guard(request: Request, answer: Next) -> Response:
    """Who calls and how much they send is looked at before a byte of the body is read."""
    server: Server = request.app.state.server
    response = await asyncio.to_thread(_refusal, request, server) or await answer(request)
    route = request.scope.get("route")
    path = getattr(route, "path", "other")
    server.metrics.requests.labels(path, str(response.status_code)).inc()
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["X-Frame-Options"] = "DENY"
    return response


def _refusal(request: Request, server: Server) -> Response | None:
    if not request.url.path.startswith("/v1/") and request.url.path != "/metrics":
        return None
    person = tokens.caller(request.headers.get("authorization"), server.space)
    if person is None:
        return _error(401, "this needs a token: Authorization: Bearer TOKEN", {"WWW-Authenticate": "Bearer"})
    request.state.person = person
    if request.method != "POST":
        return None
    stated = request.headers.get("content-length", "")
    if not (stated.isascii() and stated.isdigit()):
        return _error(411, "a request with files must state its length")
    room, size = Room.from_settings(server.space), int(stated)
    own = sum(job.folder.bytes for job in server.jobs.of(person))
    if own + size > room.session_bytes + FRAME:
        return _error(
            413, f"the files of one caller may take {room.session_bytes:,} bytes; delete jobs that are done"
        )
    if SERVER.bytes + size > room.server_bytes + FRAME:
        return _error(
            413, f"the uploads on this server may take {room.server_bytes:,} bytes; try again later"
        )
    if server.judges.waiting(person.name) >= MOST_WAITING:
        return _error(429, f"{MOST_WAITING} files of this caller wait already", {"Retry-After": "10"})
    return None


def _error(status: int, why: str, headers: dict[str, str] | None = None) -> Response:
    return JSONResponse({"detail": why}, status, headers=headers)


async def _refuse(_: Request, error: Exception) -> Response:
    return _error(400, one_line(error))
