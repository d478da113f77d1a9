"""Resident memory of a process with all that it started."""

from __future__ import annotations

import psutil


def resident(process: psutil.Process, *, itself: bool = True) -> int:
    """Bytes; of those that end while they are looked at, none."""
    total = 0
    for member in [*([process] if itself else []), *process.children(recursive=True)]:
        try:
            total += int(member.memory_info().rss)
        except psutil.NoSuchProcess:
            continue
    return total
