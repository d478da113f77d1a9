"""A line for each slice: what it would change against a single line."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from core import numbers
from core.errors import BadInput
from core.exports import to_csv
from core.thresholds import methods, slices
from core.thresholds.own_scale import own
from core.thresholds.scored import Scored
from core.thresholds.slices import Change, Slice, Slices
from dashboard import tables, theme
from dashboard.thresholds import page_state, words
from dashboard.thresholds.error_tables import KEY_WORDS
from dashboard.thresholds.scores import NAMES, Source


def offered(key: str) -> bool:
    return key in slices.KEYS


def draw(source: Source, looking_at: str, key: str, method: str) -> None:
    """`method` chose the line; one that was drawn by hand is held against the usual method."""
    st.session_state.setdefault(page_state.PRESET, "equal_recall")
    preset = st.segmented_control(
        "Choose thresholds so that there is",
        list(slices.PRESETS),
        key=page_state.PRESET,
        format_func=lambda name: slices.PRESETS[name],
    )
    single = method if _is_method(method) else methods.DEFAULT
    chosen, looked = source.splits[source.chosen_on], source.splits[looking_at]
    try:
        found = _find(chosen, looked, source.stamp(looking_at), key, preset or "single", single)
    except BadInput as error:
        st.info(theme.safe(str(error)))
        return
    st.markdown(
        f"The single threshold is {_line(found.threshold, found.turned)} ({theme.safe(words.title(single))}); all thresholds "
        f"are chosen on {theme.safe(NAMES[source.chosen_on])}, and this is what they do to "
        f"{theme.safe(NAMES[looking_at])}.  \n"
        f"The share of fakes found {_change(found.recall)}.  \n"
        f"The share of false alarms {_change(found.fpr)}."
    )
    if key == "method" and (about := _about_reals(looked, found)):
        st.caption(about)
    table = pd.DataFrame([_row(each, key, found.turned) for each in found.slices])
    tables.show(table, "thresholds-slices-table", what="A threshold for each, and what it would change")
    st.download_button("CSV", lambda: to_csv(table), "slices.csv", "text/csv", key="thresholds-slices-csv")


def _about_reals(looked: Scored, found: Slices) -> str:
    """Why there are not as many reals in these rows as in the table of errors, where each is counted once."""
    counted, there = sum(each.real for each in found.slices), looked.sweep.negatives
    if counted == there:
        return ""
    return (
        "Each method is held against all reals of the datasets that it occurs in, whatever method is named for them. A "
        f"real counts with several methods or with none, so the reals of these rows add up to {theme.count(counted)}, and not to the "
        f"{theme.count(there)} that there are."
    )


def _is_method(text: str) -> bool:
    try:
        methods.parse(text)
    # The answer: the field shows what a method looks like.
    except BadInput:
        return False
    return True


@st.cache_resource(show_spinner="Choosing a threshold for each", max_entries=32)
def _find(_chosen: Scored, _looked: Scored, stamp: str, by: str, preset: str, method: str) -> Slices:
    seen = None if _looked is _chosen else _looked.table
    return slices.by_slice(_chosen.table, seen, by=by, preset=preset, method=method)


def _change(change: Change | None) -> str:
    """In percentage points, with its interval and the samples behind it."""
    if change is None:
        return "has nothing to be compared with"
    return (
        f"changes by **{theme.unbroken(_points(change))} percentage points** ({numbers.count(change.more)} more called fake, "
        f"{numbers.count(change.fewer)} fewer)"
    )


def _line(threshold: float | None, turned: bool) -> str:
    return numbers.threshold(own(threshold, turned))


def _row(each: Slice, key: str, turned: bool) -> dict[str, object]:
    return {
        KEY_WORDS.get(key, key): each.name,
        "fakes": each.fake,
        "reals": each.real,
        "own threshold": f"no: {each.too_small}" if each.too_small else "yes",
        "threshold": _line(each.threshold, turned),
        "fakes found, single threshold": each.single.tp,
        "fakes found, own threshold": each.own.tp,
        "change of fakes found, percentage points": _points(each.recall),
        "false alarms, single threshold": each.single.fp,
        "false alarms, own threshold": each.own.fp,
        "change of false alarms, percentage points": _points(each.fpr),
    }


def _points(change: Change | None) -> str:
    if change is None:
        return ""
    low, high = change.interval
    return numbers.interval(100 * change.value, 100 * low, 100 * high)
