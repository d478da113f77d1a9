"""How many processors there are for a training and its readers."""

from __future__ import annotations

import os

MOST_READERS = 32


def available() -> int:
    """Processors that this process may use, its share where several train together on this machine."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, cores // max(1, int(os.environ.get("LOCAL_WORLD_SIZE", "1"))))


def for_readers() -> int:
    """What is left over after the pages and the training process itself; one at least.

    16 processors: 14      2 processors: 1      16 processors and 4 processes that train: 2 each
    """
    return min(MOST_READERS, max(1, available() - 2))
