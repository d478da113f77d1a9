"""A subprocess of this machine in a session of its own: it outlives the server that started it."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading

import psutil

from core import priority
from core.runs import processes
from core.runs.devices import environment
from core.runs.executors.base import Command, Executor, Poll, training_arguments
from core.runs.folder import RunFolder
from core.workspace import CODE_ROOT, Workspace


class LocalExecutor(Executor):
    """The default. Handle: host:pid:start time."""

    name = "local"

    def __init__(self, space: Workspace, arguments: Command = training_arguments) -> None:
        super().__init__(space, arguments)
        self._children: dict[str, subprocess.Popen[bytes]] = {}
        self._lock = threading.Lock()

    def submit(self, run: RunFolder, *, resume: bool, slots: tuple[str, ...], processes: int) -> str:
        return self._start(self.command(run, resume), run, slots)

    def _start(self, command: list[str], run: RunFolder, slots: tuple[str, ...]) -> str:
        by = priority.lower_by("training", self.space)
        with run.log_file.open("ab") as log:
            child = subprocess.Popen(
                command,
                cwd=CODE_ROOT,
                env={**os.environ, **self.environment(), **environment(slots)},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        priority.lower(child.pid, by)
        handle = self.handle(child.pid, processes.start_time(child.pid) or 0.0)
        with self._lock:
            self._children[handle] = child
        return handle

    @staticmethod
    def handle(pid: int, started: float) -> str:
        return f"{processes.host()}:{pid}:{started:.2f}"

    @staticmethod
    def process(handle: str) -> tuple[str, int, float]:
        host, pid, started = handle.rsplit(":", 2)
        return host, int(pid), float(started)

    def here(self, handle: str) -> bool:
        return self.process(handle)[0] == processes.host()

    def poll(self, handle: str) -> Poll:
        with self._lock:
            child = self._children.get(handle)
        if child is not None:
            code = child.poll()
            return Poll(alive=code is None, code=code)
        host, pid, started = self.process(handle)
        if host != processes.host():
            return Poll(alive=True)  # only that machine can know; the heartbeat tells the rest
        return Poll(alive=processes.alive(pid, started))

    def stop(self, handle: str, *, force: bool) -> None:
        host, pid, started = self.process(handle)
        if host != processes.host() or not processes.alive(pid, started):
            return
        with contextlib.suppress(psutil.NoSuchProcess, ProcessLookupError):
            if not force:
                os.kill(pid, signal.SIGTERM)
                return
            leader = psutil.Process(pid)
            for process in [*leader.children(recursive=True), leader]:  # data workers too
                with contextlib.suppress(psutil.NoSuchProcess):
                    process.kill()
