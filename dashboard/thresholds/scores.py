"""Whose scores the Thresholds page looks at: a run's, or a file that the analyst brings."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core.catalog import table as catalogue
from core.errors import BadInput
from core.media import shards
from core.runs import listing
from core.runs.folder import RunFolder
from core.thresholds import cautions, score_files
from core.thresholds.scored import Scored
from dashboard import session, theme
from dashboard.uploading import file_uploader

OWN = "your own score file"
TURN = "Low scores mean fake"
FAKE_LABEL = "The label that means fake"
NAMES = {"val": "validation", "test": "test", "all": "all of the file"}


@dataclass(frozen=True)
class Source:
    """Scores by split; thresholds are chosen on `chosen_on`. A file without splits has `all` alone."""

    key: str
    title: str
    splits: Mapping[str, Scored]
    folder: RunFolder | None = None
    if_turned: str = cautions.OF_A_RUN  # what to do where the polarity is turned

    @property
    def chosen_on(self) -> str:
        return "val" if "val" in self.splits else next(iter(self.splits))


def pick(where: DeltaGenerator, under: DeltaGenerator) -> Source | None:
    """The source picker, and under it what a file of one's own needs; None where there is nothing to look at yet."""
    runs = {run.id: run for run in listing.runs(session.space()) if _scores(run.id, "val").is_file()}
    st.session_state.setdefault("thresholds-source", next(iter(runs), OWN))
    if st.session_state["thresholds-source"] not in (*runs, OWN):
        st.session_state["thresholds-source"] = next(iter(runs), OWN)
    run = runs.get(st.session_state["thresholds-source"])
    chosen = where.selectbox(
        f"Run {theme.demo_badge()}" if run is not None and run.demo else "Run",
        [*runs, OWN],
        key="thresholds-source",
        format_func=lambda run: OWN if run == OWN else f"{runs[run].name} · {run}",
    )
    if chosen == OWN:
        with under:
            if not runs:
                theme.empty(
                    "There are no finished runs yet. Train a detector, or bring the scores of any detector.",
                    "Train one",
                    "train",
                )
            return _own()
    folder = RunFolder(session.space().runs / str(chosen))
    files = {split: _scores(folder.id, split) for split in ("val", "test")}
    present = {split: file for split, file in files.items() if file.is_file()}
    stamps = tuple((split, str(file), file.stat().st_mtime_ns) for split, file in present.items())
    return Source(folder.id, runs[folder.id].name, _of_run(stamps, str(session.space().root)), folder)


def _scores(run: str, split: str) -> Path:
    return RunFolder(session.space().runs / run).scores_file(split)


@st.cache_resource(show_spinner="Reading scores", max_entries=4)
def _of_run(stamps: tuple[tuple[str, str, int], ...], root: str) -> dict[str, Scored]:
    return {split: Scored(_with_catalogue(score_files.read(path))) for split, path, _ in stamps}


def _with_catalogue(scores: pd.DataFrame) -> pd.DataFrame:
    """Where each sample lies and whom it shows, as far as the catalogue still knows it."""
    if "id" not in scores or "dataset" not in scores:
        return scores
    known = [
        name for name in scores["dataset"].astype(str).unique() if name in catalogue.datasets(session.space())
    ]
    if not known:
        return scores
    columns = ["id", "path", "dataset", "identity"]
    rows = catalogue.load(known, session.space(), columns).drop_duplicates("id").set_index("id")
    ids = scores["id"].astype(object)
    found = rows.reindex(ids)
    joined = scores.assign(path=found["path"].to_numpy())
    return joined if "identity" in scores else joined.assign(identity=found["identity"].to_numpy())


def file_of(row: Any) -> Path | None:
    """The media file of a score row, where the catalogue knows it and it is there."""
    path, dataset = getattr(row, "path", None), getattr(row, "dataset", None)
    if not isinstance(path, str) or not dataset:
        return None
    try:
        file = catalogue.root_of(str(dataset), session.space()) / path
    except BadInput:
        return None
    return file if shards.is_file(file) else None


def _own() -> Source | None:
    """Upload a file, and answer what it does not say itself."""
    file, left, right = st.container(key="thresholds-wide-own").columns(
        [3, 2, 2], vertical_alignment="bottom"
    )
    upload = file_uploader(
        "CSV (also .gz) or Parquet with the columns label and score; id, group, dataset, method and split are used too",
        key="thresholds-upload",
        place=file,
    )
    if upload is None:
        return None
    fake_label = left.text_input(
        FAKE_LABEL, key="thresholds-fake-label", placeholder="as it says (1 or fake)"
    )
    lower = right.toggle(TURN, key="thresholds-lower")
    try:
        splits = _of_upload(upload.file_id, upload, fake_label or None, lower)
    except BadInput as error:
        st.error(theme.safe(_on_the_page(str(error))), icon=":material/error:")
        return None
    advice = f"If so, turn “{TURN}” {'off' if lower else 'on'} above."
    return Source(f"own-{upload.file_id}-{fake_label}-{lower}", upload.name, splits, if_turned=advice)


def _on_the_page(error: str) -> str:
    """Where the line of the command names its option, the field that is the same here."""
    head, option, _ = error.partition("name it with --fake-label")
    return f"{head}name it under “{FAKE_LABEL}” above" if option else error


@st.cache_resource(show_spinner="Reading scores", max_entries=2, scope="session")
def _of_upload(file_id: str, _upload: Any, fake_label: str | None, lower: bool) -> dict[str, Scored]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "scores"  # never under the name that it came with
        with path.open("wb") as file:
            _upload.seek(0)
            while block := _upload.read(1 << 20):
                file.write(block)
        try:
            table = score_files.read(path, fake_label=fake_label, lower_is_fake=lower)
        except BadInput as error:
            told = str(error)
            raise BadInput(
                _upload.name + told.removeprefix(path.name) if told.startswith(path.name) else told
            ) from error
    split = score_files.splits(table) if "split" in table else np.full(len(table), "")
    if "val" in split:
        return {s: Scored(table[split == s]) for s in ("val", "test") if s in split}
    return {"all": Scored(table)}
