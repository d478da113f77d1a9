"""Locks are given back although a process that was forked meanwhile lives on."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from core.locks import Claim, hold


def by_held(path: Path, meanwhile: Callable[[], None]) -> None:
    with hold(path):
        meanwhile()


def by_claim(path: Path, meanwhile: Callable[[], None]) -> None:
    claim = Claim(path)
    assert claim.take()
    meanwhile()
    claim.release()


@pytest.mark.parametrize("lock", [by_held, by_claim])
def test_a_fork_under_the_lock_does_not_keep_it(
    tmp_path: Path, lock: Callable[[Path, Callable[[], None]], None]
) -> None:
    """A training that starts a reader at the moment its heartbeat writes would stand still for ever."""
    path, children = tmp_path / "lock", []

    def fork() -> None:
        child = os.fork()
        if child == 0:
            signal.pause()
            os._exit(0)
        children.append(child)

    lock(path, fork)
    try:
        taken = threading.Event()
        threading.Thread(target=by_held, args=(path, taken.set), daemon=True).start()
        assert taken.wait(10), "the child still holds the lock"
    finally:
        os.kill(children[0], signal.SIGKILL)
        os.waitpid(children[0], 0)
