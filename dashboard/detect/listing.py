"""Many files: the table of verdicts with its CSV, and the session's history."""

from __future__ import annotations

import streamlit as st

from core.detection import exports
from dashboard import theme
from dashboard.detect import state as detect_state
from dashboard.detect.state import Item

COLUMNS = {
    "file": "file", "verdict": "verdict", "score": "score", "probability": "probability", "evidence": "evidence",
    "truth": "truth",
}  # fmt: skip


def draw() -> None:
    own = detect_state.session()
    if len(own.items) < 2:
        return
    jobs = [item.first for item in own.items]
    done = sum(job.over for job in jobs)
    judged = sum(job.verdict is not None or job.over for job in jobs)
    with st.expander(f"This session: {theme.count(len(jobs))} files", expanded=True):
        if done < len(jobs):
            _progress(judged, done, len(jobs))
        table = [_row(item) for item in own.items]
        picked = st.dataframe(
            table,
            hide_index=True,
            on_select="rerun",
            selection_mode="single-row",
            key="detect-history",
            height=min(38 * (len(table) + 1), 320),
            column_config={"score": st.column_config.NumberColumn(format="%.3f"),
                           "probability": st.column_config.NumberColumn(format="%.3f")},
        )  # fmt: skip
        rows = picked.selection.rows
        if (
            rows
            and own.items[rows[0]].key != st.session_state.get("detect_shown")
            and rows != st.session_state.get("detect_rows")
        ):
            st.session_state["detect_rows"] = rows
            st.session_state["detect_shown"] = own.items[rows[0]].key
            st.rerun(scope="app")
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


def _progress(judged: int, done: int, total: int) -> None:
    own = detect_state.session()
    with st.container(horizontal=True, vertical_alignment="center"):
        words = f"{judged} of {total} files have their verdict"
        if judged == total:
            words = f"every file has its verdict; {done} of {total} are explained"
        st.progress((judged + done) / (2 * total), text=words)
        if st.button("Cancel the rest", key="detect-cancel"):
            detect_state.service().cancel(own.id)


def _row(item: Item) -> dict[str, object]:
    verdict = item.verdict
    if verdict is None:
        return {"file": item.upload.shown, "verdict": item.first.stage, "truth": item.truth or ""}
    return {
        "file": item.upload.shown,
        "verdict": verdict.verdict or verdict.status.replace("_", " "),
        "score": verdict.score,
        "probability": verdict.probability,
        "detector": verdict.detector,
        "evidence": verdict.reason or verdict.words,
        "truth": item.truth or "",
    }


def _csv(own: detect_state.Session) -> str:
    """Every verdict of the session, a line each."""
    verdicts = [j.verdict for item in list(own.items) for j in item.latest.values()]
    return exports.as_csv([v.to_dict() for v in verdicts if v is not None])


def clear() -> None:
    own = detect_state.session()
    detect_state.service().cancel(own.id)
    for item in list(own.items):
        detect_state.forget(item)
    own.refused.clear()
    st.session_state["detect_round"] = st.session_state.get("detect_round", 0) + 1
