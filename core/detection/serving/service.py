"""The one detection process of a server and its queue: fair between sessions, restarted when it dies.

The server itself imports no torch; it hears verdicts as they grow. A process that takes too long or dies costs the
file it worked on, nothing else.
"""

from __future__ import annotations

import json
import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from core import priority
from core.access import LOCAL, Person
from core.child_process import ChildProcess
from core.detection.request import Request
from core.detection.serving import player, uploads
from core.detection.serving.queue import Queue
from core.detection.serving.uploads import Upload
from core.detection.trail import note_verdict
from core.detection.verdict import Verdict
from core.errors import WorkbenchError, one_line
from core.media.sandbox import Sandbox
from core.workspace import CODE_ROOT, workspace

LONGEST = 900.0  # seconds of one file before its process is replaced
START = 180.0  # seconds to import what it needs
CLOSING = 10.0  # seconds that the server's end waits for the file at hand
OPENED_BEFORE = 3  # detectors that stand ready for the first file
DIED = "the detection process died on this file; it may be damaged on purpose, or memory ran out"
SLOW = "judging this file took longer than {:.0f} s and was ended"
NO_MAPS = "Heat maps could not be made: {}."
NOT_WANTED = "Heat maps were cancelled."


@dataclass
class Job:
    """One file with one detector. Fields are replaced whole, so a page reads them without a lock."""

    session: str
    upload: Upload
    request: Request
    stage: str = "queued"  # queued | reading | verdict | facts | maps wait | map | done | cancelled
    verdict: Verdict | None = None
    player: tuple[Path, str, str] | None = None  # path, MIME type, kind
    player_error: str | None = None
    submitted: float = field(default_factory=time.time)
    verdict_after: float | None = None  # seconds after submission
    plays: bool = False  # something to play is made for it
    person: Person = LOCAL  # who asked
    noted: bool = False  # stands in the audit trail

    @property
    def over(self) -> bool:
        return self.stage in ("done", "cancelled")

    def note(self) -> None:
        """Write once into the audit trail who had this file judged."""
        if not self.noted and self.verdict is not None:
            self.noted = True
            note_verdict(self.person, self.verdict)

    def without_maps(self, why: str) -> None:
        """The verdict stands, and says why there are no heat maps."""
        assert self.verdict is not None
        self.verdict = replace(self.verdict, notes=(*self.verdict.notes, why))
        self.stage = "done"


