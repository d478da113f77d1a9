"""A command that is ended from outside leaves as Ctrl-C does, once."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Iterator, Mapping
from types import FrameType
from typing import Any


@contextlib.contextmanager
def cut_once() -> Iterator[None]:
    """A polite kill leaves as Ctrl-C does: pictures of the judged files do not stay behind.

    The second and third are ignored: they would break into the tidying up. A command that was cut off is about to
    end, so they stay ignored while it prints what it had.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}

    def cut(number: int, frame: FrameType | None) -> None:
        for known in before:
            signal.signal(known, signal.SIG_IGN)
        raise KeyboardInterrupt

    for number in before:
        signal.signal(number, cut)
    try:
        yield
    except KeyboardInterrupt:
        raise
    except BaseException:
        _restore(before)
        raise
    _restore(before)


def _restore(handlers: Mapping[signal.Signals, Any]) -> None:
    for number, handler in handlers.items():
        signal.signal(number, handler)
