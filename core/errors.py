"""The workbench's own family of errors: one line each that says what is wrong and what to do."""

from __future__ import annotations


class WorkbenchError(Exception):
    """A failure that the workbench explains in one line; commands exit with 1."""


class BadInput(WorkbenchError):
    """What was asked or given cannot be used; commands exit with 2."""


class MediaError(BadInput):
    """A media file cannot be read within the limits."""


class NotAllowed(BadInput):
    """The signed-in person may not do this."""


def one_line(message: object) -> str:
    """The message on one line, so that a command and a page print exactly one."""
    return " ".join(str(message).split())
