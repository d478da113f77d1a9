"""The samples behind a cell of a confusion matrix: see them, exclude them, or give them another label."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import streamlit as st

from core.catalog import exclusions, table
from core.errors import WorkbenchError, one_line
from core.media import shards
from core.runs.folder import RunFolder
from dashboard import session, tables, theme

CELLS = {
    "tp": ("fakes called fake", 1, True),
    "fn": ("fakes called real", 1, False),
    "fp": ("reals called fake", 0, True),
    "tn": ("reals called real", 0, False),
}
MOST = 500
COLUMNS = {"score": "score", "id": "sample", "method": "method", "dataset": "dataset", "group": "group"}
ACTIONS = {"exclude": "Exclude from later plans", "real": "Relabel as real", "fake": "Relabel as fake"}


def cell_of(point: Mapping[str, Any]) -> str | None:
    """The cell of a clicked point: by its own name, or by where it stands in the heat map."""
    data = point.get("customdata")
    name = data[0] if isinstance(data, list) and data else data
    if name in CELLS:
        return str(name)
    truth, called = point.get("y"), str(point.get("x", ""))
    found = {("fake", True): "tp", ("fake", False): "fn", ("real", True): "fp", ("real", False): "tn"}
    return found.get((str(truth), called.endswith("fake")))


def samples(folder: RunFolder, split: str, cell: str, threshold: float | None) -> pd.DataFrame:
    """The samples of the cell, the most mistaken (or most certain) first."""
    found = pd.read_parquet(folder.scores_file(split))
    _, label, called_fake = CELLS[cell]
    called = pd.Series(False, found.index) if threshold is None else found["score"] >= threshold
    part = found[(found["label"] == label) & (called == called_fake)]
    return part.sort_values("score", ascending=not called_fake).reset_index(drop=True)


def draw(folder: RunFolder, split: str, cell: str, threshold: float | None, place: str) -> None:
    found = samples(folder, split, cell, threshold)
    words = CELLS[cell][0] if len(found) != 1 else CELLS[cell][0].replace("s ", " ", 1)
    st.markdown(f"**{theme.count(len(found))} {words}**")
    if found.empty:
        return
    key = f"cell-{place}-{folder.id}-{split}-{cell}"
    shown = found.loc[: MOST - 1, [c for c in COLUMNS if c in found]].rename(columns=COLUMNS)
    # The end of a path tells samples apart, and the end would be cut.
    shown["sample"] = shown["sample"].str.rsplit("/", n=1).str[-1]
    picked = st.dataframe(
        shown,
        hide_index=True,
        column_config=tables.under_headings(shown),
        height=240,
        key=key,
        on_select="rerun",
        selection_mode=["multi-row", "single-cell"],
        alt=f"{words}: a click on a row, or the arrow keys, show the sample below",
    )
    clicked = [row for row, _ in picked["selection"]["cells"] if row < len(found)]
    ticked = [row for row in picked["selection"]["rows"] if row < len(found)]
    if not (clicked or ticked):
        st.caption(
            "Click on a sample to see or hear it, to exclude it from later plans, or to correct its label; tick several to "
            "do so with all of them."
        )
        return
    _play(found.iloc[(clicked or ticked)[0]])
    _list(found.iloc[ticked or clicked]["id"].astype(str).tolist(), key)


def _play(row: pd.Series) -> None:
    try:
        known = table.load([str(row["dataset"])], session.space(), ["id", "dataset", "path", "modality"])
        match = known[known["id"] == row["id"]]
        if match.empty:
            st.caption("This sample is not in the catalogue any more.")
            return
        file = table.absolute_path(match.iloc[0], session.space())
        _show(file, str(match.iloc[0]["modality"]))
    except WorkbenchError as error:
        st.caption(theme.safe(one_line(error)))


def _show(file: Path, modality: str) -> None:
    if not shards.is_file(file):
        st.caption("The media file is not on this machine.")
    elif modality == "image":
        from core.media.images import open_image

        st.image(open_image(file), alt=file.name)
    elif modality == "audio":
        st.audio(str(shards.extract(file, session.space().cache / "rows")))
    else:
        st.video(str(shards.extract(file, session.space().cache / "rows")))


def _list(ids: list[str], key: str) -> None:
    why = st.text_input("Why", key=f"{key}-why", placeholder="wrong label, damaged, duplicate …")
    with st.container(horizontal=True):
        for action, words in ACTIONS.items():
            pressed = st.button(words, key=f"{key}-{action}", disabled=not session.person().operator)
            add = functools.partial(exclusions.add, ids, action, why, session.person(), session.space())
            if pressed and theme.run_guarded(add):
                st.success(
                    f"Noted for {theme.count_of(len(ids), 'sample')}: the next plan does so, and says it."
                )
