"""What a list says of a run: progress and the time left."""

from __future__ import annotations

import json
import os
import time

import pytest
from streamlit.testing.v1 import AppTest

from core import cli
from core.access import LOCAL
from core.runs import listing, notes
from core.runs.folder import new_run
from core.runs.summaries import Summary
from core.workspace import CODE_ROOT, Workspace
from tests import hostile


@pytest.mark.parametrize(
    ("step", "left"),
    [(0, None), (25, 300.0), (50, 100.0), (99, 100 / 99), (100, None)],
    ids=["before there is a pace", "a quarter", "half", "nearly", "all steps done, now it is scored"],
)
def test_time_left_at_the_pace_so_far(step: int, left: float | None) -> None:
    now = time.time()
    run = Summary("id", "name", "running", step=step, steps=100, started=now - 100, heartbeat=now)
    assert run.seconds_left == (None if left is None else pytest.approx(left))


def test_a_silent_run_has_no_time_left() -> None:
    run = Summary("id", "name", "running", step=50, steps=100, started=1000.0, heartbeat=1100.0)
    assert run.shown_state == "stalled" and run.seconds_left is None


def test_only_what_runs_has_time_left() -> None:
    for state in ("queued", "stopping", "stopped", "completed", "failed", "interrupted"):
        run = Summary("id", "name", state, step=50, steps=100, started=1000.0, heartbeat=1100.0)
        assert run.seconds_left is None, state


def test_without_steps_the_epochs_are_the_progress() -> None:
    assert Summary("id", "name", "running", epoch=3, epochs=4).progress == 0.75
    assert Summary("id", "name", "running").progress is None
    assert Summary("id", "name", "completed").progress == 1.0


def test_a_folder_whose_name_is_not_utf8_is_named_and_breaks_nothing(
    space: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    hostile.fill(space, "plain")
    os.rename(os.fsencode(space.runs / "plain2"), os.fsencode(space.runs) + b"/2026-\xff")
    assert [run.id for run in listing.Listing(space).runs()] == ["plain"]
    assert cli.main(["runs", "--json"]) == 0
    shown = capsys.readouterr()
    assert [run["run"] for run in json.loads(shown.out) if not run["imported"]] == ["plain"]
    assert shown.err.count("\n") == 1 and "2026-\\xff" in shown.err and "rename" in shown.err
    for name in ("home", "runs", "compare"):
        page = AppTest.from_file(str(CODE_ROOT / f"dashboard/views/{name}.py"), default_timeout=60).run()
        assert not page.exception, name
        if name == "runs":
            assert any("left out here" in warning.value for warning in page.warning)


def test_damaged_notes_are_said_and_hide_no_run(space: Workspace, caplog: pytest.LogCaptureFixture) -> None:
    run = new_run({"modality": "image", "model": "m"}, space=space)
    notes.write(run, LOCAL, space, name="mine", tags=["kept"], note="")
    assert listing.runs(space)[0].name == "mine"
    (run.path / "notes.json").write_text('{"name": "mi')
    assert notes.read(run) == {"name": "", "tags": (), "note": ""}
    assert "name, tags and note are left out" in caplog.text and "notes.json cannot be read" in caplog.text
    assert [one.id for one in listing.runs(space)] == [run.id]
