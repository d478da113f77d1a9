"""The addresses of the service: what programs may ask, and how each answer looks.

POST   /v1/detect                     files in, a job (202) or, with ?wait=SECONDS, their entries (200)
GET    /v1/jobs/{id}                  how far it is, with the entries so far
DELETE /v1/jobs/{id}                  cancel it and forget its files
GET    /v1/jobs/{id}/heatmaps/{n}     a picture
GET    /v1/jobs/{id}/report           the report, one HTML file or, with ?format=pdf, a PDF
GET    /v1/detectors                  what can judge here
GET    /healthz  /metrics  /docs
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, replace
from typing import Annotated, Any, Literal

from fastapi import (
    APIRouter,
    Depends,
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

from core.access import Person
from core.detection import source
from core.detection.reporting import report
from core.detection.request import Request as Wish
from core.detection.serving.service import Service
from core.detection.serving.uploads import Room, SessionFolder
from core.detection.verdict import Verdict
from core.errors import WorkbenchError, one_line
from core.media.limits import Limits
from core.service import catalogue
from core.service.jobs import Job, Jobs
from core.service.metrics import CONTENT_TYPE, Metrics
from core.version import VERSION
from core.workspace import Workspace

LONGEST_WAIT = 300.0  # seconds
LOOK = 0.05  # seconds between looks at a job that is waited for


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


def _person(request: Request) -> Person:
    person: Person = request.state.person
    return person


def _server(request: Request) -> Server:
    server: Server = request.app.state.server
    return server


Caller = Annotated[Person, Depends(_person)]
Shared = Annotated[Server, Depends(_server)]
Authorization = Annotated[str | None, Header(description="Bearer TOKEN, where the server has tokens")]

router = APIRouter()


@router.post("/v1/detect", status_code=202, summary="Judge files", response_model=None)
async def detect(
    file: Annotated[list[UploadFile], File(description="one file or several")],
    server: Shared,
    person: Caller,
    run: Annotated[str | None, Form(description="a detector; default: the fitting one")] = None,
    text: Annotated[str | None, Form(description="what was said or written with it")] = None,
    explain: Annotated[bool, Form(description="make heat maps")] = False,
    wait: Annotated[float, Query(ge=0, le=LONGEST_WAIT, description="seconds to wait for the entries")] = 0,
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
def look(name: str, server: Shared, person: Caller, authorization: Authorization = None) -> dict[str, Any]:
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
    name: str,
    server: Shared,
    person: Caller,
    kind: Annotated[
        Literal["html", "pdf"], Query(alias="format", description="HTML, or PDF to file away")
    ] = "html",
    authorization: Authorization = None,
) -> Response:
    job = _job(server, name, person)
    verdicts = [one.verdict for one in job.files if one.verdict is not None and one.over]
    if len(verdicts) < len(job.files):
        raise HTTPException(409, f"job {name} is not done yet: {job.done} of {job.total}")
    if kind == "pdf":
        return Response(report.as_pdf(verdicts, person=person), media_type="application/pdf")
    return HTMLResponse(report.as_html(verdicts, person=person))


@router.get("/v1/detectors", summary="What can judge here")
def detectors(server: Shared, person: Caller, authorization: Authorization = None) -> list[dict[str, Any]]:
    return catalogue.detectors(server.space)


@router.get("/healthz", summary="Whether it serves")
def health(server: Shared) -> dict[str, Any]:
    return {"status": "ok", "version": VERSION, "waiting": server.judges.waiting()}


@router.get("/metrics", summary="For Prometheus", response_class=Response)
def metrics(server: Shared, authorization: Authorization = None) -> Response:
    server.sweep()
    return Response(server.metrics.text(server.judges.waiting()), media_type=CONTENT_TYPE)


def _job(server: Server, name: str, person: Person) -> Job:
    job = server.jobs.get(name, person)
    if job is None:
        raise HTTPException(404, f"there is no job {name} of yours; jobs are kept for a while after they end")
    return job


def _take(server: Server, person: Person, files: list[UploadFile], wish: Wish) -> Job:
    """Write the uploads into a folder of the job and queue them; one that is refused has its entry at
    once."""
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
