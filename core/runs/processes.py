"""Which process is which: a pid alone is not enough, because a machine gives it to somebody else later."""

from __future__ import annotations

import itertools
import os
import socket
from pathlib import Path

import psutil

SAME_START = 2.0  # seconds; the clock that start times are computed from may be set in between


def host() -> str:
    return socket.gethostname()


def start_time(pid: int) -> float | None:
    """When the process began (Unix seconds), None where there is none. A zombie is none: it does nothing
    more."""
    try:
        process = psutil.Process(pid)
        return None if process.status() == psutil.STATUS_ZOMBIE else process.create_time()
    # Ended, or another person's: none of ours.
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        return None


def alive(pid: int | None, started: float | None) -> bool:
    """Whether exactly that process lives on this machine: the pid must be there and have begun at that
    time."""
    if pid is None:
        return False
    found = start_time(pid)
    return found is not None and (started is None or abs(found - started) <= SAME_START)


def worker_of(run: Path) -> tuple[int, float] | None:
    """The worker that was started for this run folder, found by its command line: for a run whose pid was not
    written because the server died right after starting it."""
    wanted = str(run)
    for process in psutil.process_iter(["pid", "cmdline", "create_time", "status"]):
        line = process.info["cmdline"] or []
        if process.info["pid"] == os.getpid() or process.info["status"] == psutil.STATUS_ZOMBIE:
            continue
        if any(a == "--run-dir" and b == wanted for a, b in itertools.pairwise(line)):
            return int(process.info["pid"]), float(process.info["create_time"])
    return None
