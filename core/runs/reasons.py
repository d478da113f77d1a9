"""Why a worker ended, in one line that says what to do."""

from __future__ import annotations

import re
import shutil
import signal

from core.errors import one_line
from core.runs.executors.base import Poll, tail
from core.runs.folder import RunFolder

DISK_FULL = "the disk is full: free some space, then resume; earlier files are whole"
LEAST_ROOM = 1 << 12  # bytes: with less not even a state can be written
_FULL = re.compile(r"No space left on device|Disk quota exceeded|File too large|Errno (?:28|122|27)\b")
_START = "== started "
_ERROR = re.compile(r"^\s*(?:[\w.]*(?:Error|Exception|Interrupt|BadInput|NotAllowed)\b.*|error: .*)")


LONGEST = 300  # characters of a cause in a list of runs
_TRACEBACK = "Traceback (most recent call last)"
_NAMED = re.compile(r"(?:^|(?<=\s))[A-Za-z_][\w.]*(?:Error|Exception|Interrupt|Exit): ")


def cause(message: object) -> str:
    """What a person reads in a list: without the tracebacks in it, on one line, of at most 300 characters.

    RuntimeError: Caught ValueError in DataLoader worker process 0.
    Original Traceback (most recent call last):
      File "…", line 3, in read                                         ValueError: clip.mp4 has no frames
    ValueError: clip.mp4 has no frames
    """
    text = str(message)
    before, mark, trace = text.partition(_TRACEBACK)
    if mark:
        lines = trace.splitlines()
        starts = [n for n, line in enumerate(lines) if _NAMED.match(line)]
        in_line = [found.start() for found in _NAMED.finditer(trace)]  # of a message whose lines were joined
        text = trace[in_line[-1] :] if in_line else before
        if starts:
            text = " ".join(lines[starts[-1] :])
    text = one_line(text)
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


def why(run: RunFolder, poll: Poll, *, adopted: bool) -> str:
    """From what the log says last, else the exit status, else what is known at all."""
    lines = _since_start(tail(run, 40))
    if any(_FULL.search(line) for line in lines) or (poll.code != 0 and _no_room(run)):
        return DISK_FULL
    error_line = next((line for line in reversed(lines) if _ERROR.match(line)), None)
    code = poll.code
    if code is not None and code < 0:
        return _signal(-code)
    if error_line is not None and code != 0:
        return cause(error_line)
    if poll.reason:
        return poll.reason
    if code == 0:
        return "the worker ended without finishing its run; its log says more"
    if code is not None:
        return f"the worker ended with status {code}" + (f": {one_line(lines[-1])[:200]}" if lines else "")
    return (
        "the worker is gone and its exit status is unknown"
        + (" (another server had started it)" if adopted else "")
        + "; its log may say more, and resume goes on from the last checkpoint"
    )


def _no_room(run: RunFolder) -> bool:
    """A log on a full disk cannot say so itself."""
    return shutil.disk_usage(run.path).free < LEAST_ROOM


def started_line(moment: str) -> str:
    """Stands in the log before the output of each process, so that an earlier one's errors are not taken for
    its."""
    return f"{_START}{moment}"


def _since_start(lines: list[str]) -> list[str]:
    starts = [n for n, line in enumerate(lines) if line.startswith(_START)]
    return lines[starts[-1] + 1 :] if starts else lines


def _signal(number: int) -> str:
    name = signal.Signals(number).name if number in list(signal.Signals) else f"signal {number}"
    hint = {
        "SIGKILL": "somebody ended it, or the machine ran out of memory; a smaller batch needs less",
        "SIGSEGV": "a library crashed; its log may say where",
        "SIGBUS": "shared memory or the disk ran out",
        "SIGABRT": "a library gave up; its log may say why",
    }.get(name, "its log may say more")
    return f"the worker was ended by {name}: {hint}; resume goes on from the last checkpoint"
