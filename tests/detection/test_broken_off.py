"""A batch that is broken off leaves nothing: no process that waits for ever, no folder with pictures."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from core.cli.detect import _ended_cleanly
from core.workspace import CODE_ROOT

PARENT = """
import os, sys, time
from core.detection.serving import batch
if __name__ == "__main__":
    with batch._pool(1, 1) as pool:
        print(pool.submit(os.getpid).result(), flush=True)
        time.sleep(600)
"""


def gone(pid: int, seconds: float = 60) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.1)
    return False


def test_a_process_of_the_batch_ends_with_its_parent(tmp_path: Path) -> None:
    script = tmp_path / "parent.py"
    script.write_text(PARENT)
    environment = {**os.environ, "PYTHONPATH": str(CODE_ROOT)}
    parent = subprocess.Popen([sys.executable, str(script)], stdout=subprocess.PIPE, env=environment)
    assert parent.stdout is not None
    worker = int(parent.stdout.readline())
    parent.kill()
    parent.wait()
    parent.stdout.close()
    ended = gone(worker)
    if not ended:
        os.kill(worker, signal.SIGKILL)
    assert ended


def killed_politely(left: list[bool]) -> None:
    with _ended_cleanly():
        try:
            os.kill(os.getpid(), signal.SIGTERM)
            time.sleep(5)
        finally:
            left.append(True)


def test_a_polite_kill_leaves_as_ctrl_c_does() -> None:
    before = signal.getsignal(signal.SIGTERM)
    left: list[str] = []
    with pytest.raises(KeyboardInterrupt):
        killed_politely(left)
    assert left == [True] and signal.getsignal(signal.SIGTERM) is before
