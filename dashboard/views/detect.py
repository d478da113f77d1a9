"""Detect: is this file real or fake? Upload, verdict, evidence; the result grows as it is computed."""

from __future__ import annotations

import streamlit as st

from dashboard import theme
from dashboard.detect import inputs as detect_inputs
from dashboard.detect import links as detect_links
from dashboard.detect import listing as detect_list
from dashboard.detect import result as detect_result
from dashboard.detect import state as detect_state

POLL = 0.7  # seconds between looks while something is computed and few files wait


def page() -> None:
    theme.page_title("Is this file real or fake?")
    runs = detect_inputs.detectors()
    if not runs:
        theme.empty(
            "There is no detector yet. Train one, or import one on the Detectors page.",
            "Train a detector",
            "train",
        )
        return
    detect_links.open_link({run.id for run in runs})
    detect_state.service().warm(detect_inputs.likely())
    drop, choose = st.columns([5, 4], gap="medium")
    with choose:
        chosen = detect_inputs.choose(runs)
        if detect_inputs.may_read_text(runs, chosen):
            st.text_input(
                "What is said in the file or was written with it (for detectors that read text)",
                key="detect_text",
            )
    with drop:
        detect_inputs.uploader(chosen)
        detect_inputs.samples(chosen)
    with choose:
        detect_inputs.offer_to_judge(chosen)  # by now it is settled which file is open
    detect_state.polling(results, detect_state.pace(POLL))


def results() -> None:
    """Drawn again and again while something is computed, then once more and no longer."""
    detect_list.draw()
    item = detect_links.shown()
    if item is not None:
        detect_result.draw(item)


page()
