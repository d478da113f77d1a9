"""A small edition of the load benchmark: analysts on every page while a run trains, and nobody notices anybody."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from benchmarks.load import load, served
from benchmarks.sessions import Session
from core.runs.folder import new_run
from core.workspace import CODE_ROOT, Workspace


@pytest.mark.long
@pytest.mark.alone
@pytest.mark.timeout(1500)
def test_a_crowd_at_work_breaks_nothing_and_changes_no_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DEEPFAKE_WORKSPACE", str(tmp_path / "workspace"))
    monkeypatch.setattr(Session, "patience", 600.0)  # whether it comes is asked here, not how soon
    found = load(tmp_path, sessions=9, minutes=0.75, small=True)
    assert found.wrong == []
    assert set(found.loaded_ms) == {"datasets", "thresholds", "detect"} and found.reruns >= 9
    assert found.verdicts and found.memory_mb and found.server_cores > 0
    assert found.runs > 0 and found.differing == []


def test_the_server_does_not_look_through_all_of_memory_after_each_rerun() -> None:
    """A full garbage collection holds up every session, and open pages run several times a second."""
    program = "from streamlit import config; print(config.get_option('runner.postScriptGC'))"
    said = subprocess.run(
        [sys.executable, "-c", program], cwd=CODE_ROOT, capture_output=True, text=True, check=True
    )
    assert said.stdout.split() == ["False"]


def test_when_the_last_run_ends_the_page_is_drawn_anew_and_asks_no_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DEEPFAKE_WORKSPACE", str(tmp_path / "workspace"))
    space = Workspace(tmp_path / "workspace")
    run = new_run({"model": "m", "name": "the last one"}, space=space)
    run.set_status(state="running", pid=os.getpid(), heartbeat=time.time())
    with served(space, tmp_path / "server.log") as (port, _), Session(port, "datasets") as session:
        session.rerun()
        assert b"the last one" in session.last and len(session.timers) == 1
        (sidebar,) = session.timers
        session.rerun(sidebar)
        assert len(session.timers) == 1
        run.set_status(state="completed")
        session.rerun(sidebar)
        assert session.timers == {}
        assert b"the last one" not in session.last and b"How imbalanced" in session.last
