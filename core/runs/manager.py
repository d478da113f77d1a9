"""The run manager: starts, queues, stops, resumes and deletes runs. One a server; all truth is on disk."""

from __future__ import annotations

import shutil
import time
from collections.abc import Mapping, Sequence
from typing import Any

from core import audit, words
from core.access import Person
from core.errors import BadInput
from core.runs import devices, executors, processes
from core.runs.folder import STALLED_AFTER, RunFolder, Status, new_run, open_run
from core.runs.scheduler import Names, Scheduler, alive
from core.runs.titles import name_of

RESUMABLE = ("stopped", "failed", "interrupted")


class RunManager(Scheduler):
    """What an analyst asks for: `submit`, `stop`, `resume`, `delete`, `clone`, `list`, `reorder`."""

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
        name = executors.choose_executor(devices.processes(config), self.space, executor)
        run = new_run(dict(config), space=self.space)
        run.set_status(
            device=device or str(config.get("device") or "auto"), executor=name, person=person.name
        )
        self._enqueue(run, first=first)
        audit.record(person, "start run", run.id, self.space)
        return run

    def stop(self, name: str, person: Person) -> Status:
        """Take it out of the queue, or ask it to end after its batch; asked twice, or too late, by force."""
        person.require_operator("stop a run")
        run = self.open(name)
        audit.record(person, "stop run", run.id, self.space)
        status = run.set_status(only_from=("queued",), state="stopped", ended=time.time())
        if status.state == "stopped":
            self._queue.remove(run.id)
            return status
        if status.final:
            raise BadInput(f"{name_of(run)} is {words.state(status.state)}; there is nothing to stop")
        if _silent_elsewhere(status):
            run.stop_file.touch()  # should its machine come back
            return run.set_status(
                only_from=("running", "stopping"),
                state="stopped",
                ended=status.heartbeat or time.time(),
                error=f"{status.host} gave no sign of life; resume goes on here from the last checkpoint",
            )
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
            raise BadInput(
                f"{name_of(run)} is {words.state(state)}; only a run that was stopped, failed or was interrupted can be "
                "resumed"
            )
        run.stop_file.unlink(missing_ok=True)
        prepare_resume(run, person)
        self._enqueue(run)
        audit.record(person, "resume run", run.id, self.space)
        return run

    def delete(self, name: str, person: Person) -> None:
        """Remove a run and all it produced. Refused while a process may still write into it."""
        person.require_operator("delete a run")
        run = self.open(name)
        self._require_own(run)
        status = run.set_status(only_from=("queued",), state="stopped", ended=time.time())
        self._queue.remove(run.id)
        if not status.final:
            raise BadInput(f"{name_of(run)} is {words.state(status.state)}; stop it first")
        self._require_gone(run)
        grave = run.path.with_name(f".deleted-{run.id}")
        audit.record(person, "delete run", run.id, self.space)
        run.path.rename(grave)  # one step, so that no list ever shows half a run
        if grave.is_symlink():
            grave.unlink()  # what it points to stays: it lies elsewhere
        else:
            shutil.rmtree(grave)

    def clone(self, name: str, person: Person, changes: Mapping[str, Any] | None = None) -> RunFolder:
        """A new run with the configuration of an old one, and some fields changed."""
        return self.submit({**self.open(name).config(), **(changes or {})}, person)

    def reorder(self, names: Sequence[str], person: Person) -> Names:
        """Put the waiting runs in this order."""
        person.require_operator("change the queue")
        return self._queue.reorder(names)

    def waiting(self) -> Names:
        return self._queue.order()

    def open(self, name: str) -> RunFolder:
        return open_run(name, space=self.space)

    def _enqueue(self, run: RunFolder, *, first: bool = False) -> None:
        self._queue.change(lambda order: [run.id, *order] if first else [*order, run.id])
        self.start_waiting()

    def _require_own(self, run: RunFolder) -> None:
        if run.path.parent.resolve() != self.space.runs.resolve():
            raise BadInput(f"{run.path} is not a run of this workspace; move it into {self.space.runs} first")

    def _require_gone(self, run: RunFolder) -> None:
        if alive(run.status()):
            raise BadInput(f"the training of {name_of(run)} is just ending; try again in a moment")


def _silent_elsewhere(status: Status) -> bool:
    """A run of another machine that does not answer, or of a folder copied while it ran: nobody here can end
    it."""
    beat = status.heartbeat or status.started or 0.0
    return status.host not in ("", processes.host()) and time.time() - beat > STALLED_AFTER


def prepare_resume(run: RunFolder, person: Person) -> Status:
    """Write down that the run is to go on."""
    return run.set_status(
        only_from=RESUMABLE,
        state="queued",
        resume=run.last_checkpoint.exists(),
        error=None,
        handle=None,
        heartbeat=None,
        ended=None,
        device=_asked_device(run.status().device),
        person=person.name,
    )


def _asked_device(had: str | None) -> str:
    """The kind of device again, not the very slots it had."""
    if not had or had in ("auto", "ray"):
        return "auto"
    return "cuda" if had.startswith("cuda") else had
