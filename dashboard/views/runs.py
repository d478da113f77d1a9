"""Runs: how is it going? The list, live curves, the log, the configuration, and the results of finished runs."""

from __future__ import annotations

import contextlib
import itertools
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Literal

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core.runs import curves, diagnosis, listing
from core.runs.executors.base import tail
from core.runs.folder import RunFolder
from core.runs.summaries import Summary
from core.runs.titles import titles
from dashboard import address, live_curves, paging, running, session, theme, words
from dashboard.charts.curves import View, payload
from dashboard.runs import details as run_details
from dashboard.runs import order as run_order
from dashboard.runs import rows as run_rows

STYLE = Path(__file__).parent.parent / "runs/runs.css"
REFRESH = 2.0  # seconds
LOST = 5 * REFRESH  # so long without a refresh: its timer is gone
LINGER = 3 * REFRESH  # after the last run ended: one refresh more, should that of the end be lost
GROUP, METRICS = "runs-group", "runs-metrics"
FIND, PICKED, AXIS = "runs-find", "runs-states", "runs-axis"
SMOOTHING, USUAL_SMOOTHING = "runs-smoothing", 0.6
# Switches of the curves: what each is called in the address, and whether it is on at first.
SWITCHES = {
    "runs-log-x": ("log_x", False),
    "runs-log-y": ("log_y", False),
    "runs-band": ("band", True),
    "runs-record": ("best", False),
}
MOST_METRICS, MOST_SMOOTHING = 6, 0.99
LOG_HEIGHT, SHORT_LOG = 320, 12  # pixels of a log that scrolls; lines of one that need not
BEAT, ALIVE = "runs-beat", "runs-alive"  # when the live part was drawn last, and when something ran last


def page() -> None:
    st.html(STYLE)
    session.manager()  # adopts what an earlier server left running
    runs = listing.runs(session.space())
    polls = _polls(runs)
    st.session_state[BEAT] = time.monotonic()
    st.fragment(_watch, run_every=LOST / 2 if polls else None)()
    theme.page_title("How is it going?")
    if warning := listing.describe_misnamed(session.space()):
        st.warning(theme.safe(warning))
    if not runs:
        running.draw_trouble()
        run_details.tunings()
        theme.empty(
            "There are no runs yet. A run trains a detector on your datasets.", "Train a detector", "train"
        )
        return
    _open_link(runs)
    _filters(runs)
    shown = run_rows.choose_runs(_matching(runs))
    with st.container(key="runs-live"):  # runs.css: what refreshes by itself does not turn pale for it
        st.fragment(_live, run_every=REFRESH if polls else None)(_stamp(runs, shown, polls))
    live_curves.draw_code()
    run_details.draw(shown)
    run_details.tunings()


def _open_link(runs: Sequence[Summary]) -> None:
    """What a link or a reload asks for: ?run=ID,ID&metric=auc,loss&log_y=on&find=word; a run that is gone is left out."""
    given = address.read_link("runs")
    if given is None:
        return
    known = {run.id for run in runs}
    # What an address does not state is as the page opens, also for who goes back to it.
    st.session_state[run_rows.CHOSEN] = [name for name in given.get("run", "").split(",") if name in known]
    st.session_state[METRICS] = [name for name in given.get("metric", "").split(",") if name]
    sort, group, axis = (given.get(name, "") for name in ("sort", "group", "axis"))
    st.session_state[run_rows.SORT] = sort if run_order.is_known(sort) else run_order.FIRST
    st.session_state[GROUP] = group if group in run_order.GROUPS else "none"
    st.session_state[AXIS] = axis if axis in curves.AXES else "step"
    with contextlib.suppress(ValueError):
        st.session_state[SMOOTHING] = min(
            MOST_SMOOTHING, max(0.0, float(given.get("smoothing", USUAL_SMOOTHING)))
        )
    for key, (name, usual) in SWITCHES.items():
        st.session_state[key] = {"on": True, "off": False}.get(given.get(name, ""), usual)
    st.session_state[FIND] = given.get("find", "")
    st.session_state[PICKED] = [
        name for name in given.get("state", "").split(",") if name in run_order.STATES
    ]
    paging.take("runs", given, _usual_page(_matching(runs)))


def _usual_page(matching: Sequence[Summary]) -> int:
    """Where the first run that was ticked stands, so that a link to it shows it; the first where none was."""
    ticked, ids = st.session_state.get(run_rows.CHOSEN, []), [run.id for run in matching]
    return ids.index(ticked[0]) // run_rows.PAGE + 1 if ticked and ticked[0] in ids else 1


