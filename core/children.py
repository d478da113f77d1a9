"""What every process that this workbench starts for itself owes to the one that started it."""

from __future__ import annotations

import multiprocessing
import os
import threading
import time

LOOK = 1.0  # seconds


def end_with_parent() -> None:
    """Called in a child: it ends when its parent is killed, instead of waiting for work for ever."""
    threading.Thread(target=_watch, name="parent-watch", daemon=True).start()


def _watch() -> None:
    # By its id: the pipe that multiprocessing keeps for this stays open as long as a sibling holds it.
    parent = multiprocessing.parent_process()
    assert parent is not None
    while os.getppid() == parent.pid:
        time.sleep(LOOK)
    os._exit(1)
