"""What is known and what is here: a checklist of published datasets, and a table of those worth adding."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd
import streamlit as st

from core import words
from core.catalog.expected import FOUND, PARTLY, Expected, compare_with_expected, summary
from core.catalog.published import Suggestion, balanced_datasets
from core.catalog.table import DatasetInfo
from dashboard import tables, theme

MARKS = {FOUND: "● found", PARTLY: "◐ partly"}
NO_BREAK = "\u2011"  # a hyphen at which no line ends
MODALITIES = ("image", "audio", "video", "multimodal")


def checklist(infos: Sequence[DatasetInfo]) -> None:
    """Every known dataset: found, partly with what is missing, or not found."""
    rows = compare_with_expected(infos)
    with st.expander(f"Which published datasets are here: {summary(rows)}"):
        st.caption(
            "The workbench knows these datasets by their folders. Found: all of it is in the catalogue. Partly: something "
            "is missing, and the table says what. Not found: no folder that was scanned is laid out like it, which is no "
            "fault; a demo copy does not count. To have one, get it where “get it from” says, put it into a folder "
            "that is scanned, and press Rescan above."
        )
        tables.show(
            pd.DataFrame([_checked(row) for row in rows]),
            "expected-table",
            what="Published datasets, and which of them are here",
            whole=("state",),
            linked=("get it from",),
        )


def _checked(row: Expected) -> dict[str, Any]:
    return {
        "dataset": row.name,
        "state": MARKS.get(row.state, "○ not found"),
        "missing": "; ".join(row.missing) or None,
        "demo copy": "here" if row.demo else None,
        "real": row.real if row.root else None,
        "fake": row.fake if row.root else None,
        "published": _pair(row),
        "folder": row.root or None,
        "get it from": row.source,
    }


def show_recommended() -> None:
    """The standing table: what to fetch for each kind of media, whatever the ratio."""
    with st.expander("Datasets worth adding"):
        st.caption(
            "Published datasets with both classes, for each kind of media the best balanced first. The numbers of reals "
            "and fakes are those that their authors published. Where one of your datasets is severely imbalanced, choose "
            "it in the table of datasets: the page then says which of these would help it, and to what ratio."
        )
        rows = [_worth_adding(modality, s) for modality in MODALITIES for s in balanced_datasets(modality)]
        tables.show(
            pd.DataFrame(rows),
            "recommended-table",
            what="Datasets worth adding",
            whole=("ratio",),
            linked=("how to get it",),
        )


def _worth_adding(modality: str, one: Suggestion) -> dict[str, Any]:
    part = f" ({one.part})" if one.part else ""
    return {
        "dataset": f"{one.dataset}{part}{f' with {one.partner}' if one.partner else ''}",
        "media": words.modality(modality),
        "real": one.real,
        "fake": one.fake,
        "ratio": theme.ratio(one.own_ratio),
        "size": one.size,
        "licence": one.licence.replace("-", NO_BREAK),
        "why": one.why,
        "how to get it": f"{one.ask}: {one.source}",
    }


def _pair(row: Expected) -> str | None:
    """890 real, 5,639 fake"""
    if not row.published:
        return None
    real, fake = (f"{theme.count(row.published[label])}\u00a0{label}" for label in ("real", "fake"))
    counts = f"{real}, {fake}"
    return f"{counts} ({row.part})" if row.part else counts
