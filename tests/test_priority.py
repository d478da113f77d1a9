"""Background work waits for the pages: its processes start below the server, as settings.toml says."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from PIL import Image

from core import priority
from core.errors import BadInput
from core.media.sandbox import Sandbox
from core.runs.executors.local import LocalExecutor
from core.runs.folder import new_run
from core.workspace import Workspace

pytestmark = pytest.mark.skipif(not hasattr(os, "setpriority"), reason="this system has no such priorities")
IDLE = [sys.executable, "-c", "input()"]


@pytest.fixture
def child() -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(IDLE, stdin=subprocess.PIPE, start_new_session=True)
    yield process
    process.kill()
    process.wait()
    assert process.stdin is not None
    process.stdin.close()


def nice(pid: int) -> int:
    return os.getpriority(os.PRIO_PROCESS, pid)


def session_nice(pid: int) -> int | None:
    """Of the process's autogroup; None where the machine has none or they do not count."""
    try:
        words = Path(f"/proc/{pid}/autogroup").read_text().split()
    except OSError:
        return None
    return int(words[-1]) if words else None


def below(by: int) -> int:
    return min(priority.LOWEST, priority.own() + by)


def test_a_process_and_its_session_are_put_below_this_one(child: subprocess.Popen[bytes]) -> None:
    mine = session_nice(os.getpid())
    priority.lower(child.pid, 7)
    assert nice(child.pid) == below(7)
    assert session_nice(child.pid) in (None, below(7))
    assert session_nice(os.getpid()) == mine  # its own session only


def test_nothing_is_lowered_by_nothing(child: subprocess.Popen[bytes]) -> None:
    priority.lower(child.pid, 0)
    assert nice(child.pid) == priority.own()
    assert session_nice(child.pid) in (None, priority.own())


def test_a_process_that_has_ended_is_no_error() -> None:
    """Nothing is raised: whoever started it sees that it has ended."""
    gone = subprocess.Popen([sys.executable, "-c", ""], start_new_session=True)
    gone.wait()
    priority.lower(gone.pid, 5)


def test_a_process_of_a_low_one_has_a_session_as_low() -> None:
    """As the decoders of the detection process have."""
    program = """
import os, subprocess, sys
from core import priority
os.nice(6)
child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, start_new_session=True)
priority.lower(child.pid, 0)
print(os.getpriority(os.PRIO_PROCESS, child.pid) == priority.own())
path = f"/proc/{child.pid}/autogroup"
words = open(path).read().split() if os.path.exists(path) else []
print(not words or int(words[-1]) == priority.own())
child.communicate(b"\\n")
"""
    said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert said.stdout.split() == ["True", "True"]


@pytest.mark.parametrize(("settings", "by"), [("", 5), ("[priority]\ntraining = 3\n", 3)])
def test_a_worker_of_a_run_starts_low(space: Workspace, settings: str, by: int) -> None:
    space.root.mkdir(parents=True, exist_ok=True)
    space.settings_file.write_text(settings)
    run = new_run({"model": "m"}, space=space)
    executor = LocalExecutor(space, lambda run, resume: ["-c", "import time; time.sleep(600)"])
    handle = executor.submit(run, resume=False, slots=(), processes=1)
    try:
        pid = LocalExecutor.process(handle)[1]
        assert nice(pid) == below(by)
    finally:
        executor.stop(handle, force=True)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ("priority = 3", "priority must be a table, written as [priority]"),
        ("[priority]\ntraning = 3", "unknown priority 'traning'; known are detection, training"),
        ("[priority]\ntraining = -5", "priority.training (-5) must be a whole number from 0 to 19"),
        ('[priority]\ntraining = "low"', "priority.training ('low') must be a whole number from 0 to 19"),
        ("[priority]\ntraining = true", "priority.training (True) must be a whole number"),
    ],
)
def test_settings_that_mean_nothing_are_refused(space: Workspace, settings: str, said: str) -> None:
    space.root.mkdir(parents=True, exist_ok=True)
    space.settings_file.write_text(settings)
    with pytest.raises(BadInput) as refused:
        priority.lower_by("training", space)
    assert said in str(refused.value)


def test_decoders_come_after_the_process_that_asks_for_them_where_it_says_so(tmp_path: Path) -> None:
    """A server says so, because pages are drawn in it; a command does not."""
    Image.new("RGB", (8, 8)).save(tmp_path / "a.png")
    for below_it in (0, 4):
        decoders = Sandbox(below=below_it)
        before = set(psutil.Process().children())
        decoders.run("core.media.probe:probe", tmp_path / "a.png")
        (worker,) = (c for c in set(psutil.Process().children()) - before)
        assert nice(worker.pid) == below(below_it)
        decoders.close()


@pytest.mark.parametrize(
    ("running", "free"),
    [([1] * 5, 4), ([2] * 5, 3), ([1, 3, 1, 3, 1], 3), ([5] * 5, 1), ([40] * 5, 1), ([None], 4)],
)
def test_free_processors_are_those_that_others_leave_alone(
    monkeypatch: pytest.MonkeyPatch, running: list[int | None], free: int
) -> None:
    looks = iter(running)
    monkeypatch.setattr(os, "cpu_count", lambda: 4)
    monkeypatch.setattr(priority, "_running", lambda: next(looks))
    assert priority.free_processors() == free


@pytest.mark.skipif(not Path("/proc/stat").exists(), reason="only Linux counts who runs")
def test_who_runs_is_read_from_the_system() -> None:
    assert (priority._running() or 0) >= 1
    assert 1 <= priority.free_processors() <= (os.cpu_count() or 1)
