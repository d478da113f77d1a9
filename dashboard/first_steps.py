"""The three steps of a first visit: data, a first detector, and playing with it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import streamlit as st

from core import words
from core.catalog import demo, table
from core.catalog.demo import speed
from core.catalog.scan import scan
from core.detection.defaults import default_detector, set_default
from core.imports import weights
from core.media.faces import yunet_file
from core.runs import recommendation
from core.runs.summaries import Summary
from core.runs.titles import titles
from dashboard import jobs, session, theme
from dashboard.datasets.table import headline

DEMO_JOB, YUNET_JOB = "demo", "yunet"
ADDS_OWN = "datasets-adds-own"  # who comes to Datasets comes to add a folder
YUNET = "face_detection_yunet_2026may.onnx"
FIRST = "First detector"
# Small enough for two processors and two minutes; everything else is a default.
FIRST_CONFIG = {
    "name": FIRST,
    "modality": "image",
    "model": "forensic_residual",
    "epochs": 4,
    "image_size": 192,
    "max_samples_per_class": 150,
    "faces": False,
    "balancing": ["sampler"],
}


def data_step(infos: Sequence[table.DatasetInfo]) -> None:
    st.markdown("## 1 · Data")
    if is_making_demo():
        st.markdown(
            "The demo datasets are being made. The bar above shows how far they are; you can leave this page meanwhile."
        )
        return
    if infos:
        st.markdown(f"In the catalogue: {headline(infos)}.")
        if st.button("See how imbalanced they are", key="home-datasets"):
            theme.go_to("datasets")
    else:
        takes = theme.duration(measure_times().demo)
        st.markdown(
            f"Make small demo datasets, which takes about {takes} on this machine as it is now, or add folders of your "
            "own."
        )
        with st.container(horizontal=True):
            if st.button("Make the demo datasets", type="primary", key="home-demo"):
                theme.act(start_demo)
            if st.button("Add my own folder", key="home-own"):
                st.session_state[ADDS_OWN] = True
                theme.go_to("datasets")
    _face_finder()


@st.cache_data(ttl=60, show_spinner=False)
def measure_times() -> speed.Times:
    """Measured once a minute for all sessions."""
    return speed.expected()


def _face_finder() -> None:
    """YuNet finds faces that the packaged cascade misses; it is offered until it is here."""
    space, person = session.space(), session.person()
    jobs.watch(YUNET_JOB)
    job = jobs.current(YUNET_JOB)
    if not person.operator or yunet_file(space) is not None or (job is not None and not job.finished):
        return

    def work(job: jobs.Job) -> None:
        weights.get(YUNET, person=person, space=space, progress=job.report)

    if st.button(
        "Fetch the better face finder (0.2 MB)",
        key="home-yunet",
        type="tertiary",
        icon=":material/download:",
        help="YuNet finds faces that the finder in use misses. Runs that start from then on use it.",
    ):
        jobs.start(YUNET_JOB, "Fetching the better face finder:", work)
        st.rerun()


def is_making_demo() -> bool:
    job = jobs.current(DEMO_JOB)
    return job is not None and not job.finished


def start_demo() -> None:
    """Make the demo media and scan them, in the background."""
    space = session.space()
    person = session.person()
    person.require_operator("make the demo datasets")  # at once, on the page; core asks again

    def work(job: jobs.Job) -> None:
        made = demo.make(space.demo, progress=job.report, cancelled=job.cancel.is_set, person=person)
        job.report(1, 1, "counting the samples")
        scan([made["root"]], space=space, person=person)

    jobs.start(DEMO_JOB, "Demo datasets:", work, page="datasets")


def train_step(infos: Sequence[table.DatasetInfo], runs: Sequence[Summary]) -> None:
    st.markdown("## 2 · A first detector")
    first = next((run for run in runs if run.name == FIRST), None)
    if first is not None and first.state != "failed":
        st.markdown(f"{theme.safe(first.name)} {theme.state_badge(first.shown_state)}")
        if first.best is not None:
            figure = theme.interval(first.best, *(first.interval or (None, None)))
            st.markdown(
                f"Its best validation {theme.figure_name(first.monitor)} is {theme.safe(theme.unbroken(figure))}."
            )
        if first.active and first.progress is not None:
            left = first.seconds_left
            text = "starting" if left is None else f"{theme.duration(left)} left"
            st.progress(first.progress, text=first.preparation or text)
        with st.container(horizontal=True):
            if first.state in ("stopped", "interrupted") and st.button(
                "Resume it", type="primary", key="home-resume"
            ):
                theme.act(partial(session.manager().resume, first.id, session.person()))
            if st.button("See its curves", key="home-curves"):
                st.session_state["runs_chosen"] = [first.id]
                theme.go_to("runs")
        return
    datasets = picture_datasets(infos)
    st.markdown(
        "Train a small network on pictures of the catalogue. It runs in the background and takes about "
        f"{theme.duration(measure_times().training)} on this machine as it is now."
    )
    if st.button("Train a first detector", type="primary", key="home-train", disabled=not datasets):
        theme.act(lambda: start_first(datasets))
    if not datasets:
        st.caption("This needs a dataset with pictures of both classes, real and fake.")


def picture_datasets(infos: Sequence[table.DatasetInfo]) -> list[str]:
    """Sets of pictures with both classes; demo sets where there are any, so that the first run is short; else the one
    that has most of its smaller class."""
    fitting = [info for info in infos if _smaller_class(info)]
    chosen = [info for info in fitting if info.demo] or sorted(fitting, key=_smaller_class)[-1:]
    return [info.name for info in chosen]


def _smaller_class(info: table.DatasetInfo) -> int:
    """How many pictures there are of the class that has fewer."""
    pictures = [row for row in info.counts if row["modality"] == "image"]
    return min(sum(row["n"] for row in pictures if row["label"] == label) for label in (0, 1))


def start_first(datasets: list[str]) -> None:
    session.manager().submit({**FIRST_CONFIG, "datasets": datasets}, session.person())


def play_step(runs: Sequence[Summary]) -> None:
    st.markdown("## 3 · Decide and explain")
    done = next((run for run in runs if run.state == "completed"), None)
    st.markdown("Choose the threshold that suits you, then judge a file and see why it was judged so.")
    with st.container(horizontal=True):
        if st.button("Open the thresholds", key="home-thresholds", disabled=done is None):
            theme.go_to("thresholds")
        if st.button("Judge a file", key="home-detect", disabled=done is None):
            theme.go_to("detect")
    if done is None:
        st.caption("This needs a finished run.")
    else:
        _offer_default([run for run in runs if run.state == "completed"])


def _offer_default(done: Sequence[Summary]) -> None:
    """One click, for the first kind of files that has no default yet: the run that Compare would recommend."""
    for modality in dict.fromkeys(run.modality for run in done):
        best = recommendation.best_to_start_with([run for run in done if run.modality == modality])
        if best is None or default_detector(modality, session.space()) is not None:
            continue
        chosen = best.run
        called = titles(done)[chosen.id]
        if st.button(
            f"Make “{theme.safe(called)}” the default detector for {words.modality(modality)}",
            key="home-default",
        ):
            theme.act(partial(set_default, modality, chosen.id, session.person(), session.space()))
        st.caption(theme.safe(f"It is {best.reason}."))
        return
