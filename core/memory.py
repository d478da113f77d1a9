"""Memory of processes: what is in use, and what is kept for later.

Freed memory is kept for the next network pass instead of being given back and asked for again.

Each pass of a network needs the same large arrays. The C library takes them from the system one by one and gives them
back at once, and the system clears every page anew: on a CPU that cost more than a third of a pass.
"""

from __future__ import annotations

import ctypes
import sys

import psutil

TRIM_THRESHOLD, TOP_PAD, MMAP_MAX = -1, -2, -4  # numbers of glibc's mallopt
KEPT = 512 << 20  # bytes at the end of the heap that are not given back
STEP = 64 << 20  # bytes by which the heap grows


def keep_freed() -> bool:
    """For a process that runs networks; call it before the first pass. False where the C library has no such
    settings."""
    if not sys.platform.startswith("linux"):
        return False
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is None:
        return False
    return all([mallopt(MMAP_MAX, 0), mallopt(TRIM_THRESHOLD, KEPT), mallopt(TOP_PAD, STEP)])


def give_back_freed() -> None:
    """What is freed but kept goes back to the system: between two kinds of work that need arrays of other
    sizes."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None) if sys.platform.startswith("linux") else None
    if trim is not None:
        trim(0)


def resident(process: psutil.Process, *, itself: bool = True) -> int:
    """Bytes in use by a process with all that it started; those that end meanwhile count nothing."""
    total = 0
    for member in [*([process] if itself else []), *process.children(recursive=True)]:
        try:
            total += int(member.memory_info().rss)
        # Ended meanwhile: it uses none.
        except psutil.NoSuchProcess:
            continue
    return total
