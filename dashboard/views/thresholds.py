"""Thresholds: where do I draw the line? Chosen on validation, looked at on either split, moved in the browser."""

from __future__ import annotations

from typing import Any

import streamlit as st

from core.errors import BadInput
from core.thresholds import cautions, methods
from core.thresholds.point import Costs, Point
from core.thresholds.scored import Scored
from core.thresholds.sweep import at
from dashboard import theme
from dashboard.threshold_lab import build, payload, threshold_lab
from dashboard.thresholds import samples_near_line as near_line
from dashboard.thresholds import saving as threshold_saving
from dashboard.thresholds.scores import NAMES, Source, pick

SHOWN_FIRST = ("macro_f1", "f1", "youden", "eer", "precision=0.95")


def page() -> None:
    theme.page_title("Where do I draw the line?")
    picker, split, wanted = st.columns([3, 2, 4], vertical_alignment="bottom")
    source = pick(picker, st.container())
    if source is None:
        return
    with split:
        looking_at = _looking_at(source)
    with wanted:
        words = st.multiselect(
            "Methods",
            methods.offered(),
            SHOWN_FIRST,
            key="thresholds-methods",
            accept_new_options=True,
            help="Also write your own: " + ", ".join(methods.usages()),
        )
    try:
        _lab(source, looking_at, words)
    except BadInput as error:
        st.error(theme.safe(str(error)), icon=":material/error:")


def _looking_at(source: Source) -> str:
    splits = list(source.splits)
    chosen = st.radio(
        "Looking at", splits, key="thresholds-look", horizontal=True, format_func=lambda s: NAMES.get(s, s)
    )
    return chosen if chosen in splits else splits[0]


def _lab(source: Source, looking_at: str, words: list[str]) -> None:
    chosen, looked = source.splits[source.chosen_on], source.splits[looking_at]
    points = _points(chosen, words)
    begin, stamp = threshold_saving.start(source, points[1] if len(points) > 1 else points[0])
    data = build(
        chosen.sweep,
        looked.sweep,
        points,
        chosen_name=NAMES[source.chosen_on],
        looked_name=NAMES[looking_at],
        bands=_bands(looked, f"{source.key}-{looking_at}-{id(looked)}"),
        extra=[] if begin.threshold is None else [begin.threshold],
    )
    about_scores = cautions.about_scores(looked.sweep, NAMES[looking_at], source.if_turned)
    _say(about_scores)
    choice = threshold_lab(data, begin, key=f"lab-{source.key}", stamp=stamp)
    costs = Costs(choice.fp, choice.fn, choice.prevalence)
    point = at(looked.sweep, choice.threshold, choice.method, costs)
    compared = [at(looked.sweep, p.threshold, p.method, costs, p.reachable) for p in points]
    about_line = _warnings(source, looking_at, point, compared)
    _say(about_line)  # under the lab, which stays where it is while the line moves
    first, second, _ = st.columns([2, 1, 4])
    with first:
        threshold_saving.save(source, choice)
    with second:
        threshold_saving.export(source, looking_at, choice, compared, [*about_scores, *about_line])
    _under(source, looking_at, point, compared)


def _say(warnings: list[str]) -> None:
    for warning in warnings:
        st.warning(theme.safe(warning), icon=":material/warning:")


def _points(chosen: Scored, words: list[str]) -> list[Point]:
    """The default 0.5 first, then every method that is asked for and understood."""
    points = [at(chosen.sweep, methods.DEFAULT_THRESHOLD)]
    for word in words:
        try:
            points.append(methods.choose(chosen.sweep, word))
        except BadInput as error:
            st.error(theme.safe(str(error)), icon=":material/error:")
    return points


@st.cache_resource(show_spinner="Drawing intervals", max_entries=8)
def _bands(_looked: Scored, key: str) -> dict[str, Any]:
    return payload.bands(_looked.table, _looked.sweep, [methods.DEFAULT_THRESHOLD])


def _warnings(source: Source, looking_at: str, point: Point, compared: list[Point]) -> list[str]:
    chosen, looked = source.splits[source.chosen_on], source.splits[looking_at]
    found = cautions.about_point(point)
    found += [w for p in compared if not p.reachable for w in cautions.about_point(p)[:1]]
    if looking_at != source.chosen_on:
        ends = [
            payload.near(_bands(side, f"{source.key}-{split}-{id(side)}"), point.threshold)
            for split, side in ((source.chosen_on, chosen), (looking_at, looked))
        ]
        found += cautions.about_transfer(
            point.method, ends[0], ends[1], NAMES[source.chosen_on], NAMES[looking_at]
        )
    return found


def _under(source: Source, looking_at: str, point: Point, compared: list[Point]) -> None:
    looked = source.splits[looking_at]
    st.markdown(f"#### Samples of {theme.safe(NAMES[looking_at])}")
    near_line.samples(source, looked, point.threshold)
    st.markdown("#### Who the errors are made on")
    near_line.breakdown(looked, point.threshold)
    left, right = st.container(key="thresholds-wide-under").columns(2)
    with left:
        st.markdown("#### Are the probabilities honest?")
        near_line.honesty(source, looking_at)
    with right:
        st.markdown("#### One error against the other")
        near_line.trade_off(looked, point)
    with st.expander("Methods compared", key="thresholds-compared"):
        near_line.methods_table(source, compared)
    if source.folder is not None:
        with st.expander("Operating points of this run", key="thresholds-history"):
            threshold_saving.history(source)


page()
