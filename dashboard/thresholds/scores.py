"""Whose scores the Thresholds page looks at: a run's, or a file that the analyst brings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core.catalog import table as catalogue
from core.errors import BadInput
from core.media import shards
from core.runs import listing
from core.runs.folder import RunFolder, place_of
from core.runs.titles import titles
from core.thresholds import cautions, score_files
from core.thresholds.scored import Scored
from dashboard import session, theme
from dashboard.thresholds import score_upload

OWN = "A score file of your own"
NAMES = {"val": "validation", "test": "test", "all": "the whole file"}
KEPT = "thresholds-source-kept"  # the choice, also after another page was open


@dataclass(frozen=True)
class Source:
    """Scores by split; thresholds are chosen on `chosen_on`. A file without splits has `all` alone."""

    key: str
    title: str
    splits: Mapping[str, Scored]
    folder: RunFolder | None = None
    if_turned: str = cautions.OF_A_RUN  # what to do where the polarity is turned
    probabilities: bool = True  # whether 0.5 means even odds
    address: Mapping[str, str | None] = field(default_factory=dict)
    learned_nothing: bool = False

    @property
    def chosen_on(self) -> str:
        return "val" if "val" in self.splits else next(iter(self.splits))

    @property
    def turned(self) -> bool:
        """Whether low scores are fake in the file; thresholds are shown as the file has them."""
        return self.splits[self.chosen_on].turned

    def stamp(self, split: str) -> str:
        """Names these very scores, for what is worked out of them once."""
        return f"{self.key}-{split}-{id(self.splits[split])}"


def open_link(given: Mapping[str, str]) -> None:
    """What a link asks for, before the pickers are drawn."""
    score_upload.open_link(given)
    if "file" in given:
        st.session_state[KEPT] = OWN
    elif "run" in given:
        st.session_state[KEPT] = given["run"]
    st.session_state["thresholds-look"] = given.get("split")  # none: that on which it was chosen
    st.session_state.pop("thresholds-source", None)


def pick(where: DeltaGenerator, under: DeltaGenerator) -> Source | None:
    """The source picker, and under it what a file of one's own needs; None where there is nothing to look at yet."""
    space = session.space()
    known = [*listing.runs(space), *listing.detectors(space)]
    runs = {run.id: run for run in known if _scores(run.id, "val").is_file()}
    called = titles(list(runs.values()))
    if st.session_state.get("thresholds-source") not in (*runs, OWN):
        kept = st.session_state.get(KEPT)
        able = [run.id for run in runs.values() if not run.learned_nothing]
        instead = next(iter((*able, *runs)), OWN)
        if kept is not None and kept not in (*runs, OWN):
            gone = f"The run “{theme.safe(kept)}” of this link is not here, or it has no scores yet."
            another = "" if instead == OWN else f" “{theme.safe(called[instead])}” is shown instead."
            under.info(f"{gone}{another}")
        st.session_state["thresholds-source"] = kept if kept in (*runs, OWN) else instead
    run = runs.get(st.session_state["thresholds-source"])
    chosen = where.selectbox(
        f"Run {theme.demo_badge()}" if run is not None and run.demo else "Run",
        [*runs, OWN],
        key="thresholds-source",
        format_func=lambda run: OWN if run == OWN else called[run],
    )
    st.session_state[KEPT] = chosen
    if chosen == OWN:
        with under:
            return _of_own(bool(runs))
    folder = place_of(str(chosen), space)
    files = {split: _scores(folder.id, split) for split in ("val", "test")}
    present = {split: file for split, file in files.items() if file.is_file()}
    stamps = tuple((split, str(file), file.stat().st_mtime_ns) for split, file in present.items())
    splits = _of_run(stamps, str(session.space().root))
    found = runs[folder.id]
    nothing = found.learned_nothing is True
    return Source(folder.id, found.name, splits, folder, address={"run": folder.id}, learned_nothing=nothing)


def _of_own(runs: bool) -> Source | None:
    """A file of one's own; the page speaks of missing runs only as long as there is no file either."""
    hint = st.container()
    found = score_upload.draw()
    if found is None:
        if not runs and not score_upload.at_hand():
            with hint:
                theme.empty(
                    "There are no finished runs yet. Train a detector, or bring the scores of any detector.",
                    "Train a detector",
                    "train",
                )
        return None
    return Source(
        found.key,
        found.title,
        found.splits,
        if_turned=found.if_turned,
        probabilities=found.probabilities,
        address=found.address,
    )


def _scores(run: str, split: str) -> Path:
    return place_of(run, session.space()).scores_file(split)


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
    # Not in this catalogue: the row is shown without its file.
    except BadInput:
        return None
    return file if shards.is_file(file) else None