def _write_link(page: str | None) -> None:
    state = st.session_state
    smoothing = float(state.get(SMOOTHING, USUAL_SMOOTHING))
    state_of = {
        "run": ",".join(state.get(run_rows.CHOSEN, [])),
        "metric": ",".join(state.get(METRICS) or []),
        "sort": state.get(run_rows.SORT) if state.get(run_rows.SORT) != run_order.FIRST else None,
        "group": state.get(GROUP) if state.get(GROUP) != "none" else None,
        "axis": state.get(AXIS) if state.get(AXIS) != "step" else None,
        "smoothing": f"{smoothing:g}" if smoothing != USUAL_SMOOTHING else None,
        **{name: _switched(key, usual) for key, (name, usual) in SWITCHES.items()},
        "find": state.get(FIND),
        "state": ",".join(state.get(PICKED) or []),
        "page": page,
    }
    address.write("runs", state_of)


def _switched(key: str, usual: bool) -> str | None:
    now = st.session_state.get(key, usual)
    return None if now == usual else ("on" if now else "off")


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
    return (
        polls,
        *(run.id for run in shown),
        "",
        *(f"{run.id} {run.shown_state}" for run in runs if run.active),
    )


def _filters(runs: Sequence[Summary]) -> None:
    active = [run.id for run in _matching(runs) if run.active]
    several = len(active) > 1  # one is stopped in its row
    search, group, states, *batch = st.container(key="runs-filters").columns([4, 2.5, 5.5] + [2] * several)
    search.text_input("Find", key=FIND, placeholder="name, network, data, tag")
    group.selectbox(
        "Group by", list(run_order.GROUPS), format_func=lambda k: run_order.GROUPS[k][0], key=GROUP
    )
    present = [s for s in run_order.STATES if any(run.shown_state == s for run in runs)]
    states.pills("State", present, selection_mode="multi", key=PICKED, format_func=words.state, wrap=True)
    if several and _stop_all(batch[0], active):
        st.rerun()


def _stop_all(where: DeltaGenerator, active: list[str]) -> bool:
    """Whether it was asked for and done."""
    pressed = where.button(f"Stop all {len(active)}", key="runs-stop-all", icon=":material/stop_circle:")
    return pressed and theme.run_guarded(lambda: session.manager().stop_all(active, session.person()))


