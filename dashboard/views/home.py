"""Home: what to do first, and what there is."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from core import words
from core.catalog import table
from core.runs.listing import listing
from core.runs.summaries import Summary
from core.runs.titles import titles
from dashboard import first_steps, jobs, running, session, theme

theme.page_title("Where do I start?")
space = session.space()
jobs.watch(first_steps.DEMO_JOB)
infos = table.infos(space)


def live(polling: bool) -> None:
    """All that changes while something runs; the page is drawn once more when nothing does any longer."""
    runs = listing(space).runs()
    if polling and not any(run.active for run in runs):
        st.rerun()
    running.draw_trouble()
    data, train, play = st.container(key="home-steps").columns(3, border=True)
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
    called = titles(runs)
    for run in runs:
        row = st.container(key=f"home-latest-{run.id}")
        name, what, state, best = row.columns([4, 5, 3, 4], vertical_alignment="center")
        if name.button(
            theme.safe(called[run.id]),
            key=f"home-run-{run.id}",
            type="tertiary",
            icon=":material/monitoring:",
        ):
            st.session_state["runs_chosen"] = [run.id]
            theme.go_to("runs")
        what.markdown(f":small[{theme.safe(_what_it_is(run))}]")
        demo = " " + theme.demo_badge() if run.demo else ""
        state.markdown(theme.state_badge(run.shown_state) + demo)
        if run.preparation is not None:
            best.markdown(f":small[{run.preparation}]")
            continue
        best.markdown("  \n".join(_what_it_learned(run)))


def _what_it_is(run: Summary) -> str:
    """`Pictures, Xception`"""
    return words.capital(", ".join(filter(None, (words.modality(run.modality), words.network(run.model)))))


def _what_it_learned(run: Summary) -> list[str]:
    """Lines: the best figure, where an epoch has one, and whether it means anything."""
    lines = []
    if run.best is not None:
        figure = theme.interval(run.best, *(run.interval or (None, None)))
        best = f"best validation {theme.figure_name(run.monitor)} {theme.safe(theme.unbroken(figure))}"
        lines.append(f":small[{best}]")
    return lines + ([theme.LEARNED_NOTHING] if run.learned_nothing else [])


active = any(run.active for run in listing(space).runs())
st.fragment(live, run_every="3s" if active else None)(active)
st.caption(
    "A score is evidence, not proof. Openly published detectors lose 45 to 50\u00a0% of their AUC on media from the "
    "internet: be careful with files that are unlike the data that a detector was trained on."
)
