"""The list of runs: state, progress, time left, best value, and what can be done with each on the spot."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from core import words
from core.runs import listing
from core.runs.summaries import Summary
from dashboard import session, theme
from dashboard.runs import edit, order

CHOSEN = "runs_chosen"  # ids of the runs whose curves are shown; other pages set it to point here
SORT = "runs-sort"  # a name of order.SORTS, with a minus the other way round
# Under each heading of the table by what it sorts; runs.css lays headings and rows out on one grid.
HEADINGS = (("newest", "name", "state"), ("network", "data"), ("epochs", "time"), ("best",))
PAGE = 12
MOST_CHOSEN = 8
SHORT = 20  # letters of a part of a run's progress that stays on one line


def choose_runs(runs: Sequence[Summary]) -> list[Summary]:
    """The runs to show: what was ticked, else what runs now, else the latest."""
    by_id = {run.id: run for run in runs}
    picked = [by_id[name] for name in st.session_state.get(CHOSEN, []) if name in by_id]
    if picked:
        return picked[:MOST_CHOSEN]
    active = [run for run in runs if run.state in ("running", "stopping")]
    return (active or list(runs))[:1]


def draw_headings() -> None:
    """A click on a heading sorts by it, a second one the other way round."""
    now = st.session_state.get(SORT) or order.FIRST
    with st.container(key="runs-headings"):
        for names in HEADINGS:
            with st.container(horizontal=True, gap="small"):
                for name in names:
                    arrow = "" if now.removeprefix("-") != name else " ↓" if order.falling(now) else " ↑"
                    st.button(
                        f"{order.SORTS[name].title}{arrow}",
                        key=f"runs-sort-{name}",
                        type="tertiary",
                        on_click=_sort,
                        args=(name,),
                    )


def _sort(name: str) -> None:
    st.session_state[SORT] = order.after_click(st.session_state.get(SORT) or order.FIRST, name)


def draw(runs: Sequence[Summary], shown: Sequence[Summary], waiting: Sequence[str]) -> None:
    """One row a run: six things, each a cell of the grid. Columns of Streamlit's own would double what a row is made of.

    Keys are the runs' own, so that a refresh changes texts and nothing else.
    """
    ids = [run.id for run in shown]
    for run in runs:
        with st.container(key=f"run-row-{run.id}"):
            st.session_state[f"run-show-{run.id}"] = run.id in ids
            st.checkbox(
                f"Show {theme.safe(run.name)}",
                key=f"run-show-{run.id}",
                label_visibility="collapsed",
                on_change=_toggle,
                args=(run.id, tuple(ids)),
            )
            st.markdown(_what(run))
            st.markdown(_from_what(run))
            _progress(run, waiting)
            st.markdown(_best(run))
            _actions(run, waiting)


def _what(run: Summary) -> str:
    """Its name on a line of its own: beside the badges it would break into several."""
    demo = " " + theme.demo_badge() if run.demo else ""
    tags = "".join(f" :gray-badge[{theme.safe(tag)}]" for tag in run.tags)
    note = "".join(f"  \n:small[{theme.safe(line)}]" for line in run.note.splitlines() if line.strip())
    return f"**{theme.safe(run.name)}**  \n{theme.state_badge(run.shown_state)}{demo}{tags}{note}"


def _from_what(run: Summary) -> str:
    """The network, and what it learned from."""
    network = theme.safe(words.network(run.model)) if run.model else "–"
    datasets = theme.safe(", ".join(run.datasets)) or "all that fit"
    return f"{network}  \n:small[{datasets}]"


def _toggle(name: str, before: tuple[str, ...]) -> None:
    ticked = bool(st.session_state.get(f"run-show-{name}"))
    after = [n for n in before if n != name] + ([name] if ticked else [])
    st.session_state[CHOSEN] = after[-MOST_CHOSEN:]


def _progress(run: Summary, waiting: Sequence[str]) -> None:
    if not run.error:
        _state(run, waiting)
        return
    with st.container():
        _state(run, waiting)
        st.caption(f":red[{theme.safe(run.error)}]")


def _state(run: Summary, waiting: Sequence[str]) -> None:
    if run.state == "queued":
        device = "a free device" if run.device in (None, "", "auto") else str(run.device)
        place = f" · place {waiting.index(run.id) + 1} of {len(waiting)}" if run.id in waiting else ""
        st.markdown(f"Waits for {theme.safe(device)}{place}")
        return
    going = run.state in ("running", "stopping")
    epoch = max(1, run.epoch) if going else run.epoch
    parts = [f"epoch {theme.count(epoch)} of {theme.count(run.epochs)}"] if run.epochs else []
    if run.preparation is not None:
        parts = [run.preparation]
    elif run.state == "running" and run.seconds_left is not None:
        parts.append(f"{theme.duration(run.seconds_left)} left")
    elif run.scoring:
        parts.append("scoring")
    elif run.seconds is not None:
        parts.append(f"{'for' if going else 'took'} {theme.duration(run.seconds)}")
    if run.stalled:
        parts.append("no sign of life for over a minute; end it, or see its log")
    if going and run.progress is not None:
        st.progress(run.progress, text=_in_whole_parts(parts))
        return
    first, *others = parts or [" "]
    # Two lines, as in the cells beside it: one breaks somewhere.
    st.markdown(first + (f"  \n:small[{' · '.join(others)}]" if others else ""))


def _in_whole_parts(parts: Sequence[str]) -> str:
    """Where they do not fit on one line, it breaks between them; a long one breaks within."""
    return " · ".join(theme.unbroken(part) if len(part) <= SHORT else part for part in parts)


def _best(run: Summary) -> str:
    """The figure on validation that picked the best epoch, with its interval once the run is finished."""
    if run.best is None:
        # In words, for on a telephone no heading stands over it.
        text = "" if run.learned_nothing else f":small[no validation figure{' yet' if run.active else ''}]"
    else:
        figure = theme.safe(theme.interval(run.best, *(run.interval or (None, None))))
        text = f":small[best validation {theme.figure_name(run.monitor)}]  \n**{figure}**"
    if run.learned_nothing:
        text += ("  \n" if text else "") + theme.LEARNED_NOTHING
    return text


def _actions(run: Summary, waiting: Sequence[str]) -> None:
    with st.container(horizontal=True, gap="small"):
        may = session.person().operator
        if run.active:
            label = "End now" if run.state == "stopping" else "Stop"
            _button(label, "stop", run.id, ":material/stop:", disabled=not may)
        if run.state in ("stopped", "failed", "interrupted"):
            _button("Resume", "resume", run.id, ":material/play_arrow:", disabled=not may)
        if run.id in waiting and waiting[0] != run.id:
            _button("First", "first", run.id, ":material/vertical_align_top:", disabled=not may)
        if run.id in waiting and waiting[-1] != run.id:
            _button("Later", "later", run.id, ":material/arrow_downward:", disabled=not may)
        _button("Clone", "clone", run.id, ":material/content_copy:")
        if may:
            edit.draw(run)


def _button(label: str, action: str, name: str, icon: str, *, disabled: bool = False) -> None:
    if st.button(label, key=f"run-{action}-{name}", icon=icon, disabled=disabled, type="tertiary"):
        act(action, name)


def one_later(queue: Sequence[str], name: str) -> list[str]:
    """The queue with this run and the one behind it changed about."""
    place = queue.index(name) if name in queue else len(queue)
    return [*queue[:place], *queue[place + 1 : place + 2], name, *queue[place + 2 :]]


def clone(config: Mapping[str, Any], name: str) -> None:
    """Open the Train page with this configuration; it says whose copy it is. A run's own name is not copied."""
    run = next((run for run in listing.runs(session.space()) if run.id == name), None)
    st.session_state["train_preset"] = {**config, "name": ""}
    st.session_state["train_cloned"] = name if run is None else run.name
    theme.go_to("train")


def act(action: str, name: str) -> None:
    """Do it through the manager; a refusal is one line on the page."""
    manager, person = session.manager(), session.person()
    if action == "clone":
        clone(manager.open(name).config(), name)
    done = {
        "stop": lambda: manager.stop(name, person),
        "resume": lambda: manager.resume(name, person),
        "first": lambda: manager.reorder([name], person),
        "later": lambda: manager.reorder(one_later(manager.waiting(), name), person),
        "delete": lambda: manager.delete(name, person),
    }[action]

    def do() -> None:
        done()

    if theme.run_guarded(do):
        st.rerun()
