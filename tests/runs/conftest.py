"""What the tests of runs share: a workspace, and managers whose workers are the small stand-in."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from core.runs.executors.base import Executor
from core.runs.executors.local import LocalExecutor
from core.runs.folder import RunFolder
from core.runs.manager import RunManager
from core.workspace import Workspace

WORKER = Path(__file__).with_name("stand_in_worker.py")
PATIENCE = 60.0


def stand_in(run: RunFolder, resume: bool) -> list[str]:
    return [str(WORKER), "--run-dir", str(run.path), *(["--resume"] if resume else [])]


def stand_in_executor(name: str, space: Workspace) -> Executor:
    return LocalExecutor(space, stand_in)


def wait_until(condition: Callable[[], object], what: str = "condition", patience: float = PATIENCE) -> None:
    """Look again and again until it holds; fail after a time that only a broken program needs."""
    deadline = time.monotonic() + patience
    while not condition():
        assert time.monotonic() < deadline, f"waited {patience:.0f} s in vain: {what}"
        time.sleep(0.02)


def ended(run: RunFolder) -> str:
    wait_until(lambda: run.status().final, f"{run.id} to end")
    return run.status().state


@pytest.fixture
def make_manager(space: Workspace) -> Iterator[Callable[..., RunManager]]:
    made: list[RunManager] = []

    def make(**options: object) -> RunManager:
        manager = RunManager(space, **{"make_executor": stand_in_executor, **options})  # type: ignore[arg-type]
        made.append(manager)
        return manager

    yield make
    for manager in made:
        manager.close()
    reaper = LocalExecutor(space)
    for folder in space.runs.glob("2*"):
        if handle := RunFolder(folder).status().handle:
            reaper.stop(handle, force=True)
