"""The scheduler: the half of the run manager that nobody asks. It adopts runs, starts those that wait, and watches.

Every transition is written into the run's folder before it takes effect, so that whoever comes after a crash
(another server, the command line) knows what was meant and goes on from there.
"""

from __future__ import annotations

import logging
import socket
import threading
import time
from collections.abc import Callable
from typing import Any

from core.errors import BadInput, WorkbenchError, one_line
from core.locks import Claim
from core.runs import devices, executors, processes, tuning
from core.runs.executors.base import Executor
from core.runs.folder import RunFolder, Status
from core.runs.listing import listing
from core.runs.run_queue import Queue
from core.runs.summaries import Summary
from core.runs.supervise import (
    GRACE,
    Supervisor,
    claim,
    handle_by_command,
    handle_of,
    settle_unwatched,
)
from core.workspace import Workspace

log = logging.getLogger(__name__)

KEEP = 2.0  # seconds between two looks at the whole workspace (runs of the command line and of other servers)
Names = list[str]  # the scheduler has a method `list`
MakeExecutor = Callable[[str, Workspace], Executor]


class Scheduler:
    """Watches the runs of one workspace, with one thread a run and one that looks for more."""

    def __init__(
        self,
        space: Workspace,
        *,
        make_executor: MakeExecutor = executors.create,
        grace: float = GRACE,
        keep: bool = True,
    ) -> None:
        self.space = space
        self._make, self._grace = make_executor, grace
        self._queue = Queue(space)
        self._executors: dict[str, Executor] = {}
        self._watched: dict[str, Supervisor] = {}
        self._lock = threading.RLock()
        self._closed = threading.Event()
        self._look = threading.Event()
        self._failure = ""  # of the last look at the workspace
        if keep:
            self._look_round()
            threading.Thread(target=self._keep, name="run scheduler", daemon=True).start()

    def list(self) -> list[Summary]:
        return listing(self.space).runs()

    def close(self) -> None:
        """Stop watching. Runs go on; the next manager adopts them."""
        self._closed.set()
        self._look.set()
        with self._lock:
            watchers = list(self._watched.values())
        for watcher in watchers:
            watcher.leave()
        for watcher in watchers:
            watcher.join(10)

    def stop_watched(self, name: str) -> None:
        """Make the thread that watches this run, if it is one of ours, look at the request to stop now."""
        with self._lock:
            watcher = self._watched.get(name)
        if watcher is not None:
            watcher.wake()

    def wait_for_starts(self, timeout: float = 30.0) -> None:
        """Until every worker that this manager starts has its process: then the command line may leave."""
        with self._lock:
            watchers = list(self._watched.values())
        for watcher in watchers:
            watcher.begun.wait(timeout)

    def join(self, name: str, timeout: float | None = None) -> None:
        """Wait until the thread that watches this run has settled it."""
        with self._lock:
            watcher = self._watched.get(name)
        if watcher is not None:
            watcher.join(timeout)

    def keep(self) -> None:
        """One look at the workspace: adopt what nobody watches, start what has a slot."""
        for found in self.list():
            if found.state in ("running", "stopping") and found.id not in self._watched:
                self.adopt(RunFolder(self.space.runs / found.id))
        self._find_lost()
        tuning.adopt(self.space)
        self.start_waiting()

    def _find_lost(self) -> None:
        """Queue what was submitted when its server died before the queue was written."""
        queued = [s for s in self.list() if s.state == "queued" and s.device is not None]
        if lost := [s.id for s in queued if s.id not in self._queue.order()]:
            self._queue.change(lambda order: [*order, *sorted(lost)])

    def _keep(self) -> None:
        while not self._closed.is_set():
            self._look.wait(KEEP)
            self._look.clear()
            if self._closed.is_set():
                return
            self._look_round()

    def _look_round(self) -> None:
        """One look; what fails (a full disk, a share that is away) is logged once, shown, and tried again
        later."""
        try:
            self.keep()
        except (OSError, WorkbenchError) as error:
            self._fail(one_line(error), None)
        except Exception as error:  # noqa: BLE001 (the thread must outlive a mistake of ours)
            self._fail(f"{type(error).__name__}: {one_line(error)}", error)
        else:
            if self._failure:
                log.info("the workspace can be looked after again")
            self._failure = ""

    def _fail(self, why: str, error: Exception | None) -> None:
        if why != self._failure:
            log.warning("runs cannot be looked after: %s", why, exc_info=error)
        self._failure = why

    @property
    def trouble(self) -> str:
        """Why runs are not started or settled just now, in one line; empty where all is well."""
        with self._lock:
            watchers = list(self._watched.values())
        why = self._failure or next((watcher.trouble for watcher in watchers if watcher.trouble), "")
        if not why:
            return ""
        return f"Runs cannot be started or settled: {why}. It is tried again every few seconds."

    def settle_gone(self) -> None:
        """Settle the runs whose process is gone and that nobody watches, without watching those that live."""
        for found in self.list():
            if found.state in ("running", "stopping"):
                self.adopt(RunFolder(self.space.runs / found.id), watching=False)

    def adopt(self, run: RunFolder, *, watching: bool = True) -> None:
        """Watch a run that another server or the command line started; settle it if its process is gone."""
        watch = claim(run)
        if not watch.take():
            return  # somebody watches it
        status = run.status()
        if status.state not in ("running", "stopping"):
            watch.release()
            return
        executor = self._executor(status.executor)
        handle = handle_of(run, status)
        if handle is not None and not executor.here(handle):
            watch.release()  # it runs on another machine of this workspace
            return
        if handle is not None and not executor.poll(handle).alive:
            handle = handle_by_command(run)
        if handle is None:
            settle_unwatched(run)
            watch.release()
            return
        if not watching:
            watch.release()
            return
        self._watch(run, executor, watch, handle=handle)

    def start_waiting(self) -> None:
        """Start the first runs of the queue that find a slot. Nothing else starts meanwhile, on any
        server."""
        self._queue.change(self._start_from)

    def _start_from(self, order: Names) -> Names:
        left: Names = []
        busy = self._busy() if order else set()
        for name in order:
            run = RunFolder(self.space.runs / name)
            status = run.status()
            if status.state != "queued":
                continue
            if not self._start(run, status, busy):
                left.append(name)
        return left

    def _start(self, run: RunFolder, status: Status, busy: set[str]) -> bool:
        try:
            count = devices.processes(run.config())
            executor = self._executor(status.executor)
        except BadInput as error:
            run.set_status(state="failed", ended=time.time(), error=str(error))
            return True
        taken = devices.choose(status.device, count, busy if executor.uses_slots else set())
        watch = claim(run)
        if taken is None or alive(status) or not watch.take():  # an earlier worker may just be ending
            return False
        written = run.set_status(
            only_from=("queued",),
            state="running",
            started=time.time(),
            ended=None,
            heartbeat=None,
            pid=None,
            process_start=None,
            handle=None,
            error=None,
            host=socket.gethostname(),
            device=",".join(taken) if executor.uses_slots else executor.name,
        )
        if written.state != "running":
            watch.release()
            return True
        if executor.uses_slots:
            busy |= set(taken)
        self._watch(run, executor, watch, slots=taken, count=count)
        return True

    def _busy(self) -> set[str]:
        """The slots of this machine that are in use, whoever uses them."""
        here = processes.host()
        return {
            slot
            for found in self.list()
            if found.state in ("running", "stopping") and found.host in ("", here)
            for slot in (found.device or "").split(",")
        }

    def _executor(self, name: str) -> Executor:
        with self._lock:
            if name not in self._executors:
                self._executors[name] = self._make(name, self.space)
            return self._executors[name]

    def _watch(self, run: RunFolder, executor: Executor, watch: Claim, **how: Any) -> None:
        """A thread for this run, which has the claim on it: `how` is the process it adopts, or the slots of a
        new one."""
        watcher = Supervisor(run, executor, watch, grace=self._grace, on_end=self._ended, **how)
        with self._lock:
            self._watched[run.id] = watcher
        watcher.start()

    def _ended(self, watcher: Supervisor) -> None:
        with self._lock:
            self._watched.pop(watcher.run_folder.id, None)
        self._look.set()


def alive(status: Status) -> bool:
    """Whether the worker that the status names still lives on this machine."""
    return status.host in ("", processes.host()) and processes.alive(status.pid, status.process_start)
