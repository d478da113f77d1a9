"""What the analyst says of a dataset or folder: its name, what its labels mean, or that it is to be left out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import streamlit as st

from core.catalog import browse, overrides
from core.catalog.layouts.base import FAKE, REAL
from core.catalog.overrides import Override
from core.catalog.table import DatasetInfo
from dashboard import session, theme
from dashboard.datasets import work

AS_FOUND = "as found"
LABELS = (AS_FOUND, "real", "fake", "unlabelled")


def dataset_panel(info: DatasetInfo) -> None:
    """Name, mapping and leaving out of a dataset; labels can be mapped where no published layout states them."""
    labelled = info.layout == "generic"  # what its labels mean is stated by no published layout
    title = "Change its name or labels, or leave it out" if labelled else "Change its name, or leave it out"
    if not st.toggle(title, key=f"mapping-open-{info.name}"):
        says = "which of its folders are real and which fake, what the number 1 means in its lists, "
        st.caption(
            f"Here you say what the dataset is called, {says if labelled else ''}and whether it is in the catalogue."
        )
        return
    folder = str(info.extra.get("anchor") or info.root)
    said = overrides.read(session.space()).get(folder, Override())
    with st.form(f"mapping-{info.name}", border=False):
        name = st.text_input("Name", said.name or info.name)
        changed = replace(said, name="" if name.strip() == info.name and not said.name else name.strip())
        if labelled:
            changed = _labels(info, folder, changed)
        skip = st.checkbox(
            "Leave it out of the catalogue", said.skip, help="Adding its folder again brings it back."
        )
        if st.form_submit_button("Save and scan again", type="primary"):
            theme.act(lambda: _save(folder, replace(changed, skip=skip)))


def _labels(info: DatasetInfo, folder: str, said: Override) -> Override:
    one_is = st.radio(
        "In a list of numbers, 1 means",
        (FAKE, REAL),
        format_func=("real", "fake").__getitem__,
        index=0 if said.one_is == FAKE else 1,
        horizontal=True,
    )
    prefix = info.root[len(folder) :] if info.root.startswith(folder) else ""
    names = [f"{prefix}/{name}".strip("/") for name in browse.folders(info.name, session.space())]
    edited = st.data_editor(
        {"folder": names, "label": [said.labels.get(name, AS_FOUND) for name in names]},
        column_config={
            "folder": st.column_config.TextColumn(disabled=True),
            "label": st.column_config.SelectboxColumn(options=LABELS, required=True),
        },
        hide_index=True,
        key=f"mapping-folders-{info.name}",
    )
    labels = {
        f: label for f, label in zip(edited["folder"], edited["label"], strict=True) if label != AS_FOUND
    }
    return replace(said, one_is=one_is, labels=labels)


def folder_panel(left: Sequence[tuple[str, int]]) -> None:
    """A folder that nothing recognised, made a dataset by hand."""
    with st.form("mapping-unrecognised", border=False):
        folder = st.selectbox("Folder", [path for path, _ in left])
        name = st.text_input("Name it", placeholder="as its folder is called")
        label = st.radio("All of it is", LABELS[1:], horizontal=True)
        if st.form_submit_button("Add as a dataset") and folder:
            theme.act(lambda: _save(folder, Override(name=name.strip(), labels={"": label})))


def _save(folder: str, said: Override) -> None:
    overrides.save(folder, said, session.person(), session.space())
    work.start_scan(work.present_roots())
    st.rerun()
