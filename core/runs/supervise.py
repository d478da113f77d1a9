"""One background thread a run: it owns the worker's process, watches it, and settles how it ended.

Threads here never call Streamlit; all that they learn is written into the run's folder.
"""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections.abc import Callable
from typing import Any

from core.errors import WorkbenchError
from core.locks import Claim
from core.runs import processes, reasons
from core.runs.executors.base import Executor, Poll
from core.runs.executors.local import LocalExecutor
from core.runs.folder import RunFolder, Status

log = logging.getLogger(__name__)

POLL = 0.5  # seconds between two looks at the process
GRACE = 30.0  # seconds a worker has for its batch and its checkpoint when it is asked to stop
LINGER = 30.0  # seconds a worker has to leave after it has written a final state
WRITE_AGAIN = 2.0  # seconds until a status is tried again that a full disk refused


def claim(run: RunFolder) -> Claim:
    """Whoever holds it watches the run: one server, whatever their number."""
    return Claim(run.path / ".watch")


class Supervisor(threading.Thread):
    """Starts the worker (unless it adopts one that lives), and stays until the run's final state is on
    disk."""

    def __init__(
        self,
        run: RunFolder,
        executor: Executor,
        watch: Claim,
        *,
        slots: tuple[str, ...] = (),  # of a worker that is to be started
        count: int = 1,
        handle: str | None = None,
        grace: float = GRACE,
        on_end: Callable[[Supervisor], None] = lambda _: None,
        ended_well: Callable[[Poll], bool] = lambda _: False,
    ) -> None:
        super().__init__(name=f"run {run.id}", daemon=True)
        self.run_folder, self.executor, self.slots, self.count = run, executor, slots, count
        self._watch, self._handle, self._grace, self._on_end = watch, handle, grace, on_end
        self._ended_well = ended_well  # for work that does not write its own final state
        self._adopted = handle is not None
        self._wake = threading.Event()
        self._force = False
        self._asked: float | None = None
        self._leave = False
        self.trouble = ""  # why the state of the run cannot be written
        self.begun = threading.Event()  # the worker has its process, and the status names it

    def wake(self, *, force: bool = False) -> None:
        """Look now: somebody asked the run to stop."""
        self._force = self._force or force
        self._wake.set()

    def leave(self) -> None:
        """Stop watching without touching the run; another server may adopt it."""
        self._leave = True
        self._wake.set()

    def run(self) -> None:
        try:
            if self._handle is None:
                self._start()
            self.begun.set()
            if self._handle is not None:
                self._follow(self._handle)
        finally:
            self.begun.set()
            self._watch.release()
            self._on_end(self)

    def _start(self) -> None:
        run, status = self.run_folder, self.run_folder.status()
        try:
            with run.log_file.open("a", encoding="utf-8") as log:
                log.write(reasons.started_line(time.strftime("%Y-%m-%d %H:%M:%S")) + "\n")
            handle = self.executor.submit(run, resume=status.resume, slots=self.slots, processes=self.count)
        except (OSError, WorkbenchError, RuntimeError) as error:
            why = f"could not be started: {reasons.cause(error)}"
            self._write(state="failed", ended=time.time(), error=why)
            return
        identity = {}
        if isinstance(self.executor, LocalExecutor):
            _, pid, started = LocalExecutor.process(handle)
            identity = {"pid": pid, "process_start": started}
        self._handle = handle
        self._write(handle=handle, **identity)

    def _follow(self, handle: str) -> None:
        ended: float | None = None
        while not self._leave:
            poll, status = self.executor.poll(handle), self.run_folder.status()
            if not self.run_folder.path.exists():
                return
            if not poll.alive:
                self._settle(poll)
                return
            if status.final:
                ended = ended or time.monotonic()
                if time.monotonic() - ended > LINGER:
                    self.executor.stop(handle, force=True)
            elif status.state == "stopping":
                self._press(handle)
            elif poll.waiting:
                self._write(heartbeat=time.time())
            self._wake.wait(POLL)
            self._wake.clear()

    def _press(self, handle: str) -> None:
        """Graceful first, by force when the grace time is over or when asked a second time."""
        if self._asked is None:
            self._asked = time.monotonic()
            with contextlib.suppress(OSError):  # a full disk: the signal alone has to do
                self.run_folder.stop_file.touch()
            self.executor.stop(handle, force=False)
        elif self._force or time.monotonic() - self._asked > self._grace:
            self._force = True
            self.executor.stop(handle, force=True)

    def _settle(self, poll: Poll) -> None:
        """The process is gone: what it wrote holds; else the way it went decides."""
        status = self.run_folder.status()
        remove_torn(self.run_folder)
        if status.final or status.state == "queued":  # it was resumed while its worker was still ending
            return
        if status.state == "stopping":
            self._write(state="stopped", ended=time.time(), error=self._forced())
            return
        if self._ended_well(poll):
            self._write(state="completed", ended=time.time(), error=None)
            return
        why = status.error or reasons.why(self.run_folder, poll, adopted=self._adopted)
        self._write(state="failed", ended=time.time(), error=why)

    def _forced(self) -> str | None:
        """What it means that the run did not end by itself; None where it did."""
        if not self._force:
            return None
        kept = self.run_folder.last_checkpoint.exists()
        goes_on = "goes on from the last checkpoint" if kept else "begins anew, for nothing was saved yet"
        return f"ended by force; resume {goes_on}"

    def _write(self, **changes: Any) -> Status | None:
        """Write the status; while the disk is full, again and again, for the truth is what is on disk."""
        while self.run_folder.path.exists():
            try:
                status = self.run_folder.set_status(**changes)
                if self.trouble:
                    log.info("run %s: its status can be written again", self.run_folder.id)
                self.trouble = ""
                return status
            except OSError as error:
                if not self.trouble:  # once: it is tried every two seconds
                    log.warning("run %s: its status cannot be written (%s)", self.run_folder.id, error)
                self.trouble = str(error)
                if self._leave:
                    return None
                self._wake.wait(WRITE_AGAIN)
                self._wake.clear()
        return None


def handle_of(run: RunFolder, status: Status) -> str | None:
    """The process behind a running run as its status knows it; by its command line where the pid was not
    written."""
    if status.handle:
        return status.handle
    if status.pid is not None and status.process_start is not None:
        return f"{status.host or processes.host()}:{status.pid}:{status.process_start:.2f}"
    return handle_by_command(run)


def handle_by_command(run: RunFolder) -> str | None:
    """The worker of this folder on this machine; also where the clock was set since it began, and with it its
    start."""
    found = processes.worker_of(run.path)
    return LocalExecutor.handle(*found) if found else None


def settle_unwatched(run: RunFolder) -> Status:
    """Nobody saw the process go (the server or the machine went too): `interrupted`, or `stopped` if asked
    for."""
    remove_torn(run)
    status = run.status()
    if status.state == "stopping":
        return run.set_status(only_from=("stopping",), state="stopped", ended=time.time())
    return run.set_status(
        only_from=("running",),
        state="interrupted",
        ended=status.heartbeat or time.time(),
        error="its process is gone (the machine or the server went down); resume goes on from the last checkpoint",
    )


def remove_torn(run: RunFolder) -> None:
    """Delete half-written files that a killed worker left; the whole ones they should have replaced stay."""
    for torn in (*run.path.glob(".*.tmp"), *run.path.glob("*/.*.tmp")):
        torn.unlink(missing_ok=True)
