"""What Home says of the first steps' time is measured on the machine at hand, and follows how busy it is."""

from __future__ import annotations

import os
import time

import pytest

from core.catalog.demo import speed


@pytest.mark.parametrize(("processors", "demo"), [(1, 18.0), (2, 9.0), (64, 18.0 / 8)])
def test_the_times_follow_the_probe_and_the_processors(
    processors: int, demo: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = iter((100.0, 100.0 + speed.PROBES * 0.01))  # probes of ten milliseconds
    monkeypatch.setattr(speed, "probe", lambda: None)
    monkeypatch.setattr(time, "perf_counter", lambda: next(clock))
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: set(range(processors)))
    monkeypatch.setattr(speed, "DEMO", 1800.0)
    found = speed.expected()
    assert found.demo == pytest.approx(demo)
    assert found.training == pytest.approx(0.01 * speed.TRAINING / min(2, processors))


def test_the_probe_does_the_work_that_it_stands_for() -> None:
    found = speed.expected()
    assert found.demo > 1 and found.training > 1
