"""Runs: how is it going? The list, live curves, the log, the configuration, and the results of finished runs."""

from __future__ import annotations

import time
from collections.abc import Sequence

import streamlit as st

from core.runs import curves, listing
from core.runs.executors.base import tail
from core.runs.folder import FINAL_STATES, RunFolder
from core.runs.listing import Summary
from core.runs.titles import titles
from dashboard import live_curves, running, session, theme
from dashboard.charts.curves import View, payload
from dashboard.runs import details as run_details
from dashboard.runs import rows as run_rows

REFRESH = 2.0  # seconds
LOST = 5 * REFRESH  # so long without a refresh: its timer is gone
LINGER = 3 * REFRESH  # after the last run ended: one refresh more, should that of the end be lost
BEAT, ALIVE = "runs-beat", "runs-alive"  # when the live part was drawn last, and when something ran last


def page() -> None:
    session.manager()  # adopts what an earlier server left running
    runs = listing.runs(session.space())
    polls = _polls(runs)
    st.session_state[BEAT] = time.monotonic()
    st.fragment(_watch, run_every=LOST / 2 if polls else None)()
    theme.page_title("How is it going?")
    if warning := listing.misnamed(session.space()):
        st.warning(theme.safe(warning))
    if not runs:
        running.draw_trouble()
        run_details.tunings()
        theme.empty("There are no runs yet. A run trains a detector on your datasets.", "Train one", "train")
        return
    _filters(runs)
    shown = run_rows.chosen(_matching(runs) or runs)
    st.fragment(_live, run_every=REFRESH if polls else None)(_stamp(runs, shown, polls))
    run_details.draw(shown)
    run_details.tunings()


def _polls(runs: Sequence[Summary]) -> bool:
    """While something runs, and a moment longer."""
    now = time.monotonic()
    if any(run.active for run in runs):
        st.session_state[ALIVE] = now
    return now - st.session_state.get(ALIVE, -LINGER) < LINGER


def _watch() -> None:
    """Draw the page anew if the live part's timer is gone.

    Streamlit ignores what it has not yet sent of a run of the script when a timer fires just after its end. On a busy
    machine that is much: also the message that sets the timer of the live part, which then stands still for ever.
    This one is set before all that the page shows.
    """
    if time.monotonic() - st.session_state[BEAT] > LOST:
        st.rerun()


def _stamp(runs: Sequence[Summary], shown: Sequence[Summary], polls: bool) -> tuple[object, ...]:
    """When this changes, more than the live part has to be drawn again."""
    return (polls, *(run.id for run in shown), "", *(f"{run.id} {run.state}" for run in runs if run.active))


def _filters(runs: Sequence[Summary]) -> None:
    search, states, batch = st.columns([3, 4, 2], vertical_alignment="bottom")
    search.text_input("Find", key="runs-find", placeholder="model, data, id")
    present = [s for s in ("running", "queued", "stopping", *FINAL_STATES) if any(r.state == s for r in runs)]
    states.pills("State", present, selection_mode="multi", key="runs-states")
    active = [run.id for run in _matching(runs) if run.active]
    if batch.button(
        f"Stop all {len(active)}" if len(active) > 1 else "Stop all",
        key="runs-stop-all",
        disabled=len(active) < 2,
        icon=":material/stop_circle:",
    ) and theme.guarded(lambda: session.manager().stop_all(active, session.person())):
        st.rerun()


def _live(before: tuple[object, ...]) -> None:
    """All that changes while something runs; no timer when nothing runs."""
    st.session_state[BEAT] = time.monotonic()
    running.draw_trouble()
    runs = listing.runs(session.space())
    matching = _matching(runs)
    shown = run_rows.chosen(matching or runs)
    if _stamp(runs, shown, _polls(runs)) != before:
        st.rerun()  # something ended, began or was chosen: the rest of the page, and the timer itself, change
    pages = -(-len(matching) // run_rows.PAGE)
    page = st.pagination(pages, key="runs-page") if pages > 1 else 1
    first = (int(page or 1) - 1) * run_rows.PAGE
    run_rows.draw(matching[first : first + run_rows.PAGE], shown, session.manager().waiting())
    if not matching:
        st.info("No run fits what you look for.")
    _curves(shown)
    with st.expander("Log", key="runs-log", expanded=any(run.state == "failed" for run in shown[:1])):
        for run in shown[:1]:
            lines = tail(RunFolder(session.space().runs / run.id), 60)
            st.code("\n".join(lines) or "nothing yet", language=None, height=320)


def _matching(runs: Sequence[Summary]) -> list[Summary]:
    words = str(st.session_state.get("runs-find") or "").casefold().split()
    wanted = st.session_state.get("runs-states") or []
    return [
        run
        for run in runs
        if (not wanted or run.state in wanted)
        and all(word in f"{run.name} {run.id} {run.model}".casefold() for word in words)
    ]


def _curves(shown: Sequence[Summary]) -> None:
    called = titles(shown)
    found = {called[run.id]: curves.series(session.space().runs / run.id / "events.jsonl") for run in shown}
    found = {label: series for label, series in found.items() if series}
    names = list(dict.fromkeys(name for series in found.values() for name in curves.metrics(series)))
    if not names:  # the machine is measured before the first batch is through
        st.caption("The first point comes with the first batches.")
        return
    live_curves.draw(payload(found, _view(names)), key="runs-curves")


def _view(names: list[str]) -> View:
    metric, smoothing, axis, scale = st.columns([4, 5, 6, 3], vertical_alignment="bottom")
    with scale.popover("Scales", width="stretch"):
        log_x = st.toggle("logarithmic x", key="runs-log-x")
        log_y = st.toggle("logarithmic y", key="runs-log-y")
        band = st.toggle("band of minimum and maximum", value=True, key="runs-band")
        record = st.toggle("best so far", key="runs-record")
    return View(
        metric=metric.selectbox("Metric", names, key="runs-metric") or names[0],
        smoothing=smoothing.slider("Smoothing", 0.0, 0.99, 0.6, 0.01, key="runs-smoothing"),
        axis=axis.segmented_control("x axis", list(curves.AXES), default="step", key="runs-axis") or "step",
        log_x=log_x,
        log_y=log_y,
        band=band,
        record=record,
    )


page()
