"""Decoding of untrusted files in a worker process that may crash, hang or be killed without harm.

The worker has limits on memory, processor time and open files, an environment without secrets, and answers with
plain values and arrays (wire.py), so that even a worker taken over by a file cannot make this process run anything.
Idle workers are kept, so an upload does not wait for one to start.
"""

from __future__ import annotations

import atexit
import contextlib
import importlib
import inspect
import os
import select
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from core import priority
from core.errors import BadInput, MediaError, WorkbenchError, one_line
from core.media.limits import Limits
from core.media.wire import packed, unpacked

LENGTH = struct.Struct("<Q")
IDLE_WORKERS = max(2, os.cpu_count() or 1)  # kept waiting
USES = 500  # after which a worker is replaced
below = 0  # by how much decoders come after this process; the server sets it, so that pages come first
GRACE = 2.0  # seconds over the limit of decoding before the worker is killed
START_SECONDS = 60.0  # to import the decoders
LARGEST_ANSWER = 8 << 30  # bytes
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


def run(
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
    worker = _take()
    healthy = False
    try:
        answer = worker.ask(request, limits, Path(path).name)
        healthy = worker.uses < USES
    finally:
        _give(worker, healthy)
    if "error" in answer:
        raise ERRORS.get(answer["kind"], WorkbenchError)(answer["error"])
    return answer["result"]


class _Worker:
    """One child process and the pipes to it."""

    def __init__(self) -> None:
        root = str(Path(__file__).resolve().parent.parent.parent)
        environment = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "core.media.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=root,
            env=environment | {"PYTHONPATH": root, "ARROW_DEFAULT_MEMORY_POOL": "system"},
            bufsize=0,
            start_new_session=True,  # a Ctrl-C in the terminal is ours to handle
        )
        priority.lower(self.process.pid, below)
        self.uses = 0

    def ask(self, request: dict[str, Any], limits: Limits, name: str) -> dict[str, Any]:
        allowed = limits.decode_seconds + GRACE + (START_SECONDS if self.uses == 0 else 0.0)
        self.uses += 1
        end = time.monotonic() + allowed
        try:
            parts = packed(request)
            self._write(LENGTH.pack(sum(len(p) for p in parts)), *parts)
            (length,) = LENGTH.unpack(self._read(LENGTH.size, end))
            if length > LARGEST_ANSWER:
                raise MediaError(f"{name}: gives more than can be passed on")
            answer = unpacked(self._read(length, end))
        except TimeoutError as error:
            raise MediaError(
                f"{name}: decoding takes longer than the limit of {limits.decode_seconds:g} s (settings, [limits])"
            ) from error
        except (EOFError, OSError, ValueError) as error:
            raise MediaError(
                f"{name}: the decoder crashed on it; the file is damaged or malicious"
            ) from error
        if not isinstance(answer, dict):
            raise MediaError(f"{name}: the decoder crashed on it; the file is damaged or malicious")
        return answer

    def _write(self, *parts: bytes | memoryview) -> None:
        assert self.process.stdin is not None
        for part in parts:
            self.process.stdin.write(part)

    def _read(self, length: int, end: float) -> bytearray:
        assert self.process.stdout is not None
        data = bytearray(length)
        view, handle = memoryview(data), self.process.stdout.fileno()
        while len(view):
            left = end - time.monotonic()
            if left <= 0 or not select.select([handle], [], [], left)[0]:
                raise TimeoutError
            got = os.readv(handle, [view[: 1 << 20]])
            if not got:
                raise EOFError
            view = view[got:]
        return data

    def end(self) -> None:
        self.process.kill()
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()


_idle: list[_Worker] = []
_lock = threading.Lock()


def _forget() -> None:
    """In a forked process: the workers are those of the parent, and its lock may have been held at that moment."""
    global _lock
    _idle.clear()
    _lock = threading.Lock()


os.register_at_fork(after_in_child=_forget)


def _take() -> _Worker:
    while True:
        with _lock:
            worker = _idle.pop() if _idle else None
        if worker is None:
            return _Worker()
        if worker.process.poll() is None:
            return worker
        worker.end()


def _give(worker: _Worker, healthy: bool) -> None:
    with _lock:
        if healthy and len(_idle) < IDLE_WORKERS:
            _idle.append(worker)
            return
    worker.end()


@atexit.register
def close() -> None:
    """End the idle workers."""
    with _lock:
        workers = list(_idle)
        _idle.clear()
    for worker in workers:
        worker.end()


def answer(request: dict[str, Any]) -> dict[str, Any]:
    """What the worker makes of a request."""
    path = Path(request["path"])
    try:
        function = _function(str(request["function"]))
        named = request["named"]
        if "limits" in inspect.signature(function).parameters:
            named = {"limits": request["limits"], **named}
        return {"result": function(path, *request["arguments"], **named)}
    except MemoryError:
        text = f"{path.name}: decoding needs more memory than the limit (settings, [limits])"
        return {"error": text, "kind": "MediaError"}
    except WorkbenchError as error:
        kind = next(name for name, known in ERRORS.items() if isinstance(error, known))
        return {"error": one_line(error), "kind": kind}
    except Exception as error:  # noqa: BLE001 (whatever it is, it is about this file: one line)
        text = f"{path.name}: cannot be decoded ({type(error).__name__}: {error})"
        return {"error": one_line(text), "kind": "MediaError"}


def _function(name: str) -> Callable[..., Any]:
    module, _, inside = name.partition(":")
    if not module.startswith("core."):
        raise BadInput(f"{module} is not part of the workbench")
    found: Callable[..., Any] = getattr(importlib.import_module(module), inside)
    return found
