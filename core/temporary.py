"""Half-written files that a killed process left behind: found and taken away at the next start.

Whoever writes one holds its lock (flock), which the kernel drops when the process dies, whatever it dies of.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
from pathlib import Path

from core.workspace import Workspace

PLACES = (".", "catalog", "cache", "cache/*", "tuning/*", "runs/*", "runs/*/*", "detectors/*")
PATTERN = ".*.tmp"
NEW = 2.0  # seconds: a file so young may not have been locked yet


def sweep(space: Workspace) -> int:
    """Delete the temporary files that nobody holds; how many."""
    swept = 0
    for place in PLACES:
        for path in space.root.glob(f"{place}/{PATTERN}"):
            with contextlib.suppress(OSError):  # gone meanwhile, or the disk can only be read
                swept += _delete(path)
    return swept


def _delete(path: Path) -> bool:
    handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    try:
        if time.time() - os.fstat(handle).st_mtime < NEW:
            return False
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        path.unlink()
        return True
    finally:
        os.close(handle)
