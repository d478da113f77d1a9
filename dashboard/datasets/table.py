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
SHOWN = {"wide": ORDER, "tablet": ORDER[:6], "phone": ORDER[:4]}
NOT_LOOKED_FOR = "–"
# Text colours that are readable on light and dark grounds.
COLORS = {
    "balanced": "#1E8E5A",
    "mild": "#2F7FC1",
    "moderate": "#C27C0E",
    "severe": "#D0442E",
    "extreme": "#A24BC4",
    "single-class": "#7F7F7F",
}


def headline(infos: Sequence[DatasetInfo]) -> str:
    """`9 datasets · 61,204 samples · 2 severe`"""
    samples = sum(info.samples for info in infos)
    bands = pd.Series([statistics.count(i.counts).severity for i in infos], dtype=object).value_counts()
    called = {"severe": "severe", "extreme": "extreme", "single-class": "with one class only"}
    bad = [f"{bands[band]} {name}" for band, name in called.items() if band in bands]
    return " · ".join([theme.count_of(len(infos), "dataset"), theme.count_of(samples, "sample"), *bad])


def rows(infos: Sequence[DatasetInfo]) -> pd.DataFrame:
    return pd.DataFrame([_row(info) for info in infos])


def _row(info: DatasetInfo) -> dict[str, Any]:
    total = statistics.count(info.counts)
    labelled = total.real + total.fake
    published, missing = info.published, statistics.missing(info)
    complete = None
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
        "ratio": theme.ratio(total.ratio),
        "severity": theme.severity_word(total.severity),
        "published": f"{theme.count(published.get('real'))} : {theme.count(published.get('fake'))}"
        if published
        else "–",
        "complete": complete,
        "problems": info.problem_count,
        "leaks": _leaks(info.name),
    }


def _leaks(name: str) -> str:
    """`! 2 (official)` once a report was made; a dash before."""
    last = leaks.last_report(name, session.space())
    if last is None:
        return NOT_LOOKED_FOR
    return f"! {theme.count_of(last.leaks, 'kind')}" if last.leaks else "none"


def draw(infos: Sequence[DatasetInfo]) -> DatasetInfo:
    """The table; gives the dataset that is chosen (the first until somebody chooses)."""
    frame = rows(infos)
    wanted = st.session_state.get("datasets_chosen")
    at = next((i for i, info in enumerate(infos) if info.name == wanted), 0)
    names = [info.name for info in infos]
    styled = frame.style.map(_tint, subset=["severity"]).apply(
        lambda row: [theme.CHOSEN_ROW if row.name == at else ""] * len(row), axis=1
    )
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
    parts = [words.capital(row["media"])]
    if row["unlabelled"]:
        parts.append(f"{theme.count_of(row['unlabelled'], 'sample')} without a label")
    if row["complete"] is not None:
        parts.append(f"{theme.percent(row['complete'] / 100)} of the published {row['published']} are here")
    if row["problems"]:
        parts.append(theme.count_of(row["problems"], "problem"))
    if row["leaks"] != NOT_LOOKED_FOR:
        parts.append(f"leaks: {row['leaks']}")
    return f"{'; '.join(parts)}."


def _choose(names: Sequence[str], key: str) -> None:
    at = theme.clicked_row(key)
    if at is not None and at < len(names):
        st.session_state["datasets_chosen"] = names[at]


def _columns(window: str) -> dict[str, Any]:
    text, number = st.column_config.TextColumn, st.column_config.NumberColumn
    share = functools.partial(st.column_config.ProgressColumn, min_value=0, max_value=100, format="%.3g %%")
    return {
        "name": text("dataset", width=155),
        "kind": text(
            "origin", width=55, help="demo: made by the workbench, says nothing about real forgeries"
        ),
        "media": text("media", width=70),
        "severity": text("imbalance", width=104 if window == "wide" else 108),
        "real": number(format="localized", width=50 if window == "phone" else 58),
        "fake": number(format="localized", width=52 if window == "phone" else 60),
        "fakes": share("share of fakes", width=88, help="half is balanced", color=theme.FAKE),
        "unlabelled": number("no label", format="localized", width=60, help="nobody states their label"),
        "ratio": text(width=60, help="majority : minority"),
        "published": text("published", width=105, help="real : fake"),
        "complete": share("complete", width=74, help="of the published samples that are here"),
        "problems": number(format="localized", width=65),
        "leaks": text(width=85, help="kinds of leaks in the last plan that was made"),
    }


def _tint(value: object) -> str:
    word = str(value).split(" ", 1)[-1]
    color = next((c for key, c in COLORS.items() if words.SEVERITIES[key] == word), "")
    return f"color: {color}; font-weight: 600" if color else ""
