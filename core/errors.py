"""The workbench's own family of errors: one line each that says what is wrong and what to do."""

from __future__ import annotations

import errno
import os


class WorkbenchError(Exception):
    """A failure that the workbench explains in one line; commands exit with 1."""


class BadInput(WorkbenchError):
    """What was asked or given cannot be used; commands exit with 2."""


class MediaError(BadInput):
    """A media file cannot be read within the limits."""


class NotAllowed(BadInput):
    """The signed-in person may not do this."""


# What the system says when it cannot write.
_CANNOT_WRITE = {
    errno.ENOSPC: "the disk is full",
    errno.EDQUOT: "the quota of this user is used up",
    errno.EFBIG: "a file would become larger than this user may write",
    errno.EROFS: "the disk can only be read",
    errno.EACCES: "this user may not write there",
    errno.EPERM: "this user may not write there",
}


def cannot_write(error: OSError) -> str | None:
    """One line for a disk that takes nothing; None for any other trouble."""
    why = _CANNOT_WRITE.get(error.errno or 0)
    if why is None:
        return None
    place = f"{os.fsdecode(error.filename)}: " if isinstance(error.filename, (str, bytes)) else ""
    return one_line(f"{place}{why}; mend that, or name another folder with DEEPFAKE_WORKSPACE")


def one_line(message: object) -> str:
    """The message on one line, so that a command and a page print exactly one."""
    return " ".join(str(message).split())
