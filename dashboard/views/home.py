"""Home: what to do first, and what there is."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from core.catalog import table
from core.runs.listing import listing
from core.runs.summaries import Summary
from dashboard import first_steps, jobs, running, session, theme

theme.page_title("Where do I start?")
space = session.space()
jobs.watch(first_steps.DEMO_JOB)
infos = [table.info(name, space) for name in table.datasets(space)]


def live(polling: bool) -> None:
    """All that changes while something runs; the page is drawn once more when nothing does any longer."""
    runs = listing(space).runs()
    if polling and not any(run.active for run in runs):
        st.rerun()
    running.draw_trouble()
    data, train, play = st.columns(3, border=True)
    with data:
        first_steps.data_step(infos)
    with train:
        first_steps.train_step(infos, runs)
    with play:
        first_steps.play_step(runs)
    if runs:
        latest(runs[:5])


def latest(runs: Sequence[Summary]) -> None:
    st.markdown("## Latest runs")
    for run in runs:
        row = st.container(key=f"home-latest-{run.id}")
        name, state, best = row.columns([4, 2, 2], vertical_alignment="center")
        if name.button(theme.safe(run.name), key=f"home-run-{run.id}", type="tertiary"):
            st.session_state["runs_chosen"] = [run.id]
            theme.go_to("runs")
        demo = " " + theme.demo_badge() if run.demo else ""
        state.markdown(theme.state_badge(run.shown_state) + demo)
        learned = " :red-badge[✖ learned nothing]" if run.learned_nothing else ""
        if run.preparation is not None:
            best.markdown(run.preparation)
            continue
        if run.best is None and not run.learned_nothing:
            continue
        best.markdown(
            f"best validation {theme.figure_name(run.monitor)} "
            f"{theme.safe(theme.interval(run.best, *(run.interval or (None, None))))}{learned}"
        )


active = any(run.active for run in listing(space).runs())
st.fragment(live, run_every="3s" if active else None)(active)
st.caption(
    "A score is evidence, not proof. Open detectors lose 45 to 50 % of their AUC on media in the wild: "
    "judge with care what lies outside the data a detector was trained on."
)