class Service:
    """Made once a server. Its process starts with the first file, or with `warm`."""

    def __init__(self) -> None:
        uploads.sweep()
        self._queue: Queue[Job] = Queue()
        self._changed = threading.Condition()
        self._process: _Process | None = None
        self._closed = False
        self._wanted: tuple[str, ...] | None = None  # detectors to open beforehand
        self._warmed: set[str] | None = None
        self._warming = False
        self._sandbox: Sandbox | None = None  # decodes for the players
        self._players = ThreadPoolExecutor(2, thread_name_prefix="player")
        self._thread = threading.Thread(target=self._serve, name="detection", daemon=True)
        self._thread.start()

    def warm(self, detectors: tuple[str, ...] = ()) -> None:
        """Start the process and open these detectors now, so that the first file does not wait for them."""
        with self._changed:
            if self._warmed is None or not set(detectors) <= self._warmed:
                self._wanted = tuple(dict.fromkeys(detectors))[:OPENED_BEFORE]
                self._warmed = (self._warmed or set()) | set(detectors)
                self._changed.notify()

    @property
    def ready(self) -> bool:
        """Whether a file would be judged at once."""
        with self._changed:
            return self._process is not None and not self._warming and self._wanted is None

    def submit(
        self, session: str, upload: Upload, request: Request, *, play: bool = True, person: Person = LOCAL
    ) -> Job:
        job = Job(session, upload, request, plays=play and request.out is not None, person=person)
        with self._changed:
            self._queue.add(session, job)
            self._changed.notify()
        if job.plays:
            self._players.submit(self._make_player, job)
        return job

    def cancel(self, session: str) -> int:
        """Take what waits of a session out of the queue; what runs is finished."""
        with self._changed:
            unjudged, unexplained = self._queue.drop(session)
        for job in unjudged:
            job.stage = "cancelled"
        for job in unexplained:
            job.without_maps(NOT_WANTED)
        return len(unjudged) + len(unexplained)

    def waiting(self, session: str | None = None) -> int:
        """Files without a verdict."""
        with self._changed:
            return self._queue.waiting(session)

    def close(self) -> None:
        with self._changed:
            self._closed = True
            self._changed.notify()
        self._players.shutdown(wait=False, cancel_futures=True)
        if (process := self._process) is not None:
            process.kill()  # its pipes are closed once nobody reads from them
            self._thread.join(CLOSING)
            process.end()
        if self._sandbox is not None:
            self._sandbox.close()

    def _next(self) -> Job | tuple[str, ...] | None:
        """The next job by turns. Where there is none, the detectors to open before somebody asks for them."""
        with self._changed:
            while not self._closed:
                if (job := self._queue.take()) is not None:
                    return job
                if self._wanted is not None:
                    wanted, self._wanted, self._warming = self._wanted, None, True
                    return wanted
                self._changed.wait()
        return None

    def _serve(self) -> None:
        while not self._closed:
            job = self._next()
            if self._closed:
                return
            try:
                process = self._alive()
                if isinstance(job, Job):
                    self._judge(process, job)
                elif job is not None:
                    process.tell({"warm": list(job)})
                    process.answer(START)
            except (OSError, EOFError, ValueError, TimeoutError, WorkbenchError) as error:
                self._failed(job if isinstance(job, Job) else None, error)
            finally:
                self._warming = False

    def _alive(self) -> _Process:
        if self._process is None or not self._process.alive:
            self._process = _Process()
            self._process.answer(START)
        return self._process

    def _judge(self, process: _Process, job: Job) -> None:
        """Before the heat maps the process asks whether to go on: where other files wait for their verdicts, these
        come first, and this file is judged once more when its turn comes."""
        judged_before = job.verdict
        job.stage = "reading" if judged_before is None else "map"
        process.ask(job)
        end, put_off = time.monotonic() + longest(), False
        while True:
            answer = process.answer(end - time.monotonic())
            if answer["stage"] == "may explain":
                put_off = judged_before is None and self._verdict_waits()
                process.tell({"explain": not put_off})
                continue
            if judged_before is not None and answer["stage"] in ("verdict", "facts"):
                continue  # said already
            self._receive(job, answer, judged_before)
            if job.over:
                if put_off:
                    job.stage = "maps wait"
                    with self._changed:
                        self._queue.add(job.session, job, maps=True)
                return

    def _verdict_waits(self) -> bool:
        with self._changed:
            return self._queue.verdict_waits

    def _receive(self, job: Job, answer: dict[str, Any], judged_before: Verdict | None) -> None:
        verdict = replace(Verdict.from_dict(answer["verdict"]), file=job.upload.shown)
        verdict = replace(verdict, reason=_with_name(verdict.reason, job.upload))
        if judged_before is not None and verdict.status != "ok":  # the file or the detector is gone meanwhile
            job.without_maps(NO_MAPS.format(verdict.reason))
            return
        job.verdict = verdict
        if job.verdict_after is None and verdict.verdict is not None:
            job.verdict_after = time.time() - job.submitted
        job.stage = answer["stage"]
        if job.stage in ("facts", "done"):
            job.note()

    def _failed(self, job: Job | None, error: BaseException) -> None:
        """The process is gone or hangs: its file gets an error, the next one a new process.

        A verdict that was reached stands; only its heat maps are missing.
        """
        if job is not None and job.verdict is not None and job.verdict.status == "ok":
            job.without_maps(
                NO_MAPS.format("that took too long" if isinstance(error, TimeoutError) else DIED)
            )
            job = None
        if self._process is not None:
            self._process.end()
            self._process = None
        if job is not None:
            reason = SLOW.format(longest()) if isinstance(error, TimeoutError) else DIED
            if isinstance(error, WorkbenchError):  # of the settings that it would be started with
                reason = one_line(error)
            job.verdict = Verdict(file=job.upload.shown, status="error", reason=reason, words=reason)
            job.stage = "done"
            job.note()

    def _make_player(self, job: Job) -> None:
        assert job.request.out is not None
        try:
            job.player = player.playable(job.upload.path, job.request.out, self._decoders())
        except WorkbenchError as error:
            job.player_error = _with_name(one_line(error), job.upload)
        except OSError as error:  # the session ended meanwhile and took its folder along
            job.player_error = one_line(error)

    def _decoders(self) -> Sandbox:
        """Below the server, so that pages come first: a copy of a long clip takes a while."""
        with self._changed:
            if self._sandbox is None:
                self._sandbox = Sandbox(below=priority.lower_by("detection"))
            return self._sandbox


def longest() -> float:
    value = workspace().settings().get("detection", {}).get("seconds", LONGEST)
    return float(value) if isinstance(value, (int, float)) and value > 0 else LONGEST


def _with_name(reason: str | None, upload: Upload) -> str | None:
    """Messages name the file as the analyst does, not as it lies on disk."""
    return None if reason is None else reason.replace(upload.path.name, upload.shown)


class _Process(ChildProcess):
    """The detection process; each message is one JSON document."""

    def __init__(self) -> None:
        environment = {**os.environ, "PYTHONPATH": str(CODE_ROOT)}
        below = priority.lower_by("detection")
        super().__init__("core.detection.serving.worker", environment=environment, below=below)

    def ask(self, job: Job) -> None:
        request = asdict(job.request)
        request["out"] = str(job.request.out) if job.request.out else None
        self.tell({"path": str(job.upload.path), "shown": job.upload.shown, "request": request})

    def tell(self, task: dict[str, Any]) -> None:
        self.send(json.dumps(task).encode())

    def answer(self, seconds: float) -> dict[str, Any]:
        document: dict[str, Any] = json.loads(self.receive(max(0.0, seconds)))
        return document
