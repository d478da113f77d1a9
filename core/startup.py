"""How a process of the workbench begins and ends: in as little time as its libraries leave it."""

from __future__ import annotations

import atexit
import contextlib
import gc
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def without_collection() -> Iterator[None]:
    """What is imported inside stays, so nobody looks through it for garbage: not during the imports, a quarter of
    whose time that took, and not in any later collection."""
    if not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


class QuickExit:
    """Ends the process at once after its own tidying up. Python would then take apart every module: a second and more
    with torch loaded, for memory that the system takes back anyway.

    Made before anything else is imported, since what is registered first runs last: threads are joined and temporary
    folders removed by then.
    """

    def __init__(self) -> None:
        self._code: int | None = None
        atexit.register(self._leave)

    def with_code(self, code: int) -> int:
        """The exit code of a command that came to its end; one that did not ends as Python would have it."""
        self._code = code
        return code

    def _leave(self) -> None:
        if self._code is None:
            return
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(OSError, ValueError):  # closed, or nobody reads: the code says enough
                stream.flush()
        os._exit(self._code)
