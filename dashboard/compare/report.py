"""The comparison as a file to take away; made when it is asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import streamlit as st

from core.runs import comparison_report
from core.runs.folder import place_of
from core.runs.summaries import Summary
from dashboard import session


def downloads(chosen: Sequence[Summary], labels: Mapping[str, str], split: str) -> None:
    space, who = session.space(), session.person()
    runs = {labels[run.id]: place_of(run.id, space) for run in chosen}
    with st.container(horizontal=True):
        st.download_button(
            "Report (PDF)",
            lambda: comparison_report.as_pdf(runs, split, person=who),
            "comparison.pdf",
            "application/pdf",
            key="compare-pdf",
            on_click="ignore",
            icon=":material/picture_as_pdf:",
        )
        st.download_button(
            "Report (HTML)",
            lambda: comparison_report.as_html(runs, split, person=who),
            "comparison.html",
            "text/html",
            key="compare-html",
            on_click="ignore",
            icon=":material/description:",
        )