def _live(before: tuple[object, ...]) -> None:
    """All that changes while something runs; no timer when nothing runs."""
    st.session_state[BEAT] = time.monotonic()
    running.draw_trouble()
    runs = listing.runs(session.space())
    matching = _matching(runs)
    shown = run_rows.choose_runs(matching)
    if _stamp(runs, shown, _polls(runs)) != before:
        st.rerun()  # something ended, began or was chosen: the rest of the page, and the timer itself, change
    page = paging.draw("runs", -(-len(matching) // run_rows.PAGE), key="runs-page")
    first = (page - 1) * run_rows.PAGE
    if matching:
        _rows(matching[first : first + run_rows.PAGE], shown)
    else:
        st.info("No run fits what is set under Find and State.")
    # Of its own, so that what is set there draws the curves anew and not the list.
    st.fragment(_curves)(shown, paging.in_address(page, _usual_page(matching)))
    if not shown:
        return
    with st.expander("Log", key="runs-log", expanded=any(run.state == "failed" for run in shown[:1])):
        for run in shown[:1]:
            lines = tail(RunFolder(session.space().runs / run.id), 60)
            height: int | Literal["content"] = LOG_HEIGHT if len(lines) > SHORT_LOG else "content"
            st.code("\n".join(lines) or "Nothing was written yet.", language=None, height=height)


def _matching(runs: Sequence[Summary]) -> list[Summary]:
    typed = str(st.session_state.get(FIND) or "").casefold().split()
    wanted = st.session_state.get(PICKED) or []
    found = [
        run
        for run in runs
        if (not wanted or run.shown_state in wanted) and all(word in _text_of(run) for word in typed)
    ]
    return run_order.ordered(
        found, st.session_state.get(run_rows.SORT) or run_order.FIRST, st.session_state.get(GROUP) or "none"
    )


def _text_of(run: Summary) -> str:
    """What a search looks into."""
    parts = (run.name, run.id, run.model, words.network(run.model), *run.datasets, *run.tags, run.note)
    return " ".join(parts).casefold()


def _rows(runs: Sequence[Summary], shown: Sequence[Summary]) -> None:
    """The list, with a heading over each group."""
    group, waiting = st.session_state.get(GROUP) or "none", session.manager().waiting()
    run_rows.draw_headings()
    if group == "none":
        run_rows.draw(runs, shown, waiting)
        return
    for title, part in itertools.groupby(runs, key=run_order.group_of(group)):
        st.markdown(f"## {theme.safe(title)}")
        run_rows.draw(list(part), shown, waiting)


def _curves(shown: Sequence[Summary], page: str | None) -> None:
    if shown:
        _draw_curves(shown)
    else:  # Streamlit forgets what is set in fields that are not drawn
        for key in (METRICS, AXIS, SMOOTHING, *SWITCHES):
            if key in st.session_state:
                st.session_state[key] = st.session_state[key]
    _write_link(page)


def _draw_curves(shown: Sequence[Summary]) -> None:
    called = titles(shown)
    found = {called[run.id]: curves.series(session.space().runs / run.id / "events.jsonl") for run in shown}
    found = {label: series for label, series in found.items() if series}
    names = list(dict.fromkeys(name for series in found.values() for name in curves.metrics(series)))
    if not names:  # the machine is measured before the first batch is through
        begins = any(run.active for run in shown)
        st.caption(
            "The curves begin with the first batches." if begins else "It ended before its first batches."
        )
        return
    views = [view for view in _views(names) if view.metric or _has_strips(found, view)]
    pairs = [column for _ in range(len(views) // 2) for column in st.columns(2)]
    # One without a neighbour has the whole width.
    places = [*pairs, st.container()] if len(views) % 2 else pairs
    for place, view in zip(places, views, strict=True):
        with place:
            # The first keeps the key that its zoom hangs on.
            key = "runs-curves" if view is views[0] else f"runs-curves-{view.metric}"
            live_curves.draw(payload(found, view, share=1 / len(views)), key=key)
    going = {called[run.id] for run in shown if run.state == "running"}
    for label, series in found.items():
        if label in going and (idle := diagnosis.idle_card(series)):
            st.warning(f"{theme.safe(label)}: {idle}", icon=":material/hourglass_empty:")


def _has_strips(found: Mapping[str, dict[str, curves.Series]], view: View) -> bool:
    return any(name in series for series in found.values() for name in view.strips)


def _views(names: list[str]) -> list[View]:
    """One chart a metric, all seen the same way. The machine's figures stand under the last of an odd number, which
    has the whole width, else in a chart of their own: of two beside each other one would be higher."""
    chosen = [name for name in st.session_state.get(METRICS) or [] if name in names]
    st.session_state[METRICS] = chosen or names[:1]
    # Said each time: the list is drawn again before a slow browser has taken the first one over.
    st.session_state[AXIS] = st.session_state.get(AXIS) or "step"
    st.session_state[SMOOTHING] = st.session_state.get(SMOOTHING, USUAL_SMOOTHING)
    for key, (_, usual) in SWITCHES.items():
        st.session_state[key] = st.session_state.get(key, usual)
    metric, smoothing, axis, scale = st.container(key="runs-axes").columns([5, 4, 5, 3])
    with scale.popover("Scales", width="stretch"):
        log_x = st.toggle("Logarithmic x axis", key="runs-log-x")
        log_y = st.toggle("Logarithmic y axis", key="runs-log-y")
        band = st.toggle("Band of minimum and maximum", key="runs-band")
        record = st.toggle("Best so far", key="runs-record")
    wanted = metric.multiselect(
        "Curves of", names, key=METRICS, format_func=words.figure, max_selections=MOST_METRICS, wrap=True
    )
    whole = View(
        smoothing=smoothing.slider("Smoothing", 0.0, MOST_SMOOTHING, step=0.01, key=SMOOTHING),
        axis=axis.segmented_control("X axis", list(curves.AXES), key=AXIS, wrap=True) or "step",
        log_x=log_x,
        log_y=log_y,
        band=band,
        record=record,
    )
    views = [replace(whole, metric=name, strips=()) for name in wanted or names[:1]]
    if len(views) % 2:
        return [*views[:-1], replace(views[-1], strips=whole.strips)]
    return [*views, replace(whole, metric="", log_y=False)]


page()
