"""Datasets: how imbalanced is my data? Opens from the saved catalogue, never by scanning."""

from __future__ import annotations

import functools

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core.catalog import shortcut_measurements, statistics, table
from core.catalog.table import DatasetInfo
from dashboard import address, first_steps, session, theme
from dashboard.charts import datasets as charts
from dashboard.datasets import advice as datasets_advice
from dashboard.datasets import checks as datasets_checks
from dashboard.datasets import expected as datasets_expected
from dashboard.datasets import gallery as datasets_gallery
from dashboard.datasets import leftover as datasets_leftover
from dashboard.datasets import mapping as datasets_mapping
from dashboard.datasets import table as datasets_table
from dashboard.datasets import work as datasets_work

VIEW = "datasets-view"
VIEWS = {
    "splits": "Training, validation, test",
    "methods": "Methods",
    "modalities": "Kinds of media",
    "durations": "Durations",
    "resolutions": "Resolutions",
}
UNDIVIDED = "Real and fake"  # in place of the parts, where the dataset has none of its own


def page() -> None:
    theme.page_title("How imbalanced is my data?")
    head = st.container(
        key="datasets-head",
        horizontal=True,
        horizontal_alignment="distribute",
        vertical_alignment="center",
    )
    datasets_work.progress()
    # After the work that may have ended: the catalogue has what it says was added.
    infos = table.infos(session.space())
    with head:
        said = f"**{datasets_table.headline(infos)}**" if infos else "No datasets yet."
        st.markdown(said, width="content")
        datasets_work.toolbar(infos)
    datasets_leftover.draw()
    if not infos:
        theme.empty(_next_step())
        datasets_expected.show_recommended()
        return
    _open_link(infos)
    chosen = datasets_table.draw(datasets_work.added_first(infos))
    _dataset(chosen, infos)
    st.divider()
    _more(chosen, infos)
    datasets_expected.checklist(infos)
    datasets_expected.show_recommended()


def _next_step() -> str:
    if first_steps.is_making_demo():
        return (
            "The demo datasets are being made; they appear here when they are done. You can leave this page meanwhile, "
            "or add a folder of your own."
        )
    takes = theme.duration(first_steps.measure_times().demo)
    return (
        "Add a folder that holds datasets as they were downloaded. Or make the demo datasets and try everything on "
        f"them, which takes about {takes} on this machine as it is now."
    )


def _open_link(infos: list[DatasetInfo]) -> None:
    """What a link or a reload asks for; a dataset that is not here is left as the page opens by itself."""
    given = address.read_link("datasets")
    if given and (name := given.get("dataset")) in {info.name for info in infos}:
        st.session_state["datasets_chosen"] = name
        datasets_gallery.from_address(str(name), given)
        st.session_state[VIEW] = given.get("view") if given.get("view") in VIEWS else "splits"


def _dataset(info: DatasetInfo, infos: list[DatasetInfo]) -> None:
    badge = f" {theme.demo_badge()}" if info.demo else ""
    st.markdown(f"## {theme.safe(info.name)}{badge}")
    with st.container(key="datasets-facts"):
        st.caption(theme.safe(datasets_table.describe(info)))
    drawn, advice = st.container(key="datasets-halves").columns([3, 2], gap="large")
    with drawn:
        _charts(info)
    with advice:
        datasets_advice.draw(info, infos)
    datasets_advice.more_data(info, infos)
    st.markdown("### Samples")
    datasets_gallery.draw(info)


def _offered(info: DatasetInfo) -> list[str]:
    """Only views that have something to tell: a picture has no duration, a recording no resolution."""
    kinds = set(statistics.count_by(info, "modality"))
    left_out = {
        "durations": not kinds - {"image"},
        "resolutions": not kinds - {"audio"},
        "modalities": len(kinds) < 2,
        "methods": not any(row["method"] for row in info.counts if row["label"] == 1),
    }
    return [view for view in VIEWS if not left_out.get(view)]


def _title(info: DatasetInfo, view: str) -> str:
    divided = set(statistics.count_by(info, "split")) != {"unassigned"}
    return VIEWS[view] if divided or view != "splits" else UNDIVIDED


