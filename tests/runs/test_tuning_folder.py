"""Tunings started from a page: one at a time, watched like runs, settled by how they end."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from core.access import LOCAL, Person
from core.errors import BadInput, NotAllowed
from core.runs import tuning
from core.runs.executors.local import LocalExecutor
from core.runs.folder import new_run
from core.workspace import Workspace
from tests.runs.conftest import ended, wait_until


@pytest.fixture
def program(monkeypatch: pytest.MonkeyPatch, space: Workspace) -> Iterator[list[str]]:
    """What the tuning's process does instead of tuning."""
    code = ["import time; time.sleep(3600)"]
    monkeypatch.setattr(tuning, "_arguments", lambda one, resume: ["-c", code[0], "--run-dir", str(one.path)])
    yield code
    for one in tuning.tunings(space):
        if handle := one.status().handle:
            LocalExecutor(space).stop(handle, force=True)


def test_a_tuning_that_ends_well_is_completed(program: list[str], space: Workspace) -> None:
    program[0] = "print('trial 1')"
    one = tuning.start({"model": "m"}, 3, LOCAL, space)
    assert ended(one) == "completed"
    assert one.document("tuning") == {"trials": 3}
    assert "trial 1" in one.log_file.read_text()


def test_one_that_fails_says_why(program: list[str], space: Workspace) -> None:
    program[0] = "raise ValueError('no such option')"
    one = tuning.start({"model": "m"}, 3, LOCAL, space)
    assert ended(one) == "failed"
    assert "no such option" in str(one.status().error)


def test_one_at_a_time_and_it_can_be_stopped(program: list[str], space: Workspace) -> None:
    one = tuning.start({"model": "m"}, 3, LOCAL, space)
    wait_until(lambda: one.status().handle)
    with pytest.raises(BadInput, match="is under way"):
        tuning.start({"model": "m"}, 3, LOCAL, space)
    tuning.stop(one.id, LOCAL, space)
    assert ended(one) == "stopped"
    assert [t.id for t in tuning.tunings(space)] == [one.id]


def test_the_command_lines_tunings_are_left_alone(space: Workspace) -> None:
    theirs = new_run({"model": "m"}, path=space.root / "tuning" / "20260101-000000-m-abc")
    theirs.set_status(state="running")
    tuning.adopt(space)
    assert theirs.status().state == "running"


@pytest.mark.parametrize("trials", [0, 5000])
def test_a_wrong_number_of_trials_is_named(trials: int, space: Workspace) -> None:
    with pytest.raises(BadInput, match=rf"trials \({trials}\) must be from 1 to 1000"):
        tuning.start({"model": "m"}, trials, LOCAL, space)
    with pytest.raises(BadInput, match="there is no tuning 'x'"):
        tuning.stop("x", LOCAL, space)


def test_a_viewer_starts_none(space: Workspace) -> None:
    with pytest.raises(NotAllowed, match="eve may not start a tuning"):
        tuning.start({"model": "m"}, 1, Person("eve", operator=False), space)
    assert not Path(space.root / "tuning").exists()
