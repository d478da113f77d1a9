"""SIGTERM and Ctrl-C as a wish to stop, for whoever has something to bring to its end first."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Callable, Iterator

STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT)


@contextlib.contextmanager
def call_on_stop_signal(ask: Callable[[int], None]) -> Iterator[None]:
    """`ask` is called with the signal until the block ends. Only a process's main thread hears any."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.signal(number, lambda number, _: ask(number)) for number in STOP_SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
