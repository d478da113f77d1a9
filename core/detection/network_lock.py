"""Who may run a network at the same time: passes side by side, or one explanation alone.

pass ────┐                        ┌──── pass        an explanation's hooks would record the passes of others,
pass ────┤                        ├──── pass        so it waits until those under way are over, and those that
         └──── an explanation ────┘                 come meanwhile wait for it
"""

from __future__ import annotations

import threading
import weakref
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

from torch import nn


class NetworkLock:
    """Of one network. Whoever has it alone may ask for it again, in either way."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._passes = 0
        self._alone: int | None = None  # the thread that has it
        self._depth = 0  # how often that thread has asked for it
        self._explanations_waiting = 0

    @contextmanager
    def side_by_side(self) -> Iterator[None]:
        with self._changed:
            within_own = self._alone == threading.get_ident()
            if not within_own:
                self._changed.wait_for(lambda: self._alone is None and not self._explanations_waiting)
                self._passes += 1
        try:
            yield
        finally:
            if not within_own:
                with self._changed:
                    self._passes -= 1
                    self._changed.notify_all()

    @contextmanager
    def alone(self) -> Iterator[None]:
        with self._changed:
            if self._alone != threading.get_ident():
                self._explanations_waiting += 1
                self._changed.wait_for(lambda: self._alone is None and not self._passes)
                self._explanations_waiting -= 1
                self._alone = threading.get_ident()
            self._depth += 1
        try:
            yield
        finally:
            with self._changed:
                self._depth -= 1
                if not self._depth:
                    self._alone = None
                    self._changed.notify_all()


_locks: weakref.WeakKeyDictionary[nn.Module, NetworkLock] = weakref.WeakKeyDictionary()
_guard = threading.Lock()


def _lock_of(network: nn.Module) -> NetworkLock:
    with _guard:
        return _locks.setdefault(network, NetworkLock())


def side_by_side(network: nn.Module) -> AbstractContextManager[None]:
    """For a pass without hooks."""
    return _lock_of(network).side_by_side()


def alone(network: nn.Module) -> AbstractContextManager[None]:
    """For whatever records what happens inside."""
    return _lock_of(network).alone()
