"""Appending to a file that others read meanwhile: all of it or none, also on a full disk."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path


def append_whole(path: Path, data: bytes) -> None:
    """In one call, so that the lines of two writers never mix. A torn last line of a dead writer is closed first.

    a full disk takes a part of a line and says so only by its length:  {"n": 3, "wh   -> taken back, OSError
    """
    handle = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o644)
    try:
        status = os.fstat(handle)
        if not stat.S_ISREG(status.st_mode):  # a pipe or a terminal
            while data:
                data = data[os.write(handle, data) :]
            return
        size = status.st_size
        if size and os.pread(handle, 1, size - 1) != b"\n":
            data = b"\n" + data
        if data and os.write(handle, data) < len(data):
            os.ftruncate(handle, size)
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), os.fspath(path))
    finally:
        os.close(handle)
