"""Compare: which one is better, and is it really? Runs side by side, with intervals and paired differences."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import streamlit as st

from core.detection import defaults
from core.errors import BadInput, one_line
from core.runs import listing, recommendation
from core.runs.folder import place_of
from core.runs.summaries import Summary
from core.runs.titles import titles
from dashboard import address, session, theme, words
from dashboard.charts import compare
from dashboard.compare import parts as compare_parts
from dashboard.compare import report as compare_report
from dashboard.compare import spoofing_measures as compare_measures

FIGURES = ("auc", "ap", "balanced_accuracy", "macro_f1", "f1", "recall", "precision")
MOST = 8
OVERLAY, OVERLAYS = "compare-overlays", ["ROC", "Precision–recall"]
RUNS, SPLIT, FIRST, SECOND = "compare-runs", "compare-split", "compare-first", "compare-second"


def page() -> None:
    theme.page_title("Which one is better, and is it really?")
    space = session.space()
    finished = [run for run in listing.runs(space) if run.state == "completed"]
    finished += [
        one for one in listing.detectors(space) if place_of(one.id, space).scores_file("test").is_file()
    ]
    if len(finished) < 2:
        here = "There is one." if finished else "There is none yet."
        theme.empty(f"Two finished runs are needed for a comparison. {here}", "Train a detector", "train")
        return
    _open_link(finished)
    chosen = _choose(finished)
    if not chosen:
        st.info("Choose the runs to put side by side.")
        return
    split = _choose_split()
    metrics = {run.id: compare_parts.metrics(run, session.space()) for run in chosen}
    labels = titles(chosen)
    pair = _difference(chosen, labels, split) if len(chosen) > 1 else ()
    _write_link(chosen, split, pair)
    st.markdown("## Side by side")
    compare_parts.table(chosen, labels, metrics, split)
    _recommendation(chosen, labels)
    rows = {labels[r.id]: metrics[r.id][split]["at_chosen"] for r in chosen if split in metrics[r.id]}
    figures, curves = st.columns(2)
    with figures:
        st.plotly_chart(compare.figures(rows, FIGURES), key="compare-figures", config=theme.QUIET_CHART)
    with curves:
        _overlays(chosen, labels, split)
    if len(chosen) > 1:
        compare_report.downloads(chosen, labels, split)
    st.fragment(_closed_parts)(chosen, labels, metrics, split)


def _closed_parts(
    chosen: Sequence[Summary], labels: Mapping[str, str], metrics: Mapping[str, Mapping[str, Any]], split: str
) -> None:
    """What fewer people ask for, each behind a line to click on; worked out when it is opened."""
    if compare_measures.is_of_sound(chosen):
        field = st.expander("The speech community's measures", key="compare-field", on_change="rerun")
        if field.open:
            with field:
                compare_measures.table(chosen, labels, metrics, split, session.space())
    across = st.expander("Across datasets", key="compare-across", on_change="rerun")
    if across.open:
        with across:
            compare_parts.across(chosen, labels, metrics, split)
    published = st.expander("Beside published figures", key="compare-published", on_change="rerun")
    if published.open:
        with published:
            compare_parts.all_published_figures(chosen, labels, metrics, session.space())


def _choose_split() -> str:
    chosen = st.segmented_control("Part", ["test", "val"], default="test", key=SPLIT, format_func=words.split)
    return chosen or "test"


def _write_link(chosen: Sequence[Summary], split: str, pair: tuple[str, ...]) -> None:
    first_two = tuple(run.id for run in chosen[:2])
    address.write(
        "compare",
        {
            "runs": ",".join(run.id for run in chosen),
            "split": split if split != "test" else None,
            "curve": "pr" if st.session_state.get(OVERLAY) == OVERLAYS[1] else None,
            "pair": ",".join(pair) if pair and pair != first_two else None,
        },
    )


def _open_link(finished: Sequence[Summary]) -> None:
    """?runs=ID,ID&split=val&pair=ID,ID: what a link or a reload asks for, as far as it is here."""
    given = address.read_link("compare")
    if given is None:
        return
    known = {run.id for run in finished}
    if runs := [name for name in given.get("runs", "").split(",") if name in known]:
        st.session_state[RUNS] = runs[:MOST]
    st.session_state[SPLIT] = "val" if given.get("split") == "val" else "test"
    st.session_state[OVERLAY] = OVERLAYS[1 if given.get("curve") == "pr" else 0]
    pair = [name for name in given.get("pair", "").split(",") if name in known]
    for place, key in enumerate((FIRST, SECOND)):
        st.session_state.pop(key, None)  # the first two where none are stated
        if len(pair) == 2:
            st.session_state[key] = pair[place]


def _choose(finished: Sequence[Summary]) -> list[Summary]:
    by_id, called = {run.id: run for run in finished}, titles(finished)
    if RUNS not in st.session_state:
        wanted = [name for name in st.session_state.get("runs_chosen", []) if name in by_id]
        if len(wanted) < 2:
            space = session.space()
            alike = recommendation.most_comparable(finished, lambda run: compare_parts.ids(run, space))
            wanted = [run.id for run in alike] or list(by_id)[:2]
        st.session_state[RUNS] = wanted[:MOST]
    st.session_state[RUNS] = [name for name in st.session_state[RUNS] if name in by_id]
    names = st.multiselect(
        "Runs", list(by_id), format_func=called.__getitem__, max_selections=MOST, key=RUNS, wrap=True
    )
    return [by_id[name] for name in names]


def _recommendation(chosen: Sequence[Summary], labels: Mapping[str, str]) -> None:
    """By validation figures, one a modality: the test split may not choose."""
    for modality in dict.fromkeys(run.modality for run in chosen):
        runs = [run for run in chosen if run.modality == modality]
        kind = theme.safe(words.capital(words.modality(modality)))
        found = [
            c
            for run in runs
            if (c := recommendation.candidate(run, compare_parts.parameters(run, session.space())))
        ]
        advice = recommendation.recommend(found, {run.id: place_of(run.id, session.space()) for run in runs})
        with st.container(border=True):
            if advice is None:
                reasons = "".join(
                    f"\n- “{theme.safe(labels[run.id])}”: {recommendation.why_not(run)}." for run in runs
                )
                st.markdown(f"**{kind}**: none of these runs can be recommended.\n{reasons}")
                continue
            text, button = st.columns([4, 1], vertical_alignment="center")
            demo = f" {theme.demo_badge()}" if advice.run.demo else ""
            text.markdown(
                f"Recommended for {theme.safe(words.modality(modality))}: **{theme.safe(labels[advice.run.id])}**"
                f"{demo}. {theme.safe(advice.reason)}."
            )
            default = defaults.default_detector(modality, session.space()) == advice.run.id
            operator = session.person().operator
            pressed = button.button(
                "Is the default" if default else "Make it the default",
                key=f"compare-default-{modality}",
                disabled=default or not operator,
            )
            if not (default or operator):
                button.caption("Operators choose the default.")
            if pressed:
                _make_default(advice.run, modality)


def _make_default(run: Summary, modality: str) -> None:
    """At once; of a detector that learned nothing only after it was said once more."""
    make = functools.partial(defaults.set_default, modality, run.id, session.person(), session.space())
    if run.learned_nothing:
        _confirm_default(make, run.name)
    else:
        theme.act(make)


@st.dialog("This detector learned nothing")
def _confirm_default(make: Callable[..., None], name: str) -> None:
    st.markdown(
        f"On the files that it was measured on, **{theme.safe(name)}** does no better than guessing: its verdicts are no "
        "evidence. Also as the default, the automatic choice would pass it over."
    )
    if st.button("Make it the default all the same", key="compare-default-confirm", type="primary"):
        theme.act(functools.partial(make, confirmed=True))


def _overlays(chosen: Sequence[Summary], labels: Mapping[str, str], split: str) -> None:
    drawn = compare_parts.scores(chosen, labels, split, session.space())
    roc, pr = st.tabs(OVERLAYS, key=OVERLAY, on_change="rerun")
    roc.plotly_chart(compare.overlay(drawn, "roc"), key="compare-roc", config=theme.QUIET_CHART)
    pr.plotly_chart(compare.overlay(drawn, "pr"), key="compare-pr", config=theme.QUIET_CHART)


def _difference(chosen: Sequence[Summary], labels: Mapping[str, str], split: str) -> tuple[str, str]:
    """What the page is about, so it comes first; gives the two runs that are compared."""
    st.markdown("## Is the difference real?")
    ids = [run.id for run in chosen]
    left, right = st.columns(2)
    if st.session_state.get(FIRST) not in ids:
        st.session_state.pop(FIRST, None)
    first = str(left.selectbox("First", ids, format_func=labels.__getitem__, key=FIRST))
    others = [i for i in ids if i != first]
    if st.session_state.get(SECOND) not in others:
        st.session_state.pop(SECOND, None)
    second = str(right.selectbox("Second", others, format_func=labels.__getitem__, key=SECOND))
    try:
        found = compare_parts.compare_paired(first, second, split, session.space())
    except BadInput as error:
        st.info(theme.safe(f"{one_line(error)}."))
        return first, second
    shown = [d for d in found.differences if d.shown]
    verdict, why = found.auc.in_words(theme.safe(labels[first]), theme.safe(labels[second]))
    st.markdown(f"**{verdict}** {why}")
    st.caption(
        f"{found.how_measured} A difference is shown in {len(shown)} of {len(found.differences)} figures."
    )
    if found.note:
        st.caption(theme.safe(f"{words.capital(found.note)}."))
    better, other = (first, second) if found.auc.value >= 0 else (second, first)
    differences = found.differences if better == first else [d.turned() for d in found.differences]
    figure = compare.differences(differences, labels[better], labels[other])
    alt = "Differences of the two runs, each with its interval"
    st.plotly_chart(figure, key="compare-differences", config=theme.CHART_CONFIG, alt=alt)
    return first, second


page()
