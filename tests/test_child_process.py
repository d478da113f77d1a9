"""Processes that answer messages end with the one that started them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import psutil

from core.workspace import CODE_ROOT

BUSY = """
from core.child_process import starter
messages = starter()
messages.send(b"busy")
while True:
    pass
"""
STARTER = """
import os, time
from core.child_process import ChildProcess
child = ChildProcess("busy_child", environment=os.environ)
assert child.receive(60) == b"busy"
print(child.process.pid, flush=True)
time.sleep(120)
"""


def test_a_busy_process_ends_with_a_killed_starter(tmp_path: Path) -> None:
    (tmp_path / "busy_child.py").write_text(BUSY)
    environment = {**os.environ, "PYTHONPATH": f"{CODE_ROOT}:{tmp_path}"}
    starter = subprocess.Popen([sys.executable, "-c", STARTER], stdout=subprocess.PIPE, env=environment)
    assert starter.stdout is not None
    child = psutil.Process(int(starter.stdout.readline()))
    try:
        assert child.is_running()
        starter.kill()
        starter.wait()
        child.wait(20)
    finally:
        if child.is_running():
            child.kill()
