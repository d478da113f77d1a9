"""A disk that takes nothing, and what a killed process leaves on it: one line, and pages that only show still work."""

from __future__ import annotations

import ctypes
import errno
import fcntl
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest

from core import cli, temporary
from core.catalog.demo import making
from core.cli import demo
from core.errors import cannot_write
from core.workspace import CODE_ROOT, Workspace
from tests import hostile

# PR_CAPBSET_DROP, CAP_DAC_OVERRIDE: without it root obeys permissions too.
DROP_CAPABILITY, WRITE_ANYWHERE = 24, 1
PAGES = ("home", "datasets", "train", "runs", "thresholds", "detect", "compare", "trail")
DRAW = f"""
from streamlit.testing.v1 import AppTest
for name in {PAGES}:
    page = AppTest.from_file(f"dashboard/views/{{name}}.py", default_timeout=120).run()
    print(name, [e.message for e in page.exception])
"""


def obedient() -> None:
    ctypes.CDLL(None).prctl(DROP_CAPABILITY, WRITE_ANYWHERE, 0, 0, 0)


@pytest.fixture
def read_only(space: Workspace) -> Workspace:
    hostile.fill(space, "plain")
    for path in (space.root, *space.root.rglob("*")):
        path.chmod(0o555 if path.is_dir() else 0o444)
    return space


def run(*command: str) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [sys.executable, *command],
        cwd=CODE_ROOT,
        capture_output=True,
        text=True,
        preexec_fn=obedient,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
    )
    return done


@pytest.mark.long
def test_pages_that_only_show_work_on_a_read_only_workspace(read_only: Workspace) -> None:
    done = run("-W", "ignore", "-c", DRAW)
    assert done.stdout.splitlines() == [f"{name} []" for name in PAGES], done.stderr[-2000:]


@pytest.mark.long
def test_commands_on_a_read_only_workspace(read_only: Workspace) -> None:
    shown = run("-m", "core", "runs", "--json")
    assert (shown.returncode, shown.stderr) == (0, "")
    assert run("-m", "core", "thresholds", "plain", "--json").returncode == 0
    assert run("-m", "core", "split").returncode == 0
    for command in (["demo"], ["scan", str(read_only.root.parent / "plain")], ["runs", "delete", "plain"]):
        done = run("-m", "core", *command)
        assert done.returncode == 1
        (line,) = done.stderr.splitlines()
        assert str(read_only.root) in line and "this user may not write there" in line


def test_a_full_disk_is_one_line(
    space: Workspace, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device", "/data/demo/a.png")

    monkeypatch.setattr(demo, "run", full)
    assert cli.main(["demo"]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("/data/demo/a.png: the disk is full;")
    assert cannot_write(OSError(errno.EIO, "Input/output error")) is None


class FullDisk(ThreadPoolExecutor):
    """In the place of the processes that make the demo: the disk takes one file and no more."""

    def __init__(self, workers: int, **_: object) -> None:
        super().__init__(workers)

    def submit(self, function: object, *arguments: object) -> Future[int]:  # type: ignore[override]
        return super().submit(self._write, *arguments)

    def _write(self, root: Path, folder: str, *_: object) -> int:
        (root / folder / "half.mp4").write_bytes(b"half")
        raise OSError(errno.ENOSPC, "No space left on device", str(root / folder / "half.mp4"))


def test_a_demo_that_does_not_fit_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(making, "ProcessPoolExecutor", FullDisk)
    with pytest.raises(OSError, match="No space left"):
        making.make(tmp_path / "demo", workers=2)
    assert not (tmp_path / "demo").exists()


def test_what_a_killed_writer_left_is_swept_at_the_next_start(space: Workspace) -> None:
    script = """
import os, signal, sys
from core.workspace import workspace, write_atomic
os.fsync = lambda _: os.kill(os.getpid(), signal.SIGKILL)
write_atomic(workspace().settings_file, "roots = []")
"""
    done = subprocess.run([sys.executable, "-c", script], cwd=CODE_ROOT)
    assert done.returncode == -signal.SIGKILL
    (left,) = space.root.glob(".settings.toml.*.tmp")
    _age(left)
    assert cli.main(["runs", "--json"]) == 0
    assert not left.exists()


def test_what_is_being_written_or_new_stays(space: Workspace) -> None:
    for place in ("", "catalog", "cache/fingerprints", "runs/one/scores"):
        (space.root / place).mkdir(parents=True, exist_ok=True)
    held, new, left = (space.root / "catalog" / f".scan-{n}.tmp" for n in ("held", "new", "left"))
    others = [
        space.root / place / ".x.tmp" for place in ("cache/fingerprints", "runs/one", "runs/one/scores")
    ]
    for path in (held, new, left, *others):
        path.touch()
    for path in (held, left, *others):
        _age(path)
    with held.open() as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        assert temporary.sweep(space) == 4
    assert sorted(p.name for p in space.root.rglob("*.tmp")) == [held.name, new.name]


def _age(path: Path) -> None:
    then = time.time() - 60
    os.utime(path, (then, then))
