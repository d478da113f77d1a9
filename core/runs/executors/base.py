"""The protocol of executors. A run is a command and a folder; an executor starts the command somewhere."""

from __future__ import annotations

import os
import sys
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from core.runs.folder import RunFolder
from core.workspace import CODE_ROOT, Workspace

TAIL_BYTES = 64_000
Command = Callable[[RunFolder, bool], Sequence[str]]


def training_arguments(run: RunFolder, resume: bool) -> list[str]:
    """What follows `python` for a worker."""
    return ["-m", "core", "train", "--run-dir", str(run.path), *(["--resume"] if resume else [])]


@dataclass(frozen=True)
class Poll:
    """What an executor knows of a process of its own."""

    alive: bool
    code: int | None = None  # exit status as subprocess gives it; None where it cannot be known
    waiting: bool = False  # accepted, but the cluster has not started it yet
    reason: str | None = None  # the executor's own words for an end


class Executor(ABC):
    """One place where runs execute. A handle is text, so that another server can go on with it."""

    name: str
    uses_slots = True  # False where a cluster has a queue of its own

    def __init__(self, space: Workspace, arguments: Command = training_arguments) -> None:
        self.space = space
        self.arguments = arguments  # tests put a small worker here

    @abstractmethod
    def submit(self, run: RunFolder, *, resume: bool, slots: tuple[str, ...], processes: int) -> str:
        """Start the worker; its output is appended to log.txt. Gives the handle."""

    @abstractmethod
    def poll(self, handle: str) -> Poll:
        """Whether it lives, and how it ended."""

    @abstractmethod
    def stop(self, handle: str, *, force: bool) -> None:
        """Ask the worker to end (the stop file lies there already), or end it. Nothing happens if it is
        gone."""

    def here(self, handle: str) -> bool:
        """Whether this machine can watch the process behind the handle."""
        return True

    def tail(self, run: RunFolder, lines: int = 200) -> list[str]:
        """The last lines of the log."""
        return tail(run, lines)

    def environment(self) -> dict[str, str]:
        """What every worker needs to know."""
        return {
            "DEEPFAKE_WORKSPACE": str(self.space.root.absolute()),
            "PYTHONPATH": os.pathsep.join(filter(None, [str(CODE_ROOT), os.environ.get("PYTHONPATH", "")])),
            "PYTHONUNBUFFERED": "1",
        }

    def command(self, run: RunFolder, resume: bool) -> list[str]:
        return [sys.executable, *self.arguments(run, resume)]


def tail(run: RunFolder, lines: int = 200) -> list[str]:
    """The last lines of a run's log; progress bars (carriage returns) show their last state only."""
    try:
        with run.log_file.open("rb") as file:
            file.seek(0, os.SEEK_END)
            size = file.tell()
            file.seek(max(0, size - TAIL_BYTES))
            data = file.read()
    # Nothing was logged yet.
    except FileNotFoundError:
        return []
    text = data.decode("utf-8", errors="replace")
    if size > TAIL_BYTES:
        text = text.partition("\n")[2]
    return [line.rstrip("\r").rsplit("\r", 1)[-1] for line in text.split("\n") if line.strip()][-lines:]
