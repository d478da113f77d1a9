"""Who waits for whom on a busy machine: pages come first, then verdicts, then training.

Work in the background is started with a lower priority than the server, which costs nothing while processors are
free. Linux may also share the processor between sessions of processes ("autogroups"), where a process's own
priority counts only inside its session; so the session's is set too.
"""

from __future__ import annotations

import contextlib
import os
import time
from pathlib import Path

from core.errors import BadInput
from core.workspace import Workspace, workspace

LOWER = {"detection": 2, "training": 5}  # as `nice` counts: 0 is the server's own, 19 the lowest
LOWEST = 19
TRIES = 10
LOOKS, BETWEEN_LOOKS = 5, 0.004  # at who runs; seconds


def lower_by(work: str, space: Workspace | None = None) -> int:
    """By how much, as the `[priority]` table of settings.toml says; 0 leaves it as the server's."""
    table = (space or workspace()).settings().get("priority", {})
    if strangers := sorted(set(table) - set(LOWER)):
        raise BadInput(f"settings.toml: unknown priority {strangers[0]!r}; known are {', '.join(LOWER)}")
    value = table.get(work, LOWER[work])
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= LOWEST:
        raise BadInput(
            f"settings.toml: priority.{work} ({value!r}) must be a whole number from 0 to {LOWEST}"
        )
    return value


def lower(pid: int, by: int) -> None:
    """Put a process that has just started, in a session of its own, that much below this one.

    By nothing, it is as this one: a child inherits that anyway, its session does not.
    """
    if not hasattr(os, "setpriority"):
        return
    wanted = min(LOWEST, own() + by)
    with contextlib.suppress(ProcessLookupError):  # ended already: whoever started it sees that
        if by:
            os.setpriority(os.PRIO_PROCESS, pid, wanted)
        if wanted > 0:
            _set_session(pid, wanted)


def settle() -> None:
    """For a process whose starter cannot do it (torchrun's workers): its session gets its own priority."""
    if hasattr(os, "getsid") and os.getsid(0) == os.getpid():
        lower(os.getpid(), 0)


def own() -> int:
    return os.getpriority(os.PRIO_PROCESS, 0)


def _set_session(pid: int, nice: int) -> None:
    # Absent or refused where the machine has no autogroups, or control groups share it out: the priority is
    # enough.
    with contextlib.suppress(OSError):
        for _ in range(TRIES):
            try:
                Path(f"/proc/{pid}/autogroup").write_text(str(nice))
                return
            except BlockingIOError:  # Linux takes one such change at a time from users without rights
                time.sleep(0.1)


def free_processors() -> int:
    """How many threads a process should compute with now: as many as there are processors that others leave alone.

    Threads that wait for each other at every step come to a standstill where there are more of them than processors.
    """
    processors = os.cpu_count() or 1
    busy = []
    for _ in range(LOOKS):
        running = _running()
        if running is None:
            return processors
        busy.append(running - 1)  # this process looks, so it runs
        time.sleep(BETWEEN_LOOKS)
    return max(1, round(processors - sum(busy) / LOOKS))


def _running() -> int | None:
    """Threads that run or wait for a processor now, as Linux counts them; None where nobody counts."""
    try:
        lines = Path("/proc/stat").read_text().splitlines()
    # Another system than Linux.
    except OSError:
        return None
    found = [int(line.split()[1]) for line in lines if line.startswith("procs_running ")]
    return found[0] if found else None
