"""Processes that share the work of a large scan. Each is `python -m core.catalog.worker`.

The other end is this program too, so unpickling trusts only ourselves.
"""

from __future__ import annotations

import os
import pickle
import queue
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from types import TracebackType
from typing import Any

from core.catalog.walk import Folder, walk_some
from core.child_process import ChildProcess, Messages
from core.errors import WorkbenchError
from core.workspace import CODE_ROOT

FIRST = 4_000  # entries walked here before workers are worth their start
MOST = 8


def send(messages: Messages, content: Any) -> None:
    messages.send(pickle.dumps(content, protocol=5))


def receive(messages: Messages) -> Any:
    return pickle.loads(messages.receive())  # noqa: S301


class Workers:
    """A few processes, started when first needed."""

    def __init__(self, number: int | None = None) -> None:
        self.number = number or min(MOST, len(os.sched_getaffinity(0)))
        self.processes: list[ChildProcess] = []

    def __enter__(self) -> Workers:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        for process in self.processes:
            process.end()

    def _start(self) -> None:
        if self.processes:
            return
        path = os.pathsep.join([str(CODE_ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
        environment = {**os.environ, "PYTHONPATH": path, "OMP_NUM_THREADS": "1"}
        for _ in range(self.number):
            self.processes.append(ChildProcess("core.catalog.worker", environment=environment, quiet=False))

    def walk(self, paths: list[str], allowed: Sequence[str]) -> Iterator[list[Folder]]:
        """Walk folders; a small tree is walked here."""
        done, rest = walk_some(paths, FIRST, allowed)
        yield done
        pending = deque(rest)

        def tasks() -> Iterator[tuple[Any, ...]]:
            while pending:
                share = max(1, len(pending) // (2 * self.number))
                yield ("walk", [pending.popleft() for _ in range(share)], list(allowed))

        if pending:
            for done, _ in self._run(tasks, more=lambda answer: pending.extend(answer[1])):
                yield done

    def run(self, tasks: Sequence[tuple[Any, ...]]) -> Iterator[tuple[int, Any]]:
        """Do the tasks in any order; gives each one's number and result."""
        numbered = iter([(task[0], i, *task[1:]) for i, task in enumerate(tasks)])
        yield from self._run(lambda: numbered, more=lambda answer: None)

    def _run(
        self, tasks: Callable[[], Iterator[tuple[Any, ...]]], more: Callable[[Any], None]
    ) -> Iterator[Any]:
        """Keep every worker busy: each is told the next task when its last one is done."""
        self._start()
        results: queue.SimpleQueue[tuple[ChildProcess, Any]] = queue.SimpleQueue()
        idle = list(self.processes)
        running = 0
        source = tasks()
        while True:
            while idle:
                task = next(source, None)
                if task is None:  # an answer may have brought more
                    source = tasks()
                    task = next(source, None)
                if task is None:
                    break
                worker = idle.pop()
                threading.Thread(target=_ask, args=(worker, task, results), daemon=True).start()
                running += 1
            if not running:
                return
            worker, result = results.get()
            running -= 1
            idle.append(worker)
            if isinstance(result, BaseException):
                raise result
            more(result)
            yield result


def _ask(worker: ChildProcess, task: tuple[Any, ...], results: queue.SimpleQueue[Any]) -> None:
    """One task told and answered, from a thread of its own; a failure is answered too."""
    try:
        send(worker, task)
        results.put((worker, receive(worker)))
    except (OSError, EOFError, ValueError):
        results.put(
            (worker, WorkbenchError("a process of the scan ended by itself (out of memory?); scan again"))
        )