def _charts(info: DatasetInfo) -> None:
    offered = _offered(info)
    if st.session_state.get(VIEW) not in offered:
        st.session_state[VIEW] = "splits"
    view = st.segmented_control(
        "What to see",
        offered,
        key=VIEW,
        label_visibility="collapsed",
        format_func=functools.partial(_title, info),
        wrap=True,
    )
    if view in ("durations", "resolutions"):
        _show_measured(info, view)
        return
    figure = _figure(info, info.name, str(info.counts), view or "splits")
    key = f"chart-{view or 'splits'}-{info.name}"
    event = st.plotly_chart(
        figure,
        key=key,
        on_select="rerun",
        selection_mode="points",
        config=theme.CHART_CONFIG,
        alt=f"Real and fake samples of {info.name}: {_title(info, view or 'splits')}",
    )
    datasets_gallery.take_click(info.name, key, event)
    formats = ", ".join(f"{theme.count(n)} {theme.safe(name)}" for name, n in info.formats.items())
    st.caption(f"Click a bar to see its samples below. Files: {formats or 'none'}.")


@st.cache_resource(show_spinner=False, max_entries=64)
def _figure(_info: DatasetInfo, name: str, counts: str, view: str) -> go.Figure:
    """Drawn once for all sessions, until a scan counts anew."""
    drawn = {"methods": charts.methods_figure, "modalities": charts.modalities_figure}
    return drawn.get(view, charts.splits_figure)(_info)


def _show_measured(info: DatasetInfo, view: str) -> None:
    """Durations and resolutions are measured on a sample of the files, together with the shortcut probe."""
    frame = shortcut_measurements.read_cached_features(info.name, space=session.space())
    if frame is None:
        with _in_place_of_a_chart():
            st.markdown(
                "Not measured yet. It takes seconds: a sample of the files is enough.",
                width="content",
                text_alignment="center",
            )
            if st.button("Measure a sample", key="datasets-measure", type="primary"):
                datasets_checks.start_measuring(info)
                st.rerun()
        return
    if sentence := _one_value(frame, view):
        with _in_place_of_a_chart():
            st.markdown(sentence, width="content", text_alignment="center")
    elif view == "durations":
        st.plotly_chart(
            charts.measured_figure(frame, "duration", "s"),
            key="durations",
            config=theme.CHART_CONFIG,
            alt=f"Durations of real and fake samples of {info.name}",
        )
    else:
        st.plotly_chart(
            charts.resolutions_figure(frame),
            key="resolutions",
            config=theme.CHART_CONFIG,
            alt=f"Width and height of real and fake samples of {info.name}",
        )
    st.caption(f"Measured on {theme.count_of(len(frame), 'file')}.")


def _in_place_of_a_chart() -> DeltaGenerator:
    """As high as the advice beside it: a line by itself would leave a hole under it."""
    return st.container(
        border=True, height="stretch", horizontal_alignment="center", vertical_alignment="center"
    )


def _one_value(frame: pd.DataFrame, view: str) -> str:
    """What a chart of one value would show, as a sentence; empty where the values differ."""
    columns = ["duration"] if view == "durations" else ["width", "height"]
    known = frame[columns].dropna()
    if known.empty:
        return f"None of the measured files has a {'duration' if view == 'durations' else 'resolution'}."
    if not all(np.ptp(known[column].to_numpy(float)) < 0.005 for column in columns):
        return ""
    first = known.iloc[0]
    if view == "durations":
        return f"All measured files are {theme.number(float(first['duration']))} seconds long."
    return f"All measured files are {int(first['width'])} × {int(first['height'])} pixels large."


def _more(info: DatasetInfo, infos: list[DatasetInfo]) -> None:
    plan, probe, problems, mapping, export = st.tabs(
        list(datasets_gallery.TABS.values()), key=datasets_gallery.TAB, on_change="rerun"
    )
    with plan:
        datasets_checks.plan_panel(info)
    with probe:
        datasets_checks.shortcuts_panel(info)
    with problems:
        datasets_checks.problems_panel(info)
    with mapping:
        datasets_mapping.dataset_panel(info)
    with export:
        datasets_checks.export_panel(infos)


page()
