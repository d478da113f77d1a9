"""The table of datasets: counts, ratio bars, severity by colour and word, completeness, problems."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

import pandas as pd
import streamlit as st

from core import words
from core.catalog import leaks, statistics
from core.catalog.table import DatasetInfo
from dashboard import session, tables, theme

# What tells most comes first: a narrow window shows the beginning, and the caption of the chosen one the rest.
ORDER = (
    "name",
    "severity",
    "real",
    "fake",
    "ratio",
    "fakes",
    "media",
    "unlabelled",
    "complete",
    "published",
    "problems",
    "leaks",
    "kind",
)
SHOWN = {"wide": ORDER, "tablet": ORDER[:6], "phone": ("name", "severity", "fakes")}
SEVERITIES = [theme.severity_word(band) for band in statistics.SEVERITIES]
# The grounds of the words of imbalance, in the order of the bands: on each of them Streamlit's grid writes black, in both
# themes and on a chosen row.
CHIPS = ("#A8DDBF", "#B5D7F2", "#F6CF8B", "#F5B3A6", "#DDB9EE", "#D6D6D6")


def headline(infos: Sequence[DatasetInfo]) -> str:
    """`9 datasets, 61,204 samples; 2 severely imbalanced`"""
    samples = sum(info.samples for info in infos)
    bands = pd.Series([statistics.count(i.counts).severity for i in infos], dtype=object).value_counts()
    called = {
        "severe": "severely imbalanced",
        "extreme": "extremely imbalanced",
        "single-class": "with one class only",
    }
    bad = ", ".join(f"{bands[band]}\u00a0{name}" for band, name in called.items() if band in bands)
    all_in_all = f"{theme.count_of(len(infos), 'dataset')}, {theme.count_of(samples, 'sample')}"
    return f"{all_in_all}; {bad}" if bad else all_in_all


def rows(infos: Sequence[DatasetInfo]) -> pd.DataFrame:
    return pd.DataFrame([_row(info) for info in infos])


def _row(info: DatasetInfo) -> dict[str, Any]:
    total = statistics.count(info.counts)
    labelled = total.real + total.fake
    # A demo copies the layout of a published dataset, not its samples.
    published = None if info.demo else info.published
    missing, complete = statistics.missing(info), None
    if published and missing:
        there = sum(v for v in published.values() if v is not None)
        complete = 100 * (1 - sum(missing.values()) / there) if there else None
    return {
        "name": info.name,
        "kind": "demo" if info.demo else "",
        "media": ", ".join(words.modality(m) for m in statistics.count_by(info, "modality")),
        "real": total.real,
        "fakes": 100 * total.fake / labelled if labelled else None,
        "fake": total.fake,
        "unlabelled": total.unlabelled,
        "ratio": "" if total.ratio is None else theme.ratio(total.ratio),
        "severity": [theme.severity_word(total.severity)],
        "published": f"{theme.count(published.get('real'))} real, {theme.count(published.get('fake'))} fake"
        if published
        else "",
        "complete": complete,
        "problems": info.problem_count,
        "leaks": _leaks(info.name),
    }


def _leaks(name: str) -> str:
    """`! 2 kinds` once a report was made; nothing before."""
    last = leaks.last_report(name, session.space())
    if last is None:
        return ""
    return f"! {theme.count_of(last.leaks, 'kind')}" if last.leaks else "none"


def draw(infos: Sequence[DatasetInfo]) -> DatasetInfo:
    """The table; gives the dataset that is chosen (the first until somebody chooses)."""
    frame = rows(infos)
    wanted = st.session_state.get("datasets_chosen")
    at = next((i for i, info in enumerate(infos) if info.name == wanted), 0)
    names = [info.name for info in infos]
    styled = frame.style.apply(lambda row: [theme.CHOSEN_ROW if row.name == at else ""] * len(row), axis=1)
    told = tables.telling(frame)

    def draw_for(window: str) -> None:
        key = "datasets-table" if window == "wide" else f"datasets-table-{window}"
        st.dataframe(
            styled,
            hide_index=True,
            key=key,
            on_select=lambda: _choose(names, key),
            selection_mode="single-cell",
            height=min(38 + 35 * len(frame), 430),
            column_order=[c for c in SHOWN[window] if c in told],
            column_config=_columns(window),
            alt="Datasets: a click on a row, or the arrow keys, choose what is shown below",
        )

    tables.draw_by_window("datasets-table", draw_for)
    st.session_state["datasets_chosen"] = names[at]
    return infos[at]


def describe(info: DatasetInfo) -> str:
    """What the table says of the chosen one, as a sentence for windows that are too narrow for its columns."""
    row = _row(info)
    counts = f"{theme.count(row['real'])} real and {theme.count(row['fake'])} fake samples"
    parts = [f"{counts} ({row['media']})"]
    if row["unlabelled"]:
        parts.append(f"{theme.count_of(row['unlabelled'], 'sample')} without a label")
    if row["complete"] is not None:
        parts.append(
            f"{theme.percent(row['complete'] / 100)} of the published samples ({row['published']}) are here"
        )
    if row["problems"]:
        parts.append(theme.count_of(row["problems"], "problem"))
    if row["leaks"]:
        parts.append(f"leaks: {row['leaks']}")
    return f"{'; '.join(parts)}."


def _choose(names: Sequence[str], key: str) -> None:
    at = theme.clicked_row(key)
    if at is not None and at < len(names):
        st.session_state["datasets_chosen"] = names[at]


def _columns(window: str) -> dict[str, Any]:
    text = st.column_config.TextColumn
    # As tables.under_headings does.
    number = functools.partial(st.column_config.NumberColumn, alignment="left")
    share = functools.partial(st.column_config.ProgressColumn, min_value=0, max_value=100, format="%.3g %%")
    return {
        "name": text("dataset", width=163 if window == "phone" else 155),
        "kind": text(
            "origin", width=55, help="demo: made by the workbench, says nothing about real forgeries"
        ),
        "media": text("media", width=70),
        "severity": st.column_config.MultiselectColumn(
            "imbalance", width=122, options=SEVERITIES, color=CHIPS, disabled=True
        ),
        "real": number(format="localized", width=58),
        "fake": number(format="localized", width=60),
        "fakes": share(
            "fakes" if window == "phone" else "share of fakes",
            width=80 if window == "phone" else 88,
            help="half is balanced",
            color=theme.FAKE,
        ),
        "unlabelled": number(
            "no label",
            format="localized",
            width=60,
            help="samples of which nobody says whether they are real or fake",
        ),
        "ratio": text(width=60, help="how many samples of the larger class there are for one of the smaller"),
        "published": text("published", width=150, help="how many samples its authors published"),
        "complete": share("complete", width=74, help="of the published samples that are here"),
        "problems": number(format="localized", width=65),
        "leaks": text(width=85, help="kinds of leaks in the last plan that was made"),
    }
