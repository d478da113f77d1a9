"""The sidebar's list of what is running now: name, progress, time left. A click goes to the run."""

from __future__ import annotations

import streamlit as st

from core import words
from core.runs import listing
from dashboard import session, theme


def panel() -> None:
    """Polls only while something runs; each page opens with the state of the moment."""
    polling = bool(listing.active(session.space()))
    st.fragment(_draw, run_every="3s" if polling else None)(polling)


def draw_trouble() -> None:
    """Why runs are not started or settled just now: a full disk is no secret."""
    if words := session.manager().trouble:
        st.error(theme.safe(words), icon=":material/error:")


def _draw(polling: bool) -> None:
    active = listing.active(session.space())
    if not active:
        if polling:  # the last run ended: the page drawn anew shows what ended, and repeats itself no longer
            st.rerun()
        return
    st.caption("Running now")
    for run in active[:8]:
        label = theme.safe(run.name)
        if st.button(f"{label} · {words.state(run.shown_state)}", key=f"running-{run.id}", type="tertiary"):
            st.session_state["runs_chosen"] = [run.id]
            theme.go_to("runs")
        if run.progress is not None and run.state != "queued":
            left = "" if run.seconds_left is None else f"{theme.duration(run.seconds_left)} left"
            left = run.preparation or left
            st.progress(min(max(run.progress, 0.0), 1.0), text=left)
    if len(active) > 8:
        st.caption(f"And {len(active) - 8} more.")
