"""Decoding of untrusted files in a worker process that may crash, hang or be killed without harm.

The worker has limits on memory, processor time and open files, an environment without secrets, and answers with
plain values and arrays (wire.py), so that even a worker taken over by a file cannot make this process run anything.
Idle workers are kept, so an upload does not wait for one to start.
"""

from __future__ import annotations

import atexit
import importlib
import inspect
import os
import threading
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any

from core.child_process import ChildProcess, TooLarge
from core.errors import BadInput, MediaError, WorkbenchError, one_line
from core.media.limits import Limits
from core.media.wire import pack, unpack
from core.workspace import CODE_ROOT

IDLE_WORKERS = max(2, os.cpu_count() or 1)  # kept waiting
USES = 500  # after which a worker is replaced
GRACE = 2.0  # seconds over the limit of decoding before the worker is killed
START_SECONDS = 60.0  # to import the decoders
PASSED_ON = (
    "PATH",
    "HOME",
    "LANG",
    "LC_ALL",
    "TMPDIR",
    "DEEPFAKE_WORKSPACE",
    "OMP_NUM_THREADS",
    "NUMBA_CACHE_DIR",
)
ERRORS = {"MediaError": MediaError, "BadInput": BadInput, "WorkbenchError": WorkbenchError}


class Sandbox:
    """Decoding processes that are kept. Several threads may ask at once: each has a process of its own.

    `below`: by how much they come after this process. `kept`: how many wait for the next file. `imports`: the module
    that they will be asked for, imported while whoever asks is still busy with its own start.
    """

    def __init__(self, *, below: int = 0, kept: int = IDLE_WORKERS, imports: str = "") -> None:
        self._below, self._kept, self._imports = below, kept, imports
        self._forget()
        _sandboxes.add(self)

    def _forget(self) -> None:
        """In a forked process: the workers are those of the parent, and its lock may have been held at that moment."""
        self._idle: list[_Worker] = []
        self._busy: set[_Worker] = set()
        self._lock = threading.Lock()

    def start(self, count: int) -> None:
        """So many processes stand ready soon: those that are missing start now, beside other work."""
        with self._lock:
            missing = count - len(self._idle)
        made = [_Worker(self._below, self._imports) for _ in range(missing)]
        with self._lock:
            self._idle += made

    def run(
        self,
        function: Callable[..., Any] | str,
        path: Path | str,
        *arguments: Any,
        limits: Limits | None = None,
        **named: Any,
    ) -> Any:
        """`function(path, *arguments, **named)` in a worker. The function is one of `core`, given itself or as
        "module:name"; its arguments and result are plain values, arrays and the dataclasses of this room.

        What the function raises of the workbench's own errors is raised here; a crash, too much memory or too long
        a time is a MediaError.
        """
        limits = limits or Limits.from_settings()
        name = function if isinstance(function, str) else f"{function.__module__}:{function.__qualname__}"
        request = {
            "function": name,
            "path": str(path),
            "arguments": list(arguments),
            "named": named,
            "limits": limits,
        }
        return result_of(self._ask(request, limits))

    def _ask(self, request: dict[str, Any], limits: Limits) -> dict[str, Any]:
        worker = self._take()
        healthy = False
        try:
            answer = worker.ask(request, limits, Path(request["path"]).name)
            healthy = worker.uses < USES
            return answer
        finally:
            self._give(worker, healthy)

    def _take(self) -> _Worker:
        while True:
            with self._lock:
                worker = self._idle.pop() if self._idle else None
            if worker is None or worker.alive:
                break
            worker.end()
        worker = worker or _Worker(self._below, self._imports)
        with self._lock:
            self._busy.add(worker)
        return worker

    def _give(self, worker: _Worker, healthy: bool) -> None:
        with self._lock:
            self._busy.discard(worker)
            if healthy and len(self._idle) < self._kept:
                self._idle.append(worker)
                return
        worker.end()

    def close(self) -> None:
        """End all workers; whoever waits for one hears that it is gone."""
        with self._lock:
            idle, self._idle = self._idle, []
            busy = list(self._busy)
        for worker in idle:
            worker.end()
        for worker in busy:  # the thread that waits for it closes its pipes
            worker.kill()


class _Worker(ChildProcess):
    """One process that decodes, with an environment without secrets."""

    def __init__(self, below: int = 0, imports: str = "") -> None:
        kept = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
        own = {"PYTHONPATH": str(CODE_ROOT), "ARROW_DEFAULT_MEMORY_POOL": "system"}
        arguments = (imports,) if imports else ()
        super().__init__("core.media.worker", *arguments, environment=kept | own, below=below)
        self.uses = 0

    def ask(self, request: dict[str, Any], limits: Limits, name: str) -> dict[str, Any]:
        allowed = limits.decode_seconds + GRACE + (START_SECONDS if self.uses == 0 else 0.0)
        self.uses += 1
        crashed = MediaError(f"{name}: the decoder crashed on it; the file is damaged or malicious")
        try:
            self.send(*pack(request))
            answer = unpack(self.receive(allowed))
        except TimeoutError as error:
            raise MediaError(
                f"{name}: decoding takes longer than the limit of {limits.decode_seconds:g} s (settings, [limits])"
            ) from error
        except TooLarge as error:
            raise MediaError(f"{name}: gives more than can be passed on") from error
        except (EOFError, OSError, ValueError) as error:
            raise crashed from error
        if not isinstance(answer, dict):
            raise crashed
        return answer


_sandboxes: weakref.WeakSet[Sandbox] = weakref.WeakSet()
SHARED = Sandbox()  # of this process, for whoever needs no other
run = SHARED.run
close = SHARED.close


def _forget_all() -> None:
    for sandbox in list(_sandboxes):
        sandbox._forget()


os.register_at_fork(after_in_child=_forget_all)


@atexit.register
def _close_all() -> None:
    for sandbox in list(_sandboxes):
        sandbox.close()


def answer(request: dict[str, Any]) -> dict[str, Any]:
    """What the worker makes of a request."""
    path = Path(request["path"])

    def call() -> Any:
        function = _function(str(request["function"]))
        named = request["named"]
        if "limits" in inspect.signature(function).parameters:
            named = {"limits": request["limits"], **named}
        return function(path, *request["arguments"], **named)

    return outcome(path, call)


def outcome(path: Path, call: Callable[[], Any]) -> dict[str, Any]:
    """What the call gives, or the error that it ends with, as plain values. `result_of` is its other side."""
    try:
        return {"result": call()}
    except MemoryError:
        text = f"{path.name}: decoding needs more memory than the limit (settings, [limits])"
        return {"error": text, "kind": "MediaError"}
    except WorkbenchError as error:
        kind = next(name for name, known in ERRORS.items() if isinstance(error, known))
        return {"error": one_line(error), "kind": kind}
    except Exception as error:  # noqa: BLE001 (whatever it is, it is about this file: one line)
        text = f"{path.name}: cannot be decoded ({type(error).__name__}: {error})"
        return {"error": one_line(text), "kind": "MediaError"}


def result_of(answer: dict[str, Any]) -> Any:
    if "error" in answer:
        raise ERRORS.get(answer["kind"], WorkbenchError)(answer["error"])
    return answer["result"]


def _function(name: str) -> Callable[..., Any]:
    module, _, inside = name.partition(":")
    if not module.startswith("core."):
        raise BadInput(f"{module} is not part of the workbench")
    found: Callable[..., Any] = getattr(importlib.import_module(module), inside)
    return found
