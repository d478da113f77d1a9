"""The entry of the dashboard: sign-in, navigation, and what is running now."""

from __future__ import annotations

import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
if sys.path[0] != str(HERE.parent):
    # `streamlit run` puts dashboard/ itself first, where its folders would hide packages of the same name.
    sys.path[:] = [str(HERE.parent), *(p for p in sys.path if p not in (str(HERE), str(HERE.parent)))]

import streamlit as st  # noqa: E402

from dashboard import page_frame, running, session, uploading  # noqa: E402

PAGES = (
    ("home", "Home", ":material/home:"),
    ("datasets", "Datasets", ":material/database:"),
    ("train", "Train", ":material/model_training:"),
    ("runs", "Runs", ":material/monitoring:"),
    ("thresholds", "Thresholds", ":material/tune:"),
    ("detect", "Detect", ":material/frame_inspect:"),
    ("detectors", "Detectors", ":material/deployed_code:"),
    ("compare", "Compare", ":material/compare_arrows:"),
)
FOR_OPERATORS = (("trail", "Trail", ":material/history:"),)


def draw() -> None:
    st.set_page_config(
        page_title="Deepfake workbench",
        page_icon=HERE / "favicon.svg",
        layout="wide",
        initial_sidebar_state=230,
    )
    st.html(HERE / "page.css")
    st.html(HERE / "tables.css")
    session.require_sign_in()
    shown = PAGES + FOR_OPERATORS if session.person().operator else PAGES
    page = st.navigation(
        [
            st.Page(f"views/{name}.py", title=title, icon=icon, url_path=name, default=name == "home")
            for name, title, icon in shown
        ]
    )
    st.set_page_config(page_title=f"{page.title} · Deepfake workbench")  # what tabs and the history show
    with st.sidebar:
        running.panel()
        page_frame.draw()
    with uploading.page_run():
        page.run()


# Processes that a page starts, as for the demo, read this file again under another name and draw nothing.
if __name__ == "__main__":
    draw()
