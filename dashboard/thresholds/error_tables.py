"""What stands under the threshold lab and follows it: breakdown, calibration, rules side by side."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from core import numbers, option_words
from core import words as names
from core.errors import BadInput
from core.exports import to_csv
from core.thresholds import calibration
from core.thresholds.intervals import Interval
from core.thresholds.own_scale import own, own_ends
from core.thresholds.point import Point
from core.thresholds.probability_figures import probability_intervals
from core.thresholds.scored import DRAWS, Scored
from dashboard import session, tables, theme
from dashboard.charts import thresholds as charts
from dashboard.thresholds import page_state, words
from dashboard.thresholds.scores import Source

KEY_WORDS = {**names.BREAKDOWNS, "group": "group (shared source or person)"}
COMPARED = {
    "precision": "precision",
    "recall": "recall",
    "fpr": "false-alarm rate",
    "f1": "F1",
    "macro_f1": "macro F1",
    "balanced_accuracy": "balanced accuracy",
    "cost": "cost of 1,000 samples",
}


def breakdown(looked: Scored, threshold: float | None) -> str | None:
    """Draws where the errors are; gives what they are told apart by, None where nothing tells them apart."""
    keys = looked.keys
    if not keys:
        st.caption(
            "These scores state no dataset, method, kind of file, person or group, so the errors cannot be told apart by them."
        )
        return None
    if st.session_state.get(page_state.BY) not in keys:
        st.session_state[page_state.BY] = keys[0]
    key = st.segmented_control(
        "Tell errors apart by", keys, key=page_state.BY, format_func=lambda k: KEY_WORDS.get(k, k)
    )
    chosen = key if key in keys else keys[0]
    rows = looked.breakdown(threshold, chosen)
    st.plotly_chart(
        charts.breakdown_figure(rows, chosen), key="thresholds-breakdown", config=theme.CHART_CONFIG
    )
    all_of_them = "Both" if len(rows) == 2 else f"All {theme.count(len(rows))}"
    whole = st.expander(f"{all_of_them} as a table", key="thresholds-breakdown-all", on_change="rerun")
    if whole.open:
        with whole:
            shown = _with_intervals(rows, ("error_rate", "recall", "fpr"))
            shown = shown.assign(**{chosen: [charts.name_of(value, chosen) for value in rows[chosen]]})
            counts = {"n": "samples", "fake": "fakes", "real": "reals"}
            shown = shown.rename(columns={**counts, chosen: KEY_WORDS.get(chosen, chosen)})
            tables.show(shown, "thresholds-breakdown-table", what="Where the errors are")
            name = f"breakdown-{chosen}.csv"
            st.download_button("CSV", lambda: to_csv(rows), name, "text/csv", key="thresholds-breakdown-csv")
    return chosen


def _with_intervals(rows: pd.DataFrame, shares: Sequence[str]) -> pd.DataFrame:
    """Each share and its two ends written as one figure."""
    shown = rows.copy()
    for share in shares:
        ends = [f"{share}_low", f"{share}_high"]
        texts = [numbers.interval(*values) for values in rows[[share, *ends]].itertuples(index=False)]
        shown[share] = texts
        shown = shown.drop(columns=ends)
    return shown.rename(columns=theme.figure_name)


@st.cache_resource(show_spinner="Calibrating", max_entries=16)
def _diagram(
    _chosen: Scored, _looked: Scored, key: str, method: str
) -> tuple[calibration.Calibration | None, calibration.Reliability | None, dict[str, Interval]]:
    """Fitted where thresholds are chosen, drawn for what is looked at, with the intervals of what is said of it;
    no diagram for scores that are no shares."""
    fitted = None
    if method != "raw":
        fitted = calibration.fit(_chosen.table["label"].to_numpy(), _chosen.table["score"].to_numpy(), method)
    scores = _looked.table["score"].to_numpy()
    shares = scores if fitted is None else fitted.apply(scores)
    if shares.min() < 0 or shares.max() > 1:
        return None, None, {}
    labels = _looked.table["label"].to_numpy()
    ends = probability_intervals(labels, shares, _looked.group, DRAWS)
    return fitted, calibration.reliability(labels, shares), ends


@st.cache_resource(show_spinner=False, max_entries=16)
def _figure_of(_diagram: calibration.Reliability, key: str, method: str) -> go.Figure:
    """It stays as it is while the line moves."""
    return charts.reliability_figure(_diagram, _calibration_name(method))


def _calibration_name(method: str) -> str:
    return "as scored" if method == "raw" else option_words.choice("calibration", method)


def honesty(source: Source, looking_at: str) -> None:
    """Calibration: of the files at 80 %, are eight in ten fake?"""
    chosen, looked = source.splits[source.chosen_on], source.splits[looking_at]
    methods = ("raw", *calibration.METHODS)
    st.session_state.setdefault(page_state.CALIBRATION, "platt")
    picked = st.segmented_control(
        "From scores to probabilities", methods, key=page_state.CALIBRATION, format_func=_calibration_name
    )
    method = picked or "platt"
    stamp = source.stamp(looking_at)
    try:
        fitted, diagram, ends = _diagram(chosen, looked, stamp, method)
    except BadInput as error:
        st.info(f"No calibration can be drawn of these scores: {theme.safe(str(error))}")
        return
    if diagram is None:
        st.info(
            "These scores are no probabilities between 0 and 1. A calibration makes such of them: choose one."
        )
        return
    st.plotly_chart(
        _figure_of(diagram, stamp, method), key="thresholds-reliability", config=theme.CHART_CONFIG
    )
    st.markdown(
        f"Calibration error **{theme.unbroken(numbers.interval(diagram.ece, *ends['ece']))}** · "
        f"Brier score **{theme.unbroken(numbers.interval(diagram.brier, *ends['brier']))}**"
        + (
            ". The calibration was fitted on the very samples that are shown here, so it looks better than it is."
            if fitted is not None and looking_at == source.chosen_on
            else ""
        )
    )
    if source.folder is None or fitted is None:
        return
    pressed = st.button(
        "Use this calibration on the Detect page",
        key="thresholds-calibrate",
        help="Detect shows the probability where as many fakes as reals come in, or for the share of fakes in use that the run "
        "states: the share in validation says nothing of an upload.",
    )
    if pressed:
        folder, chosen_one = source.folder, fitted
        if theme.run_guarded(lambda: calibration.save(folder.path, chosen_one, session.person())):
            st.toast(f"Calibration saved: {_calibration_name(method)}")


@st.cache_resource(show_spinner="Drawing other validation sets", max_entries=16)
def _spreads(_chosen: Scored, key: str, words: tuple[str, ...]) -> dict[str, tuple[float, float]]:
    return _chosen.threshold_intervals(words)


def methods_table(source: Source, looked: Scored, points: list[Point]) -> None:
    """All rules side by side; the interval of each threshold takes a moment and is drawn when asked for."""
    turned = source.turned
    intervals = looked.intervals_at([p.threshold for p in points], points[0].costs)
    asked_for = tuple(p.method for p in points if p.method != "default")
    chosen = source.splits[source.chosen_on]
    asked = st.toggle("Show how sure each threshold itself is (95\u00a0% interval)", key="thresholds-spread")
    spreads = _spreads(chosen, source.stamp(source.chosen_on), asked_for) if asked else {}
    rows = [
        {
            "rule": words.title(p.method) + ("" if p.reachable else " (out of reach: the best there is)"),
            "threshold": numbers.threshold(own(p.threshold, turned)),
            **({"95 % interval": _ends(spreads.get(p.method), turned)} if asked else {}),
            "fakes found": p.tp,
            "false alarms": p.fp,
            "reals kept": p.tn,
            "fakes missed": p.fn,
            **{
                title: numbers.interval(getattr(p, name), *(found.get(name) or (None, None)))
                for name, title in COMPARED.items()
            },
        }
        for p, found in zip(points, intervals, strict=True)
    ]
    table = pd.DataFrame(rows)
    # A narrow column breaks no share from its sign, and leaves no J alone.
    shown = table.assign(rule=table["rule"].str.replace(r" (?=%|\S{1,2}$)", "\u00a0", regex=True))
    tables.show(shown, "thresholds-methods-table", what="Rules for the threshold compared")
    st.download_button("CSV", lambda: to_csv(table), "rules.csv", "text/csv", key="thresholds-methods-csv")


def _ends(ends: tuple[float, float] | None, turned: bool) -> str:
    if ends is None:
        return ""
    low, high = own_ends(*ends, turned)
    return f"[{numbers.threshold(low)}, {numbers.threshold(high)}]"
