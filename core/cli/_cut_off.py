"""A command that is ended from outside leaves as Ctrl-C does, once."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Iterator, Mapping
from types import FrameType
from typing import Any


class Cut:
    """The handler of polite kills: the first one raises, at once or after the step that must stay whole.

        kill ──▶ KeyboardInterrupt        kill ──▶ … the step ends ──▶ KeyboardInterrupt

    The second and third are ignored: they would break into the tidying up.
    """

    NUMBERS = (signal.SIGTERM, signal.SIGINT)

    def __init__(self) -> None:
        self._in_step = self._waiting = False

    def __call__(self, number: int, frame: FrameType | None) -> None:
        for known in self.NUMBERS:
            signal.signal(known, signal.SIG_IGN)
        if self._in_step:
            self._waiting = True
        else:
            raise KeyboardInterrupt

    @contextlib.contextmanager
    def after_step(self) -> Iterator[None]:
        """A kill that comes in here waits for the end: what is written in several places stands in all or none."""
        self._in_step = True
        try:
            yield
        finally:
            self._in_step = False
        if self._waiting:
            raise KeyboardInterrupt


@contextlib.contextmanager
def cut_once() -> Iterator[Cut]:
    """A polite kill leaves as Ctrl-C does: pictures of the judged files do not stay behind.

    A command that was cut off is about to end, so later kills stay ignored while it prints what it had.
    """
    cut = Cut()
    if threading.current_thread() is not threading.main_thread():
        yield cut
        return
    before = {number: signal.getsignal(number) for number in cut.NUMBERS}
    for number in before:
        signal.signal(number, cut)
    try:
        yield cut
    except KeyboardInterrupt:
        raise
    except BaseException:
        _restore(before)
        raise
    _restore(before)


def _restore(handlers: Mapping[signal.Signals, Any]) -> None:
    for number, handler in handlers.items():
        signal.signal(number, handler)
