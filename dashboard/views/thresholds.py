"""Thresholds: where do I draw the line? Chosen on validation, looked at on either split, moved in the browser."""

from __future__ import annotations

import streamlit as st

from core.errors import BadInput
from core.thresholds import cautions, methods
from core.thresholds.band import Band, band
from core.thresholds.own_scale import inside
from core.thresholds.point import Costs, Point
from core.thresholds.scored import Scored
from core.thresholds.sweep import at
from dashboard import theme
from dashboard.threshold_lab import (
    Choice,
    Payload,
    Side,
    build,
    line,
    released,
    threshold_lab,
    threshold_line,
)
from dashboard.thresholds import (
    address,
    error_tables,
    figures,
    measures,
    page_state,
    samples_near_line,
    slices,
    words,
)
from dashboard.thresholds import saving as threshold_saving
from dashboard.thresholds.scores import NAMES, Source, open_link, pick

EXAMPLE = "`fpr=0.02` for at most 2 % false alarms, `recall=0.9` for at least 90 % of the fakes found."
TRANSFERRED = ("balanced_accuracy", "precision", "recall", "fpr")


def page() -> None:
    theme.page_title("Where do I draw the line?")
    _open_link()
    picker, split, wanted = st.columns([3, 2, 4])
    source = pick(picker, st.container())
    if source is None:
        return
    with split:
        looking_at = _looking_at(source)
    with wanted:
        st.session_state.setdefault(page_state.METHODS, list(page_state.SHOWN_FIRST))
        written = map(words.method, st.session_state[page_state.METHODS])
        st.session_state[page_state.METHODS] = list(dict.fromkeys(written))
        chosen = st.multiselect(
            "Thresholds to show",
            # Also what somebody wrote, so that it is shown by its name.
            list(dict.fromkeys([*methods.list_offered(), *st.session_state[page_state.METHODS]])),
            key=page_state.METHODS,
            format_func=words.title,
            accept_new_options=True,
            wrap=True,
            help=f"You can also write a rule of your own: {EXAMPLE} Known are {', '.join(methods.usages())}.",
        )
    try:
        _say(_about_scores(source, looking_at))
        _lab(source, looking_at, tuple(dict.fromkeys(map(words.method, chosen))))
        st.markdown("## Measures of the scores as a whole")
        measures.draw(source, looking_at)
        st.markdown("## Calibration: of the files at 80 %, are eight in ten fake?")
        error_tables.honesty(source, looking_at)
    except BadInput as error:
        st.error(theme.sentence(error), icon=":material/error:")


def _open_link() -> None:
    given = address.read_link()
    if given is not None:
        open_link(given)
        st.session_state[threshold_saving.LINK] = given
        page_state.open_link(given)


def _looking_at(source: Source) -> str:
    splits = list(source.splits)
    if st.session_state.get("thresholds-look") not in splits:
        st.session_state["thresholds-look"] = splits[0]
    if len(splits) == 1:  # nothing to choose
        st.markdown(f":small[Looking at]  \n{theme.safe(NAMES.get(splits[0], splits[0]))}")
        return splits[0]
    chosen = st.radio(
        "Looking at", splits, key="thresholds-look", horizontal=True, format_func=lambda s: NAMES.get(s, s)
    )
    return chosen if chosen in splits else splits[0]


def _lab(source: Source, looking_at: str, chosen_words: tuple[str, ...]) -> None:
    """The lab with its tables, and then the part of the page that follows its line."""
    points = _points(source, chosen_words)
    first = points[1] if points[0].method == "default" and len(points) > 1 else points[0]
    begin, stamp = threshold_saving.start(source, first)
    looked = source.splits[looking_at]
    table = build(
        *_sides(source, looking_at),
        points,
        titles={p.method: words.title_beside_value(p.method) for p in points},
        grid=figures.grid(looked, source.stamp(looking_at), tuple(p.threshold for p in points)),
        extra=[] if begin.threshold is None else [begin.threshold],
    )
    threshold_lab(table, key=f"lab-{source.key}")
    _follow(source, looking_at, points, begin, stamp, table)


