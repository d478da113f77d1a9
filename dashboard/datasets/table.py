"""The table of datasets: counts, ratio bars, severity by colour and word, completeness, problems."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd
import streamlit as st

from core.catalog import leaks, statistics
from core.catalog.table import DatasetInfo
from dashboard import session, theme

# Text colours that are readable on light and dark grounds.
COLORS = {
    "balanced": "#1E8E5A", "mild": "#2F7FC1", "moderate": "#C27C0E", "severe": "#D0442E", "extreme": "#A24BC4",
    "single-class": "#7F7F7F",
}  # fmt: skip


def headline(infos: Sequence[DatasetInfo]) -> str:
    """`9 datasets · 61,204 samples · 2 severe`"""
    samples = sum(info.samples for info in infos)
    bands = pd.Series([statistics.count(i.counts).severity for i in infos], dtype=object).value_counts()
    bad = [f"{bands[s]} {s}" for s in ("severe", "extreme", "single-class") if s in bands]
    return " · ".join([theme.counted(len(infos), "dataset"), theme.counted(samples, "sample"), *bad])


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
        "media": ", ".join(statistics.by(info, "modality")),
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
        return "–"
    return f"! {last.leaks} ({last.protocol})" if last.leaks else f"none ({last.protocol})"


def draw(infos: Sequence[DatasetInfo]) -> DatasetInfo:
    """The table; gives the dataset that is chosen (the first until somebody chooses)."""
    frame = rows(infos)
    wanted = st.session_state.get("datasets_chosen")
    at = next((i for i, info in enumerate(infos) if info.name == wanted), 0)
    picked = st.dataframe(  # type: ignore[call-overload]
        frame.style.map(_tint, subset=["severity"]),
        hide_index=True,
        key="datasets-table",
        on_select="rerun",
        selection_mode="single-row",
        height=min(38 + 35 * len(frame), 430),
        column_config={
            "name": st.column_config.TextColumn("dataset", width=190),
            "kind": st.column_config.TextColumn(
                "origin", width=60, help="demo: made by the workbench, says nothing about real forgeries"
            ),
            "media": st.column_config.TextColumn(width=60),
            "real": st.column_config.NumberColumn(format="localized", width=70),
            "fake": st.column_config.NumberColumn(format="localized", width=70),
            "fakes": st.column_config.ProgressColumn(
                "share of fakes",
                min_value=0,
                max_value=100,
                format="%.0f %%",
                help="half is balanced",
                color=theme.FAKE,
            ),
            "unlabelled": st.column_config.NumberColumn(
                "no label", format="localized", width=60, help="nobody states their label"
            ),
            "ratio": st.column_config.TextColumn(width=70, help="majority : minority"),
            "published": st.column_config.TextColumn("published", width=115, help="real : fake"),
            "complete": st.column_config.ProgressColumn(
                width=100,
                min_value=0,
                max_value=100,
                format="%.0f %%",
                help="of the published samples that are here",
            ),
            "problems": st.column_config.NumberColumn(format="localized", width=65),
            "leaks": st.column_config.TextColumn(
                width=90,
                help="kinds of leaks in the last plan that a leak report was made for; – none made yet",
            ),
        },
    )
    selected = picked["selection"]["rows"]
    if selected and selected[0] < len(infos):
        at = selected[0]
    st.session_state["datasets_chosen"] = infos[at].name
    return infos[at]


def _tint(value: object) -> str:
    color = COLORS.get(str(value).split(" ", 1)[-1], "")
    return f"color: {color}; font-weight: 600" if color else ""
