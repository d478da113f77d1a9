"""A score file that the analyst brings: uploaded or found again, and what it does not say itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core.errors import BadInput
from core.thresholds import score_files
from core.thresholds.scored import Scored
from dashboard import theme
from dashboard.thresholds.uploads import Kept, store
from dashboard.uploading import file_uploader

TURN = "Low scores mean fake"
FAKE_LABEL = "The label that means fake"
PROBABILITIES = "The scores are probabilities"
FILE = "thresholds-file"  # token of the score file
TAKEN = "thresholds-uploads-taken"  # uploader -> (id of what it holds, token)


@dataclass(frozen=True)
class Reading:
    """What the page is told beside the file."""

    fake_label: str = ""
    lower: bool = False


@dataclass(frozen=True)
class Found:
    key: str
    title: str
    splits: Mapping[str, Scored]
    if_turned: str
    probabilities: bool
    address: Mapping[str, str | None]


def open_link(given: Mapping[str, str]) -> None:
    st.session_state[FILE] = given["file"]
    st.session_state["thresholds-fake-label"] = given.get("fake", "")
    st.session_state["thresholds-lower"] = given.get("low") == "1"


def at_hand() -> bool:
    """Whether a file was brought, readable or not."""
    token = st.session_state.get(FILE)
    return token is not None and store().find(token) is not None


def draw() -> Found | None:
    """The uploader and its questions, and what came of them."""
    box = st.container(key="thresholds-wide-own")
    file, left, right = box.columns([3, 2, 2], vertical_alignment="bottom")
    kept = _file(file)
    if kept is None:
        return None
    label = left.text_input(FAKE_LABEL, key="thresholds-fake-label", placeholder="1 or fake")
    lower = right.toggle(TURN, key="thresholds-lower")
    reading = Reading(label.strip(), lower)
    try:
        splits = _read(kept.token, kept.name, reading)
        probabilities = _probabilities(splits)
    except BadInput as error:
        st.error(theme.safe(_on_the_page(str(error))), icon=":material/error:")
        return None
    advice = f"If so, turn “{TURN}” {'off' if lower else 'on'} above."
    address = {"file": kept.token, "fake": reading.fake_label, "low": "1" if lower else None}
    key = f"own-{kept.token[:12]}-{reading.fake_label}-{lower}"
    return Found(key, kept.name, splits, advice, probabilities, address)


def _file(where: DeltaGenerator) -> Kept | None:
    """What the uploader holds, or else the file of the address."""
    drawn_before = "thresholds-upload" in st.session_state  # not after another page was open
    upload = file_uploader(
        "CSV (also .gz) or Parquet with the columns label and score; id, group, dataset, method and split are used too",
        place=where,
        key="thresholds-upload",
    )
    _take(upload, removed=drawn_before and upload is None)
    token = st.session_state.get(FILE)
    if token is None:
        return None
    kept = store().find(token)
    if kept is None:
        st.info("The file of this link is no longer on this server. Upload it again.")
        return None
    if upload is None:
        where.caption(f"{theme.safe(kept.name)} · {theme.size(kept.bytes)}, uploaded before")
    return kept


def _take(upload: Any, *, removed: bool) -> None:
    """A new upload becomes the file; one that is removed leaves none."""
    before = st.session_state.get(TAKEN)
    if upload is None:
        if removed and before is not None and st.session_state.get(FILE) == before[1]:
            st.session_state.pop(FILE, None)
        st.session_state.pop(TAKEN, None)
    elif before is None or before[0] != upload.file_id:
        kept = store().keep(upload, upload.name)
        st.session_state[TAKEN] = (upload.file_id, kept.token)
        st.session_state[FILE] = kept.token


def _probabilities(splits: Mapping[str, Scored]) -> bool:
    """Scores between 0 and 1 count as probabilities until the analyst says otherwise."""
    sweeps = [scored.sweep for scored in splits.values()]
    inside = all(sweep.thresholds[0] >= 0 and sweep.thresholds[-1] <= 1 for sweep in sweeps)
    return inside and st.toggle(
        PROBABILITIES,
        value=True,
        key="thresholds-probabilities",
        help="Then 0.5 means even odds and is offered as a threshold.",
    )


def _on_the_page(error: str) -> str:
    """Where the line of the command names its option, the field that is the same here."""
    head, option, _ = error.partition("name it with --fake-label")
    return f"{head}name it under “{FAKE_LABEL}” above" if option else error


@st.cache_resource(show_spinner="Reading scores", max_entries=2, scope="session")
def _read(token: str, name: str, reading: Reading) -> dict[str, Scored]:
    kept = store().find(token)
    if kept is None:
        raise BadInput(f"{name} is no longer on this server; upload it again")
    try:
        table = score_files.read(
            kept.path, fake_label=reading.fake_label or None, lower_is_fake=reading.lower
        )
    except BadInput as error:
        raise BadInput(str(error).replace(kept.path.name, name)) from error
    split = score_files.splits(table) if "split" in table else np.full(len(table), "")
    if "val" in split:
        return {s: Scored(table[split == s]) for s in ("val", "test") if s in split}
    return {"all": Scored(table)}
