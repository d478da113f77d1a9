"""The run manager: starts, queues, stops, resumes and deletes runs. One a server; all truth is on disk.

Every transition is written into the run's folder before it takes effect, so that whoever comes after a crash
(another server, the command line) knows what was meant and goes on from there.
"""

from __future__ import annotations

import shutil
import socket
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from core.access import Person
from core.errors import BadInput
from core.runs import devices, executors, processes, tuning
from core.runs.executors.base import Executor
from core.runs.executors.local import LocalExecutor
from core.runs.folder import RunFolder, Status, new_run, open_run
from core.runs.listing import Summary, listing
from core.runs.supervise import GRACE, Supervisor, claim, handle_of, settle_unwatched
from core.runs.waiting import Queue
from core.workspace import Workspace

KEEP = 2.0  # seconds between two looks at the whole workspace (runs of the command line and of other servers)
RESUMABLE = ("stopped", "failed", "interrupted")
Names = list[str]  # the manager has a method `list`
MakeExecutor = Callable[[str, Workspace], Executor]


class RunManager:
    """`submit`, `stop`, `resume`, `delete`, `clone`, `list`, `reorder`; a keeper thread adopts and starts."""

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
        if keep:
            self.keep()
            threading.Thread(target=self._keep, name="run keeper", daemon=True).start()

    # What an analyst asks for

    def submit(
        self,
        config: Mapping[str, Any],
        person: Person,
        *,
        device: str = "",
        executor: str = "",
        first: bool = False,
    ) -> RunFolder:
        """Put a run into the queue; it starts as soon as a slot is free."""
        person.require_operator("start a run")
        name = executors.suited(devices.processes(config), self.space, executor)
        run = new_run(dict(config), space=self.space)
        run.set_status(
            device=device or str(config.get("device") or "auto"), executor=name, person=person.name
        )
        self._enqueue(run, first=first)
        return run

    def stop(self, name: str, person: Person) -> Status:
        """Take it out of the queue, or ask it to end after its batch; asked twice, or too late, by force."""
        person.require_operator("stop a run")
        run = self.open(name)
        status = run.set_status(only_from=("queued",), state="stopped", ended=time.time())
        if status.state == "stopped":
            self._queue.remove(run.id)
            return status
        if status.final:
            raise BadInput(f"run {run.id} is {status.state}; there is nothing to stop")
        again = status.state == "stopping"
        status = run.set_status(only_from=("running", "stopping"), state="stopping")
        with self._lock:
            watcher = self._watched.get(run.id)
        if watcher is not None:
            watcher.wake(force=again)
        elif not status.final:
            run.stop_file.touch()  # whoever watches it sees the state; the worker sees the file
            self._look.set()
        return status

    def stop_all(self, names: Sequence[str], person: Person) -> Names:
        """Batch stop; gives the ids of those that were asked."""
        person.require_operator("stop a run")
        active = [n for n in names if not self.open(n).status().final]
        for name in active:
            self.stop(name, person)
        return active

    def resume(self, name: str, person: Person) -> RunFolder:
        """Queue it again, to go on from its last checkpoint (from the start where there is none)."""
        person.require_operator("resume a run")
        run = self.open(name)
        self._require_own(run)
        state = run.status().state
        if state not in RESUMABLE:
            raise BadInput(f"run {run.id} is {state}; only {', '.join(RESUMABLE)} runs can be resumed")
        run.stop_file.unlink(missing_ok=True)
        prepare_resume(run, person)
        self._enqueue(run)
        return run

    def delete(self, name: str, person: Person) -> None:
        """Remove a run and all it produced. Refused while a process may still write into it."""
        person.require_operator("delete a run")
        run = self.open(name)
        self._require_own(run)
        status = run.set_status(only_from=("queued",), state="stopped", ended=time.time())
        self._queue.remove(run.id)
        if not status.final:
            raise BadInput(f"run {run.id} is {status.state}; stop it first")
        self._require_gone(run)
        grave = run.path.with_name(f".deleted-{run.id}")
        run.path.rename(grave)  # one step, so that no list ever shows half a run
        shutil.rmtree(grave)

    def clone(self, name: str, person: Person, changes: Mapping[str, Any] | None = None) -> RunFolder:
        """A new run with the configuration of an old one, and some fields changed."""
        return self.submit({**self.open(name).config(), **(changes or {})}, person)

    def reorder(self, names: Sequence[str], person: Person) -> Names:
        """Put the waiting runs in this order."""
        person.require_operator("change the queue")
        return self._queue.reorder(names)

    def list(self) -> list[Summary]:
        return listing(self.space).runs()

    def waiting(self) -> Names:
        return self._queue.order()

    def open(self, name: str) -> RunFolder:
        return open_run(name, space=self.space)

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

    # The keeper

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
            try:
                self.keep()
            except OSError as error:  # a full disk or a share that is away: look again later
                self.trouble = str(error)

    trouble = ""  # why the last look at the workspace failed

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
        if handle is None or not executor.poll(handle).alive:
            settle_unwatched(run)
            watch.release()
            return
        if not watching:
            watch.release()
            return
        slots = tuple((status.device or "").split(",")) if status.device else ()
        self._watch(
            Supervisor(
                run,
                executor,
                watch,
                slots=slots,
                handle=handle,
                grace=self._grace,
                on_end=self._ended,
            )
        )

    def start_waiting(self) -> None:
        """Start the first runs of the queue that find a slot. Nothing else starts meanwhile, on any server."""
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
        if taken is None or _alive(status) or not watch.take():  # an earlier worker may just be ending
            return False
        written = run.set_status(
            only_from=("queued",), state="running", started=time.time(), ended=None, heartbeat=None,
            pid=None, process_start=None, handle=None, error=None, host=socket.gethostname(),
            device=",".join(taken) if executor.uses_slots else executor.name,
        )  # fmt: skip
        if written.state != "running":
            watch.release()
            return True
        if executor.uses_slots:
            busy |= set(taken)
        self._watch(
            Supervisor(
                run,
                executor,
                watch,
                slots=taken,
                count=count,
                grace=self._grace,
                on_end=self._ended,
            )
        )
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

    def _enqueue(self, run: RunFolder, *, first: bool = False) -> None:
        self._queue.change(lambda order: [run.id, *order] if first else [*order, run.id])
        self.start_waiting()

    def _executor(self, name: str) -> Executor:
        with self._lock:
            if name not in self._executors:
                self._executors[name] = self._make(name, self.space)
            return self._executors[name]

    def _watch(self, watcher: Supervisor) -> None:
        with self._lock:
            self._watched[watcher.run_folder.id] = watcher
        watcher.start()

    def _ended(self, watcher: Supervisor) -> None:
        with self._lock:
            self._watched.pop(watcher.run_folder.id, None)
        self._look.set()

    def _require_own(self, run: RunFolder) -> None:
        if run.path.parent.resolve() != self.space.runs.resolve():
            raise BadInput(f"{run.path} is not a run of this workspace; move it into {self.space.runs} first")

    def _require_gone(self, run: RunFolder) -> None:
        if _alive(run.status()):
            raise BadInput(f"the worker of run {run.id} is just ending; try again in a moment")


def _alive(status: Status) -> bool:
    """Whether the worker that the status names still lives on this machine."""
    return status.host in ("", processes.host()) and processes.alive(status.pid, status.process_start)


def prepare_resume(run: RunFolder, person: Person) -> Status:
    """Write down that the run is to go on."""
    return run.set_status(
        only_from=RESUMABLE, state="queued", resume=run.last_checkpoint.exists(), error=None,
        handle=None, heartbeat=None, ended=None,
        device=_asked_device(run.status().device), person=person.name,
    )  # fmt: skip


def _asked_device(had: str | None) -> str:
    """The kind of device again, not the very slots it had."""
    if not had or had in ("auto", "ray"):
        return "auto"
    return "cuda" if had.startswith("cuda") else had


__all__ = ["RESUMABLE", "LocalExecutor", "RunManager", "prepare_resume"]
