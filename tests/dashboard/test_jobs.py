"""Work behind a page: what the session sees of its end, and that no press is lost by it."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from dashboard import jobs


def page() -> None:
    import streamlit as st

    from dashboard import jobs as work

    job = work.watch(
        "press", on_finish=lambda _: st.session_state.update(told=st.session_state.get("told", 0) + 1)
    )
    if job is not None and job.finished:
        st.write("brought" if not job.error else "failed")
    if st.button("Start"):
        st.session_state.pressed = True
    if st.session_state.get("pressed"):
        st.write("heard")


@pytest.fixture
def app() -> AppTest:
    jobs.forget("press")
    return AppTest.from_function(page)


def end(key: str, error: str | None = None) -> None:
    job = jobs.current(key)
    assert job is not None
    job.error, job.finished = error, True


def test_a_press_is_heard_in_the_run_that_finds_a_job_ended(app: AppTest) -> None:
    jobs._jobs()["press"] = jobs.Job("Looking")
    app.run()
    assert not app.exception
    end("press")
    app.button[-1].click().run()
    assert "heard" in [text.value for text in app.markdown]
    assert "brought" in [text.value for text in app.markdown]


def test_what_follows_a_job_is_done_once(app: AppTest) -> None:
    jobs._jobs()["press"] = jobs.Job("Looking")
    app.run()
    end("press")
    for _ in range(3):
        app.run()
    assert app.session_state.told == 1


def test_who_comes_after_the_end_is_not_drawn_twice_and_keeps_what_a_link_set(app: AppTest) -> None:
    jobs._jobs()["press"] = jobs.Job("Looking", finished=True)
    app.run()
    assert "brought" in [text.value for text in app.markdown]
    assert "told" not in app.session_state, "what follows a job is for those who saw it under way"
    assert app.session_state["jobs_seen"]["press"] is jobs.current("press"), "nothing asks for a second run"


def test_a_failure_is_said_until_it_is_forgotten(app: AppTest) -> None:
    jobs._jobs()["press"] = jobs.Job("Looking")
    app.run()
    end("press", "no such folder")
    for _ in range(2):
        app.run()
        assert [text.value for text in app.error] == ["Looking: no such folder\\."]
