"""A session that never ends: what it leaves in memory, in its state and on disk stays bounded."""

from __future__ import annotations

import gc
import os
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core.detection.serving import uploads
from core.detection.serving.uploads import SessionFolder
from core.detection.verdict import Verdict
from core.workspace import Workspace
from dashboard import jobs
from dashboard.detect import state as detect_state
from dashboard.train import start as train_start
from tests import hostile
from tests.dashboard.test_detect_page import Answered
from tests.detection.tiny_runs import make_run

ROOT = Path(__file__).resolve().parents[2]
EARLY, LATE = 3, 10  # rounds; whatever grows with them is a leak
VIEWS = ("home", "datasets", "train", "runs", "thresholds", "compare")


@pytest.fixture(autouse=True)
def fresh_caches() -> Iterator[None]:
    import streamlit as st

    st.cache_resource.clear()
    st.cache_data.clear()
    yield
    st.cache_resource.clear()


def opened(name: str) -> AppTest:
    page = AppTest.from_file(str(ROOT / "dashboard/app.py"), default_timeout=120).run()
    page.switch_page(f"views/{name}.py").run()
    assert not page.exception, page.exception
    return page


def temporary() -> set[str]:
    """Ours: other servers on this machine have theirs."""
    return {p.name for p in Path(tempfile.gettempdir()).glob(f"{uploads.PREFIX}{os.getpid()}-*")}


def test_uploads_without_end_leave_what_one_round_leaves(
    space: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_run(space.runs / "run", "image")
    monkeypatch.setattr(uploads, "SERVER", uploads._Taken())
    own = detect_state.Session("endless", SessionFolder())
    monkeypatch.setattr(detect_state, "session", lambda: own)
    monkeypatch.setattr(detect_state, "service", lambda: Answered([Verdict("a", "error", reason="x")]))
    page = opened("detect")

    def round_(number: int) -> tuple[int, ...]:
        page.file_uploader[0].set_value([(f"{number}-{k}.png", b"x" * 100, "image/png") for k in range(3)])
        page.run()
        assert not page.exception and len(own.items) == 3 and uploads.SERVER.bytes == 300
        next(b for b in page.button if b.label == "Clear").click().run()
        assert not page.exception
        state = [k for k in page.session_state._state.filtered_state if not k.startswith("$$")]
        return (
            len(own.items),
            len(own.seen),
            len(own.refused),
            len(list(own.folder.path.iterdir())),
            len(state),
        )

    seen = [round_(n) for n in range(LATE)]
    assert seen[-1] == seen[EARLY] and seen[-1][:4] == (0, 0, 0, 0)
    assert uploads.SERVER.bytes == 0
    own.folder.close()


@pytest.mark.long
@pytest.mark.parametrize("name", VIEWS)
def test_a_page_drawn_again_and_again_keeps_nothing_more(
    name: str, space: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    hostile.fill(space, "plain")
    monkeypatch.setattr(train_start, "STILL", 0.0)  # the estimate comes in the first rounds or not at all
    page, before = opened(name), temporary()

    def round_(number: int) -> tuple[int, int, int, int]:
        page.run()
        assert not page.exception
        _wait_for_jobs()
        gc.collect()
        files = [p for p in space.root.rglob("*") if p.is_file() and space.cache not in p.parents]
        state = [k for k in page.session_state._state.filtered_state if not k.startswith("$$")]
        return len(state), len(files), threading.active_count(), len(temporary() - before)

    seen = [round_(n) for n in range(LATE)]
    grown = [late - early for early, late in zip(seen[EARLY], seen[-1], strict=True)]
    assert max(grown) < (LATE - 1 - EARLY) // 2, seen  # what a round leaves behind grows with every round


def test_finished_work_is_forgotten_and_of_large_results_only_the_last_few_stay() -> None:
    for n in range(3 * jobs.MOST_FINISHED):
        _done(jobs.start(f"probe-{n}", "Probe", lambda job: None))
        _done(jobs.start(f"plan-{n}", "Plan", lambda job: bytes(1000), large=True))
    kept = [job for job in jobs._jobs().values() if job.finished]
    assert len(kept) <= jobs.MOST_FINISHED + 2
    assert sum(job.name == "Plan" for job in kept) <= jobs.MOST_OF_A_KIND
    assert jobs.current(f"plan-{3 * jobs.MOST_FINISHED - 1}") is not None


def _done(job: jobs.Job) -> None:
    _wait_for_jobs()
    assert job.finished


def _wait_for_jobs() -> None:
    """What a page began by itself has ended when this returns."""
    for thread in threading.enumerate():
        if thread.name.startswith("job-"):
            thread.join(120)
            assert not thread.is_alive()