@st.fragment
def _follow(
    source: Source, looking_at: str, points: list[Point], begin: Choice, stamp: str, table: Payload
) -> None:
    """A release draws this part again, and nothing else; `table` is what the lab was sent."""
    looked = source.splits[looking_at]
    key = f"lab-{source.key}"
    choice = released(begin, key=key, stamp=stamp)
    costs = Costs(choice.fp, choice.fn, choice.prevalence)
    found = figures.at_line(looked, source.stamp(looking_at), choice.threshold)
    unsure = _band(source.splits[source.chosen_on], choice)
    known = line(*_sides(source, looking_at), choice, found, unsure, table["rows"]["t"])
    # First the address, then the line: the lab adds what was changed in it meanwhile.
    address.write(_address(source, looking_at, choice))
    threshold_line(table["version"], known, choice, key=key, stamp=stamp)
    point = at(looked.sweep, choice.threshold, choice.method, costs)
    compared = [at(looked.sweep, p.threshold, p.method, costs, p.reachable) for p in points]
    warnings = _about_line(source, looking_at, point, compared)
    _say(warnings)  # under the lab, which stays where it is while the line moves
    with st.container(horizontal=True, vertical_alignment="center"):
        threshold_saving.save(source, choice)
        threshold_saving.export(
            source, looking_at, choice, compared, [*_about_scores(source, looking_at), *warnings]
        )
        if source.folder is None:
            text = "An operating point belongs to a detector, and a score file has none."
            st.caption(text, width="content")
    _under(source, looking_at, point, compared)


def _sides(source: Source, looking_at: str) -> tuple[Side, Side]:
    chosen, looked = source.splits[source.chosen_on], source.splits[looking_at]
    return Side(NAMES[source.chosen_on], chosen), Side(NAMES[looking_at], looked)


def _address(source: Source, looking_at: str, choice: Choice) -> dict[str, str | None]:
    split = None if looking_at == source.chosen_on else looking_at
    line = address.of_choice(choice, source.turned)
    return {**source.address, "split": split, **line, **page_state.address()}


def _band(chosen: Scored, choice: Choice) -> Band | None:
    return None if choice.error is None else band(chosen.sweep, choice.threshold, choice.error)


def _say(warnings: list[str]) -> None:
    """In one box, a line each: the lab under it stays in view."""
    if warnings:
        st.warning("  \n".join(map(theme.safe, warnings)), icon=":material/warning:")


def _points(source: Source, chosen_words: tuple[str, ...]) -> list[Point]:
    """Every method that is asked for and understood; before them 0.5, where scores are probabilities."""
    sweep = source.splits[source.chosen_on].sweep
    turned = source.splits[source.chosen_on].turned
    default = inside(methods.DEFAULT_THRESHOLD, turned)
    points = [at(sweep, default)] if source.probabilities else []
    for word in chosen_words:
        try:
            points.append(methods.choose(sweep, word))
        except BadInput as error:
            st.error(theme.sentence(error), icon=":material/error:")
    return points or [methods.choose(sweep, methods.DEFAULT)]


def _about_scores(source: Source, looking_at: str) -> list[str]:
    looked = source.splits[looking_at]
    nothing = ["This detector learned nothing: no threshold makes its verdicts mean anything."]
    found = cautions.about_scores(
        looked.sweep,
        NAMES[looking_at],
        source.if_turned,
        looked.turned,
        lambda: looked.ranking_intervals.get("auc"),
    )
    return [*(nothing if source.learned_nothing else []), *found]


def _about_line(source: Source, looking_at: str, point: Point, compared: list[Point]) -> list[str]:
    found = cautions.about_point(point)
    found += [w for p in compared if not p.reachable for w in cautions.about_point(p)[:1]]
    if looking_at != source.chosen_on and point.threshold is not None:
        on, there = (_transfer(source, split, point) for split in (source.chosen_on, looking_at))
        found += cautions.about_transfer(point.method, on, there, NAMES[source.chosen_on], NAMES[looking_at])
    return found


def _transfer(source: Source, split: str, point: Point) -> figures.Found:
    scored = source.splits[split]
    here = figures.at_line(scored, source.stamp(split), point.threshold)
    return {name: here[name] for name in TRANSFERRED if name in here}


def _under(source: Source, looking_at: str, point: Point, compared: list[Point]) -> None:
    looked = source.splits[looking_at]
    st.markdown(f"## Samples at the threshold, in {theme.safe(NAMES[looking_at])}")
    samples_near_line.draw(source, looked, point.threshold)
    st.markdown("## Where the errors are")
    key = error_tables.breakdown(looked, point.threshold)
    if key is not None and slices.offered(key):
        title = error_tables.KEY_WORDS.get(key, key)
        own_lines = st.expander(f"A threshold for each {title}", key="thresholds-slices", on_change="rerun")
        if own_lines.open:
            with own_lines:
                slices.draw(source, looking_at, key, point.method)
    methods_box = st.expander("Rules compared", key="thresholds-compared", on_change="rerun")
    if methods_box.open:
        with methods_box:
            error_tables.methods_table(source, looked, compared)
    if source.folder is not None:
        history = st.expander("Operating points of this run", key="thresholds-history", on_change="rerun")
        if history.open:
            with history:
                threshold_saving.history(source)


page()
