"""Processes that answer messages end with the one that started them; others when nobody wants them any more."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from core.child_process import outlast
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


SLOW = """
import sys, time
for n in (1, 2):
    print(f"{n} of 2", file=sys.stderr, flush=True)
    time.sleep(1)
print("result", flush=True)
"""


def test_the_lines_of_a_process_are_told_while_it_works() -> None:
    told: list[str] = []
    assert outlast(python(SLOW), lambda: False, told.append) == ("result\n", "1 of 2\n2 of 2\n")
    assert "2 of 2" in told


def test_nothing_goes_on_that_nobody_wants_any_more() -> None:
    process = python("import time; print('begun', flush=True); time.sleep(600)")
    outlast(process, lambda: True)
    assert process.returncode
    process = python("import sys, time; print('begun', file=sys.stderr, flush=True); time.sleep(600)")
    with pytest.raises(KeyError):
        outlast(process, lambda: False, {}.__getitem__)
    assert process.wait(60)


def python(code: str) -> subprocess.Popen[str]:
    pipe = subprocess.PIPE
    return subprocess.Popen([sys.executable, "-c", code], stdout=pipe, stderr=pipe, text=True)
