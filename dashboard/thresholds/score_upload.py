"""A score file that the analyst brings: uploaded or found again, and what it does not say itself."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core.errors import BadInput
from core.thresholds import score_files
from core.thresholds.own_scale import own_ends
from core.thresholds.scored import Scored
from dashboard import theme
from dashboard.thresholds import page_state
from dashboard.thresholds.uploads import Kept, store
from dashboard.uploading import file_uploader

TURN = "Low scores mean fake"
FAKE_LABEL = "The label that means fake"
PROBABILITIES = "The scores are probabilities"
MAPPED = {"score": "Column of the score", "label": "Column of the label", "id": "Column of the id"}
HELP = (
    "CSV (also .gz), Parquet, or columns separated by spaces as ASVspoof writes them. It needs a label and a score; "
    "id, group, dataset, method and split are used where they are there."
)


@dataclass(frozen=True)
class Slot:
    """One of the two uploaders: the state it keeps, and its name in the address."""

    name: str
    label: str
    help: str

    @property
    def token(self) -> str:
        return f"thresholds-{self.name}"


SCORES = Slot("file", "Score file", HELP)
KEY = Slot("key", "Key file (if the labels are in a second file)", "The label of each id of the score file.")
ASV = Slot(
    "asv",
    "Speaker-verification scores (adds the t-DCF)",
    "As ASVspoof 2019 writes them: each row ends in target, nontarget or spoof, and its score.",
)


@dataclass(frozen=True)
class Reading:
    """What the page is told beside the file."""

    fake_label: str = ""
    lower: bool = False
    key: str = ""  # token of the key file
    columns: tuple[tuple[str, str], ...] = ()  # of the house, and the file's own


@dataclass(frozen=True)
class Found:
    key: str
    title: str
    splits: Mapping[str, Scored]
    if_turned: str
    probabilities: bool
    address: Mapping[str, str | None]


def open_link(given: Mapping[str, str]) -> None:
    for slot in (SCORES, KEY, ASV):
        st.session_state[slot.token] = given.get(slot.name)
    st.session_state["thresholds-fake-label"] = given.get("fake", "")
    st.session_state["thresholds-lower"] = given.get("low") == "1"
    for name in MAPPED:
        st.session_state[f"thresholds-column-{name}"] = given.get(f"column_{name}", "")


def at_hand() -> bool:
    """Whether a file was brought, readable or not."""
    token = st.session_state.get(SCORES.token)
    return token is not None and store().find(token) is not None


def draw() -> Found | None:
    """The uploaders and their questions, and what came of them; an error stands under the file that it is about."""
    box = st.container(key="thresholds-wide-own")
    first, second = box.columns(2)
    kept, key = file_of(first, SCORES), file_of(second, KEY)
    if kept is None:
        return None
    reading = _reading(box, key)
    try:
        splits, understood = _read(kept.token, kept.name, reading)
        probabilities = _probabilities(splits)
    except BadInput as error:
        # Without the key file of its link, the scores lack what that would say.
        if key is not None or st.session_state.get(KEY.token) is None:
            _show_error(second if isinstance(error, score_files.BadKey) else first, error)
        return None
    st.caption(understood)
    address: dict[str, str | None] = {"file": kept.token, "key": reading.key, "fake": reading.fake_label}
    address |= {"low": "1" if reading.lower else None}
    address |= {f"column_{name}": own for name, own in reading.columns}
    advice = f"If so, turn “{TURN}” {'off' if reading.lower else 'on'} above."
    told = hashlib.sha256(repr(reading).encode()).hexdigest()[:8]
    return Found(f"own-{kept.token[:12]}-{told}", kept.name, splits, advice, probabilities, address)


def _show_error(where: DeltaGenerator, error: BadInput) -> None:
    where.error(theme.sentence(_on_the_page(str(error), "below")), icon=":material/error:")


def _reading(box: DeltaGenerator, key: Kept | None) -> Reading:
    left, right = box.columns(2, vertical_alignment="bottom")
    label = left.text_input(FAKE_LABEL, key="thresholds-fake-label", placeholder="Found by its word")
    lower = right.toggle(TURN, key="thresholds-lower")
    columns = []
    with box.expander("Columns of the file"):
        st.caption(
            "Needed only where the names do not tell. In a file without a header write the place: 1, 2, 3."
        )
        for place, (name, title) in zip(st.columns(len(MAPPED)), MAPPED.items(), strict=True):
            own = place.text_input(title, key=f"thresholds-column-{name}", placeholder="Found by itself")
            if own.strip():
                columns.append((name, own.strip()))
    return Reading(label.strip(), lower, "" if key is None else key.token, tuple(columns))


def file_of(where: DeltaGenerator, slot: Slot) -> Kept | None:
    """What the uploader holds, or else the file of the address."""
    drawn_before = f"{slot.token}-upload" in st.session_state  # not after another page was open
    upload = file_uploader(slot.label, place=where, key=f"{slot.token}-upload", help=slot.help)
    try:
        _take(slot, upload, removed=drawn_before and upload is None)
    except BadInput as error:
        _show_error(where, error)
        return None
    token = st.session_state.get(slot.token)
    if token is None:
        return None
    kept = store().find(token)
    if kept is None:
        where.info("The file of this link is no longer on this server. Upload it again.")
        return None
    if upload is None:
        where.caption(f"{theme.safe(kept.name)} · {theme.size(kept.bytes)}, uploaded before")
    return kept


def _take(slot: Slot, upload: Any, *, removed: bool) -> None:
    """A new upload becomes the file; one that is removed leaves none."""
    held = f"{slot.token}-held"  # (id of what the uploader holds, token)
    before = st.session_state.get(held)
    if upload is None:
        if removed and before is not None and st.session_state.get(slot.token) == before[1]:
            st.session_state.pop(slot.token, None)
        st.session_state.pop(held, None)
    elif before is None or before[0] != upload.file_id:
        kept = store().keep(upload, upload.name)
        st.session_state[held] = (upload.file_id, kept.token)
        st.session_state[slot.token] = kept.token


def _probabilities(splits: Mapping[str, Scored]) -> bool:
    """Scores between 0 and 1 count as probabilities until the analyst says otherwise."""
    shares = all(_within_0_and_1(scored) for scored in splits.values())
    st.session_state.setdefault(page_state.PROBABILITIES, True)
    return shares and st.toggle(
        PROBABILITIES,
        key=page_state.PROBABILITIES,
        help="Then 0.5 means even odds and is offered as a threshold.",
    )


def _within_0_and_1(scored: Scored) -> bool:
    """On the scale of the file: scores whose low end is fake are negated inside."""
    thresholds = scored.sweep.thresholds
    low, high = own_ends(float(thresholds[0]), float(thresholds[-1]), scored.turned)
    return low is not None and high is not None and low >= 0 and high <= 1


def _on_the_page(line: str, place: str) -> str:
    """Where a line of the command names its option, the field that is the same here."""
    line = line.replace(" (--key KEY)", "")
    columns = f"under “Columns of the file” {place}"
    for option, instead in (
        ("name it with --fake", f"name it under “{FAKE_LABEL}” {place}"),
        ("name fake with --fake", f"name it under “{FAKE_LABEL}” {place}"),
        ("--column label=PLACE says otherwise", f"another is named {columns}"),
        ("--column", f"say which is which {columns}"),
    ):
        head, found, _ = line.partition(option)
        if found:
            return f"{head}{instead}" + ")" * (head.count("(") - head.count(")"))
    return line


@st.cache_resource(show_spinner="Reading scores", max_entries=2, scope="session")
def _read(token: str, name: str, reading: Reading) -> tuple[dict[str, Scored], str]:
    """The scores by split, and a line of what was understood."""
    kept = store().find(token)
    key = store().find(reading.key) if reading.key else None
    if kept is None or (reading.key and key is None):
        raise BadInput(f"{name} or its key file is no longer on this server; upload it again")
    try:
        table = score_files.read(
            kept.path,
            fake_label=reading.fake_label or None,
            lower_is_fake=reading.lower,
            key=None if key is None else key.path,
            mapping=dict(reading.columns),
        )
    except BadInput as error:
        text = str(error).replace(kept.path.name, name)
        raise type(error)(text if key is None else text.replace(key.path.name, key.name)) from error
    understood = _describe_reading(table, reading)
    split = score_files.splits(table) if "split" in table else np.full(len(table), "")
    if "val" in split:
        return {s: Scored(table[split == s]) for s in ("val", "test") if s in split}, understood
    return {"all": Scored(table)}, understood


def _describe_reading(table: pd.DataFrame, reading: Reading) -> str:
    fakes = int(table["label"].sum())
    sides = table.attrs.get("labels", {})
    parts = []
    for side, count in (("fake", fakes), ("real", len(table) - fakes)):
        words = ", ".join(sides.get(side, [])) or side
        parts.append(f"**{theme.safe(words)}** is {side} ({theme.count(count)})")
    parts.append(f"{'low' if reading.lower else 'high'} scores are taken for fake")
    own = table.attrs.get("columns", {})
    named = [f"{house} from column {theme.safe(name)}" for house, name in own.items() if house != name]
    notes = [theme.safe(_on_the_page(note, "above")) for note in table.attrs.get("notes", [])]
    return " · ".join([*parts, *named, *notes])
