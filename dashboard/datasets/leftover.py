"""What the last scan found, and the folders that it did not recognise, with the form that makes them datasets."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import streamlit as st

from core import words
from dashboard import tables, theme
from dashboard.datasets import mapping, work


def draw() -> None:
    found = work.last_scan()
    if found is None:
        return
    took = f" in {theme.duration(found['seconds'])}" if found["seconds"] >= 1 else ""
    counted = f"{theme.count_of(found['datasets'], 'dataset')}, {theme.count_of(found['samples'], 'sample')}"
    st.caption(f"Last scan: {counted}{took}.")
    if found["gone"]:
        names = theme.safe(words.listed(sorted(found["gone"])))
        them = "it" if len(found["gone"]) == 1 else "them"
        st.warning(
            f"{names} left the catalogue, for the folder is not there any more. Where it comes back, Rescan finds {them} again.",
            icon=":material/folder_off:",
        )
    left = found["unrecognised"]
    # The folder that was just given, where it brought nothing.
    barren = None if found["added"] else found["asked"]
    unknown = barren is not None and any(Path(path).is_relative_to(barren) for path, _ in left)
    if barren is not None and not unknown:
        st.warning(
            f"{theme.safe(barren)} holds no pictures, clips or recordings that the workbench can read.",
            icon=":material/folder_off:",
        )
    if not left and not found["problems"]:
        return
    files = sum(n for _, n in left)
    with st.expander(
        f"Not recognised: {theme.count_of(len(left), 'folder')}, {theme.count_of(files, 'file')}",
        expanded=unknown,
    ):
        st.markdown(
            "These folders are laid out like no dataset that the workbench knows. They have no folders `real` and "
            "`fake`, and no table of paths and labels. What is all real or all fake can be made a dataset here."
        )
        folders = pd.DataFrame(left, columns=["folder", "files"])
        st.dataframe(folders, hide_index=True, height="content", column_config=tables.under_headings(folders))
        for problem in found["problems"][:50]:
            st.markdown(f"- {theme.safe(problem)}")
        if left:
            mapping.folder_panel(left)
