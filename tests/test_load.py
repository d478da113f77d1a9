"""A small edition of the load benchmark: analysts on every page while a run trains, and nobody notices anybody."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.load import load
from benchmarks.sessions import Session
from core.workspace import CODE_ROOT


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
