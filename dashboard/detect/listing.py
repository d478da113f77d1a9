"""Many files: the table of verdicts, those that need a person first, and its CSV."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import streamlit as st

from core.detection import exports, wording
from dashboard import tables, theme, thumbnails
from dashboard.detect import evidence as detect_evidence
from dashboard.detect import names as detect_names
from dashboard.detect import state as detect_state
from dashboard.detect.stages import STAGES
from dashboard.detect.state import Item

# What waits for a person comes first, what was answered or needs nobody last. Where a score only leans or is no
# evidence, nobody has decided: that is uncertain, too.
URGENCY = ("uncertain", "fake", "not readable", "not judged", None, "real")
MOST_REASONS = 5  # why files were not judged, under the table of a telephone; more are counted
THUMBNAIL, MOST_THUMBNAILS = 64, 24  # pixels; rows that have one
ROW = 68  # pixels, from which text goes on in a second and third line
# Of each window's columns the pixels: all of them fit beside each other.
WIDTHS = {
    "wide": {
        "picture": 70,
        "file": 165,
        "verdict": 110,
        "score": 85,
        "detector": 145,
        "evidence": 300,
        "truth": 60,
    },
    "tablet": {"picture": 65, "file": 140, "verdict": 105, "score": 85, "evidence": 165},
    "phone": {"picture": 60, "file": 140, "verdict": 115},
}


def draw() -> None:
    own = detect_state.session()
    if len(own.items) < 2:
        return
    jobs = [item.first for item in own.items]
    done = sum(job.over for job in jobs)
    judged = sum(job.verdict is not None or job.over for job in jobs)
    items = in_order(own.items) if judged == len(jobs) else list(own.items)
    if judged == len(jobs) and st.session_state.pop("detect_open_first", False):
        _open(items[0])
    with st.expander(f"This session: {theme.count(len(jobs))} files", expanded=True):
        if done < len(jobs):
            _progress(judged, done, len(jobs))
        _table(items)
        with st.container(horizontal=True):
            st.download_button(
                "Table (CSV)",
                lambda: _csv(own),
                "verdicts.csv",
                "text/csv",
                key="detect-csv",
                on_click="ignore",
                icon=":material/table:",
            )
            if st.button(
                "Clear", key="detect-clear", help="Removes the files of this session from the server."
            ):
                clear()
                st.rerun(scope="app")


def in_order(items: Sequence[Item]) -> list[Item]:
    """Uncertain ones, then fakes from the highest score on, then what could not be judged; marked ones last."""

    def urgency(item: Item) -> tuple[bool, int, float]:
        verdict = item.verdict
        word = wording.spoken(detect_names.word(verdict), verdict.words) if verdict else None
        place = URGENCY.index(word if word in URGENCY else "uncertain")
        score = verdict.score if verdict is not None and verdict.score is not None else 0.0
        return item.truth is not None, place, -score

    return sorted(items, key=urgency)


def _table(items: Sequence[Item]) -> None:
    named = detect_names.of_detectors()
    rows = pd.DataFrame([_row(item, named, picture=k < MOST_THUMBNAILS) for k, item in enumerate(items)])
    # Another order is another table: a row that was chosen before is not the file that stands there now.
    key = f"detect-history-{hash('-'.join(item.key for item in items))}"

    def draw_for(window: str) -> None:
        shown = [name for name in tables.telling(rows, ("",)) if name in WIDTHS[window]]
        picked = st.dataframe(
            rows[shown],
            hide_index=True,
            on_select="rerun",
            selection_mode="single-cell",
            key=f"{key}-{window}",
            row_height=ROW,
            height=min(ROW * len(rows) + 38, 6 * ROW),
            column_config={name: _column(name, WIDTHS[window][name]) for name in shown},
            alt="Files of this session: a click on a row opens it below",
        )
        chosen = next((items[int(row)] for row, _ in picked.selection.cells), None)
        before, known = st.session_state.get(f"detect-row-{window}"), chosen and chosen.key
        # None in a new table: the same file can be clicked again.
        st.session_state[f"detect-row-{window}"] = known
        if chosen is not None and known != before:
            st.session_state.pop("detect_open_first", None)  # this one is looked at
            _open(chosen)

        if window == "phone":
            _reasons(items)

    tables.draw_by_window("detect-history", draw_for)


def _reasons(items: Sequence[Item]) -> None:
    """Why files were not judged, where the table has no room for it."""
    verdicts = [(item.upload.shown, v) for item in items if (v := item.verdict) is not None]
    left_out = [(name, detect_evidence.evidence_of(v)) for name, v in verdicts if v.status != "ok"]
    for name, why in left_out[:MOST_REASONS]:
        st.caption(theme.sentence(why if why.startswith(name) else f"{name}: {why}"))
    if len(left_out) > MOST_REASONS:
        st.caption(f"{theme.count(len(left_out) - MOST_REASONS)} more files were not judged.")


def _column(name: str, width: int) -> Any:
    if name == "picture":
        return st.column_config.ImageColumn("preview", width=width)
    return st.column_config.TextColumn(width=width)


def _open(item: Item) -> None:
    if item.key != st.session_state.get("detect_shown"):
        st.session_state["detect_shown"] = item.key
        st.rerun(scope="app")


def _progress(judged: int, done: int, total: int) -> None:
    with st.container(key="detect-under-way", horizontal=True, vertical_alignment="center"):
        words = f"{theme.count(judged)} of {theme.count(total)} files have their verdict."
        if judged == total:
            words = f"Every file has its verdict; {theme.count(done)} of {theme.count(total)} are explained."
        st.progress((judged + done) / (2 * total), text=words)
        if st.button("Cancel the rest", key="detect-cancel"):
            detect_state.cancel()


def _row(item: Item, named: Mapping[str, str], *, picture: bool) -> dict[str, str]:
    """Every cell is text: what is not known is a dash."""
    verdict = item.verdict
    row = {
        "picture": thumbnail(item) if picture else "",
        "file": item.upload.shown,
        "verdict": STAGES.get(item.first.stage, item.first.stage),
        "score": "–",
        "detector": "–",
        "evidence": "",
        "truth": item.truth or "",
    }
    if verdict is not None:
        row |= {
            "verdict": detect_names.mark(verdict),
            "score": theme.number(verdict.score),
            "detector": named.get(verdict.detector or "", verdict.detector or "–"),
            "evidence": detect_evidence.evidence_of(verdict),
        }
    return row


def thumbnail(item: Item) -> str:
    """Of a picture that the workbench itself wrote: a frame of the evidence, or the copy that browsers play."""
    player, judged = item.first.player, [job.verdict for job in item.jobs.values() if job.verdict is not None]
    frames = [Path(m.frame) for verdict in judged for m in verdict.explanations if m.frame]
    frames += [player[0]] if player is not None and player[2] == "image" else []
    for path in frames:
        if path.is_file():
            small = thumbnails.picture(path, THUMBNAIL)
            return f"data:image/jpeg;base64,{base64.b64encode(small).decode('ascii')}"
    return ""


def _csv(own: detect_state.Session) -> str:
    """Every verdict of the session, a line each."""
    verdicts = [j.verdict for item in list(own.items) for j in item.latest.values()]
    return exports.as_csv([v.to_dict() for v in verdicts if v is not None])


def clear() -> None:
    own = detect_state.session()
    detect_state.cancel()
    for item in list(own.items):
        detect_state.forget(item)
    st.session_state.pop("detect_shown", None)
    own.refused.clear()
    st.session_state["detect_round"] = st.session_state.get("detect_round", 0) + 1
