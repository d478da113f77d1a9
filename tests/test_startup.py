"""A process that leaves at once still ends its threads, tidies up and says everything; its code is the command's."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
from pathlib import Path

from core.startup import without_collection

BEGINNING = """
import atexit, pathlib, sys, tempfile, threading, time
from core.startup import QuickExit
leaving = QuickExit()
"""


def ended(script: str) -> subprocess.CompletedProcess[str]:
    buffered = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    return subprocess.run(
        [sys.executable, "-c", BEGINNING + script], capture_output=True, text=True, timeout=60, env=buffered
    )


def test_what_is_said_and_what_tidies_up_comes_before_the_end() -> None:
    done = ended("""
atexit.register(lambda: sys.stdout.write("tidied\\n"))
threading.Thread(target=lambda: (time.sleep(0.3), sys.stdout.write("thread ended\\n"))).start()
folder = tempfile.TemporaryDirectory()
print(folder.name)
sys.exit(leaving.with_code(3))
""")
    folder, *rest = done.stdout.splitlines()
    assert done.returncode == 3, done.stderr
    assert rest == ["thread ended", "tidied"]
    assert not Path(folder).exists()


def test_modules_are_not_taken_apart() -> None:
    done = ended("""
class Kept:
    def __del__(self):
        print("taken apart")
sys.modules["kept"] = Kept()
kept = Kept()
sys.exit(leaving.with_code(0))
""")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_a_command_that_breaks_off_ends_as_python_has_it() -> None:
    done = ended("raise RuntimeError('broken')")
    assert done.returncode == 1
    assert "RuntimeError: broken" in done.stderr


def test_nobody_reading_does_not_change_the_code() -> None:
    done = ended("""
import os
reading, writing = os.pipe()
os.dup2(writing, 1); os.close(writing); os.close(reading)
sys.stdout.write("unread")
sys.exit(leaving.with_code(1))
""")
    assert (done.returncode, done.stderr) == (1, "")


def test_imports_are_not_searched_for_garbage_and_later_ones_are() -> None:
    frozen = gc.get_freeze_count()
    with without_collection():
        assert not gc.isenabled()
        with without_collection():
            assert not gc.isenabled()
        assert not gc.isenabled()
        kept: list[list[int]] = [[] for _ in range(1000)]
    assert gc.isenabled()
    assert gc.get_freeze_count() - frozen >= len(kept)
    gc.unfreeze()
