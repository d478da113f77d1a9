"""The sidebar's list of what is running now: name, progress, time left. A click goes to it."""

from __future__ import annotations

import streamlit as st

from core import words
from core.runs import listing
from core.runs.summaries import Summary
from dashboard import jobs, session, theme

MOST = 8


def panel() -> None:
    """Polls only while something runs; each page opens with the state of the moment."""
    polling = bool(listing.active(session.space()) or jobs.under_way())
    st.fragment(_draw, run_every="3s" if polling else None)(polling)


def draw_trouble() -> None:
    """Why runs are not started or settled just now: a full disk is no secret."""
    if words := session.manager().trouble:
        st.error(theme.safe(words), icon=":material/error:")


def _draw(polling: bool) -> None:
    active, working = listing.active(session.space()), jobs.under_way()
    if not active and not working:
        if polling:  # the last one ended: the page drawn anew shows what ended, and repeats itself no longer
            st.rerun()
        return
    st.caption("Running now")
    for key, job in working.items():
        _draw_job(key, job)
    for run in active[:MOST]:
        _draw_run(run)
    if len(active) > MOST:
        st.caption(f"And {len(active) - MOST} more.")


def _draw_job(key: str, job: jobs.Job) -> None:
    if st.button(theme.safe(job.name.rstrip(":")), key=f"running-{key}", type="tertiary"):
        theme.go_to(job.page)
    left = job.seconds_left
    doing = theme.safe(job.text) or "beginning"  # what names the bar until its time is known
    st.progress(job.share or 0.0, text=doing if left is None else f"{theme.duration(left)} left")


def _draw_run(run: Summary) -> None:
    """Its name leads to it; under it stands its state, or what it is doing, and the time left."""
    if st.button(theme.safe(run.name), key=f"running-{run.id}", type="tertiary"):
        st.session_state["runs_chosen"] = [run.id]
        theme.go_to("runs")
    rest = "" if run.seconds_left is None else f", {theme.duration(run.seconds_left)} left"
    if run.scoring:
        rest = ", scoring"
    text = run.preparation or words.state(run.shown_state) + rest
    if run.progress is None or run.state == "queued":
        st.caption(text)
    else:
        st.progress(min(max(run.progress, 0.0), 1.0), text=text)
