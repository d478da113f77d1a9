"""What is known and what is here: a checklist of published datasets, and a table of those worth adding."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from core import numbers, words
from core.catalog.expected import FOUND, PARTLY, compare_with_expected, summary
from core.catalog.published import balanced_datasets
from core.catalog.table import DatasetInfo
from dashboard import tables, theme

MARKS = {FOUND: "● found", PARTLY: "◐ partly"}
MODALITIES = ("image", "audio", "video", "multimodal")


def checklist(infos: Sequence[DatasetInfo]) -> None:
    """Every known dataset: found, partly with what is missing, or not found."""
    rows = compare_with_expected(infos)
    with st.expander(f"Expected and found: {summary(rows)}", icon=":material/checklist:"):
        tables.show(
            pd.DataFrame(
                [
                    {
                        "state": MARKS.get(row.state, "○ not found"),
                        "dataset": row.name,
                        "missing": "; ".join(row.missing) or ("–" if row.root else ""),
                        "real": row.real if row.root else None,
                        "fake": row.fake if row.root else None,
                        "published": _pair(row.published),
                        "folder": row.root,
                        "from": row.source,
                    }
                    for row in rows
                ]
            ),
            "expected-table",
            what="Published datasets, and which of them are here",
            whole=("state", "published"),
        )


def show_recommended() -> None:
    """The standing table: what to fetch for each kind of media, whatever the ratio."""
    with st.expander("Datasets worth adding", icon=":material/library_add:"):
        tables.show(
            pd.DataFrame(
                [
                    {
                        "for": words.modality(modality),
                        "dataset": s.dataset + (f" ({s.part})" if s.part else ""),
                        "together with": s.partner,
                        "real": s.real,
                        "fake": s.fake,
                        "ratio": numbers.ratio(s.own_ratio, " : ") if s.own_ratio else "",
                        "size": s.size,
                        "licence": s.licence,
                        "how to get it": s.ask,
                        "why": s.why,
                        "from": s.source,
                    }
                    for modality in MODALITIES
                    for s in balanced_datasets(modality)
                ]
            ),
            "recommended-table",
            what="Datasets worth adding",
            whole=("ratio",),
        )
        st.caption(
            "Counts as published. What helps your own data, and by how much, stands with each dataset."
        )


def _pair(published: dict[str, int | None] | None) -> str:
    if not published:
        return "–"
    return f"{theme.count(published['real'])} : {theme.count(published['fake'])}"
