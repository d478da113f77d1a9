"""The HTTP application: what programs may ask, and how each answer looks.

POST   /v1/detect                     files in, a job (202) or, with ?wait=SECONDS, their entries (200)
GET    /v1/jobs/{id}                  how far it is, with the entries so far
DELETE /v1/jobs/{id}                  cancel it and forget its files
GET    /v1/jobs/{id}/heatmaps/{n}     a picture
GET    /v1/jobs/{id}/report           the report, one HTML file
GET    /v1/detectors                  what can judge here
GET    /healthz  /metrics  /docs
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Annotated, Any

from fastapi import (
    APIRouter,
    Depends,
    FastAPI,
    File,
    Form,
    Header,
    HTTPException,
    Query,
    Request,
    Response,
    UploadFile,
)
from fastapi.responses import FileResponse, HTMLResponse, JSONResponse
from fastapi_offline import FastAPIOffline

from core.access import Person
from core.detection import source
from core.detection.reporting import report
from core.detection.request import Request as Wish
from core.detection.serving.service import Service
from core.detection.serving.uploads import SERVER, Room, SessionFolder
from core.detection.verdict import Verdict
from core.errors import WorkbenchError, one_line
from core.media.limits import Limits
from core.service import catalogue, tokens
from core.service.jobs import Job, Jobs
from core.service.metrics import CONTENT_TYPE, Metrics
from core.version import VERSION
from core.workspace import Workspace

log = logging.getLogger(__name__)

LONGEST_WAIT = 300.0  # seconds
MOST_WAITING = 200  # files of one caller without a verdict
LOOK = 0.05  # seconds between looks at a job that is waited for
SWEPT_EVERY = 5.0
FRAME = 1 << 20  # bytes of a request beside its files
Next = Callable[[Request], Awaitable[Response]]


@dataclass
class Server:
    """What the routes share."""

    space: Workspace
    judges: Service
    jobs: Jobs
    metrics: Metrics

    def sweep(self) -> None:
        for job in self.jobs.look():
            for one in job.files:
                if one.verdict is not None:
                    self.metrics.verdicts.labels(one.verdict.verdict or one.verdict.status).inc()
                    self.metrics.seconds.observe(time.time() - one.submitted)


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
    app.exception_handler(WorkbenchError)(_refused)
    app.include_router(_routes())
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


async def _refused(_: Request, error: Exception) -> Response:
    return _error(400, one_line(error))


def _person(request: Request) -> Person:
    person: Person = request.state.person
    return person


def _server(request: Request) -> Server:
    server: Server = request.app.state.server
    return server


Caller = Annotated[Person, Depends(_person)]
Shared = Annotated[Server, Depends(_server)]
Authorization = Annotated[str | None, Header(description="Bearer TOKEN, where the server has tokens")]


def _routes() -> APIRouter:
    router = APIRouter()

    @router.post("/v1/detect", status_code=202, summary="Judge files", response_model=None)
    async def detect(
        file: Annotated[list[UploadFile], File(description="one file or several")],
        server: Shared,
        person: Caller,
        run: Annotated[str | None, Form(description="a detector; default: the fitting one")] = None,
        text: Annotated[str | None, Form(description="what was said or written with it")] = None,
        explain: Annotated[bool, Form(description="make heat maps")] = False,
        wait: Annotated[
            float, Query(ge=0, le=LONGEST_WAIT, description="seconds to wait for the entries")
        ] = 0,
        authorization: Authorization = None,
    ) -> Response:
        if run is not None:
            await asyncio.to_thread(source.find, run, server.space)
        wish = Wish(run=run, text=text, explain=explain)
        job = await asyncio.to_thread(_take, server, person, file, wish)
        deadline = time.monotonic() + wait
        while job.done < job.total and time.monotonic() < deadline:
            await asyncio.sleep(LOOK)
        if wait and job.done == job.total:
            return JSONResponse(job.entries(), headers={"X-Job": job.id})
        return JSONResponse(job.document(), 202, headers={"Location": f"/v1/jobs/{job.id}"})

    @router.get("/v1/jobs/{name}", summary="How far a job is")
    def look(
        name: str, server: Shared, person: Caller, authorization: Authorization = None
    ) -> dict[str, Any]:
        return _job(server, name, person).document()

    @router.delete("/v1/jobs/{name}", status_code=204, summary="Cancel a job and forget its files")
    def forget(name: str, server: Shared, person: Caller, authorization: Authorization = None) -> None:
        job = _job(server, name, person)
        for one in job.files:
            server.judges.cancel(one.session)
        server.sweep()
        server.jobs.remove(job)

    @router.get("/v1/jobs/{name}/heatmaps/{number}", summary="A heat map", response_class=FileResponse)
    def heatmap(
        name: str, number: int, server: Shared, person: Caller, authorization: Authorization = None
    ) -> FileResponse:
        path = _job(server, name, person).heatmap(number)
        if path is None or not path.is_file():
            raise HTTPException(404, f"there is no heat map {number} of job {name}")
        return FileResponse(path)

    @router.get("/v1/jobs/{name}/report", summary="The report of a job", response_class=HTMLResponse)
    def report_of(
        name: str, server: Shared, person: Caller, authorization: Authorization = None
    ) -> HTMLResponse:
        job = _job(server, name, person)
        verdicts = [one.verdict for one in job.files if one.verdict is not None and one.over]
        if len(verdicts) < len(job.files):
            raise HTTPException(409, f"job {name} is not done yet: {job.done} of {job.total}")
        return HTMLResponse(report.as_html(verdicts))

    @router.get("/v1/detectors", summary="What can judge here")
    def detectors(
        server: Shared, person: Caller, authorization: Authorization = None
    ) -> list[dict[str, Any]]:
        return catalogue.detectors(server.space)

    @router.get("/healthz", summary="Whether it serves")
    def health(server: Shared) -> dict[str, Any]:
        return {"status": "ok", "version": VERSION, "waiting": server.judges.waiting()}

    @router.get("/metrics", summary="For Prometheus", response_class=Response)
    def metrics(server: Shared, authorization: Authorization = None) -> Response:
        server.sweep()
        return Response(server.metrics.text(server.judges.waiting()), media_type=CONTENT_TYPE)

    return router


def _job(server: Server, name: str, person: Person) -> Job:
    job = server.jobs.get(name, person)
    if job is None:
        raise HTTPException(404, f"there is no job {name} of yours; jobs are kept for a while after they end")
    return job


def _take(server: Server, person: Person, files: list[UploadFile], wish: Wish) -> Job:
    """Write the uploads into a folder of the job and queue them; one that is refused has its entry at once."""
    limits, room = Limits.from_settings(server.space), Room.from_settings(server.space)
    job = Job(person, SessionFolder(), explain=wish.explain)
    try:
        for number, file in enumerate(files):
            shown = file.filename or f"file {number + 1}"
            try:
                upload = job.folder.keep(file.file, shown, limits, room)
            except WorkbenchError as error:
                failed = Verdict(file=shown, status="error", reason=one_line(error), words=one_line(error))
                job.refused[number] = failed.to_dict()
                continue
            out = job.folder.results()
            wish_of = replace(wish, out=out)
            one = server.judges.submit(person.name, upload, wish_of, play=False, person=person)
            job.files.append(one)
    except BaseException:
        job.folder.close()
        raise
    server.jobs.add(job)
    return job
