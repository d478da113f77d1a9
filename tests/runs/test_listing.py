"""What a list says of a run: progress and the time left."""

from __future__ import annotations

import pytest

from core.runs.listing import Summary


@pytest.mark.parametrize(
    ("step", "left"),
    [(0, None), (25, 300.0), (50, 100.0), (99, 100 / 99), (100, None)],
    ids=["before there is a pace", "a quarter", "half", "nearly", "all steps done, now it is scored"],
)
def test_time_left_at_the_pace_so_far(step: int, left: float | None) -> None:
    run = Summary("id", "name", "running", step=step, steps=100, started=1000.0, heartbeat=1100.0)
    assert run.seconds_left == (None if left is None else pytest.approx(left))


def test_only_what_runs_has_time_left() -> None:
    for state in ("queued", "stopping", "stopped", "completed", "failed", "interrupted"):
        run = Summary("id", "name", state, step=50, steps=100, started=1000.0, heartbeat=1100.0)
        assert run.seconds_left is None, state


def test_without_steps_the_epochs_are_the_progress() -> None:
    assert Summary("id", "name", "running", epoch=3, epochs=4).progress == 0.75
    assert Summary("id", "name", "running").progress is None
    assert Summary("id", "name", "completed").progress == 1.0
