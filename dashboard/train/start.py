"""The end of the Train page: what is wrong, and the buttons that start or queue the run."""

from __future__ import annotations

import hashlib
import time
from typing import Any

import streamlit as st

from core import words
from core.errors import BadInput, one_line
from core.runs import estimate, executors, listing, tuning
from core.runs.folder import RunFolder
from core.training.options.config import TrainConfig
from core.workspace import Workspace
from dashboard import jobs, session, theme
from dashboard import words as names
from dashboard.runs import rows as run_rows
from dashboard.train import data as train_data
from dashboard.train import option_form, plan

ALONE = "Measuring a few steps for the estimate:"
BESIDE = "Measuring a few steps beside the run, for the estimate:"
STILL = 2.0  # seconds without a change before time and memory are measured
SINCE, ESTIMATE = "train-estimate-since", "train-estimate-key"


def problems(config: dict[str, Any], space: Workspace) -> list[str]:
    """Everything that would make the run fail, before anything starts; what is said beside the data is not repeated:
    that nothing fits, or that a class is missing."""
    found = []
    try:
        TrainConfig.from_dict(config)
    except BadInput as error:
        found.append(names.message(one_line(error)))
    fitting = [d.name for d in train_data.fitting(config["modality"], space)]
    reasons = train_data.not_fitting(config["modality"], space)
    strangers = [name for name in config["datasets"] if name not in fitting] if fitting else []
    chosen = train_data.chosen(config, space)
    found += [
        f"Datasets: {name} {reasons.get(name, 'is not in the catalogue')}; choose another."
        for name in strangers
    ]
    if config["protocol"] == "heldout_method" and not config["heldout"]:
        found.append(f"{names.option('heldout')}: choose the method that only the test part has.")
    if (
        chosen
        and not found
        and not train_data.missing_class(chosen)
        and (problem := plan.divide(config, space).problem)
    ):
        found.append(names.message(problem))
    return found


def draw() -> None:
    config = option_form.config()
    wrong = problems(config, session.space())
    for line in wrong:
        st.error(theme.sentence(line), icon=":material/error:")
    operator = session.person().operator
    if not operator:
        st.info("You may look at everything and judge files. Operators start runs.")
    fitting = train_data.fitting(config["modality"], session.space())
    missing = train_data.missing_class(train_data.chosen(config, session.space()))
    blocked = bool(wrong) or not operator or not fitting or bool(missing)
    where = _where(session.space())
    with st.container(horizontal=True, vertical_alignment="bottom"):
        for label, first in (("Start", True), ("Add to queue", False)):
            if st.button(
                label,
                key=f"train-{'start' if first else 'queue'}",
                type="primary" if first else "secondary",
                disabled=blocked,
                help=_explain(first, missing),
            ):
                _submit(config, where, first=first)
        box = st.popover("Search for better settings …", disabled=blocked)
        with box.container(width=theme.BOX):
            _tune(config)
    # After the buttons: it runs the page again when it begins, and a press on Start would be lost before it was heard.
    # Under them: they stay where they are when it comes.
    if not blocked:
        _estimate(config)


def _explain(first: bool, missing: str) -> str:
    """Of a button that starts the run; of one that cannot be pressed, what comes before."""
    if missing:
        return f"First add {missing} samples, beside the data."
    return "It is the next run to start." if first else "It starts after the runs that wait already."


def _where(space: Workspace) -> str:
    """Which executor: a choice where the settings offer several, else none (the default)."""
    try:
        names = executors.list_offered(space)
    except BadInput as error:
        st.error(theme.sentence(error), icon=":material/error:")
        return ""
    if len(names) < 2:
        return ""
    return (
        st.segmented_control(
            "Runs on", names, default=names[0], key="train-executor", format_func=words.PLACES.__getitem__
        )
        or names[0]
    )


def _submit(config: dict[str, Any], where: str, *, first: bool) -> None:
    started: list[RunFolder] = []
    asked = TrainConfig.from_dict(config)
    values = {**asked.to_dict(), "model": asked.model_name}

    def submit() -> None:
        manager, person = session.manager(), session.person()
        started.append(manager.submit(values, person, first=first, executor=where))

    if theme.run_guarded(submit):
        stop_estimate()
        st.session_state.pop("train_filled_from", None)
        st.session_state[run_rows.CHOSEN] = [started[0].id]
        theme.go_to("runs")


def _estimate(config: dict[str, Any]) -> None:
    """Measured in a process of its own, by itself once the form stands still; the figure belongs to one configuration."""
    space = session.space()
    # What changes neither time nor memory.
    asked = {k: v for k, v in config.items() if k not in ("name", "threshold_method", "calibration")}
    key = f"estimate-{space.root}-{hashlib.sha256(repr(asked).encode()).hexdigest()[:16]}"
    job, active = jobs.current(key), listing.active(space)
    if job is not None and job.finished and job.name == BESIDE and not active:
        jobs.forget(key)  # now it can be measured alone
        job = None
    if job is not None and not job.finished:
        jobs.watch(key)
    elif job is not None and job.result is not None:
        _draw_estimate(job.result, beside=job.name == BESIDE)
    elif job is not None or active:
        _ask_for_estimate(key, config, job)
    else:
        st.fragment(_measure_soon, run_every=STILL)(key, config)


def _ask_for_estimate(key: str, config: dict[str, Any], job: jobs.Job | None) -> None:
    """A button where measuring would disturb a run, or did not work."""
    if job is not None and job.error:
        st.warning(theme.sentence(job.error))
    elif job is None:
        st.caption("A run is training now. An estimate made beside it takes longer and comes out too high.")
    if st.button("Estimate time and memory", key="train-estimate", icon=":material/timer:"):
        _measure(key, config)
        st.rerun()


def _measure_soon(key: str, config: dict[str, Any]) -> None:
    """Waits until nothing was changed for a moment."""
    begin = st.session_state.setdefault(SINCE, (key, time.monotonic()))
    if begin[0] != key:
        st.session_state[SINCE] = (key, time.monotonic())
    elif time.monotonic() - begin[1] >= STILL:
        _measure(key, config)
        st.rerun()
    st.caption("Time and memory are estimated in a moment.")


def _measure(key: str, config: dict[str, Any]) -> None:
    space, person = session.space(), session.person()
    stop_estimate()
    st.session_state[ESTIMATE] = key
    jobs.forget(key)
    jobs.start(
        key,
        BESIDE if listing.active(space) else ALONE,
        lambda job: estimate.estimate(config, space, job.cancel.is_set, person),
    )


def stop_estimate() -> None:
    """Of an earlier configuration, or because the run itself begins."""
    earlier = jobs.current(st.session_state.get(ESTIMATE, ""))
    if earlier is not None:
        earlier.cancel.set()


def _draw_estimate(found: estimate.Estimate, *, beside: bool) -> None:
    gpu = "" if found.gpu_memory_mb is None else f" · {theme.size(found.gpu_memory_mb * 1e6)} on the GPU"
    epoch = "" if found.epoch_seconds is None else f" · {theme.duration(found.epoch_seconds)} an epoch"
    too_high = "  \nIt was measured beside a run, so the time is too high." if beside else ""
    preparing = f"Preparing the files takes {theme.duration(found.preparing_seconds)} of it."
    st.info(
        f"About **{theme.duration(found.seconds)}**{epoch} · {theme.size(found.memory_mb * 1e6)} of memory{gpu}. "
        f"{preparing if found.preparing_seconds >= 0.5 else ''}  \n"
        f"On {theme.safe(found.device)}, trained with {theme.safe(found.trained_how)}."
        f"{too_high}",
        icon=":material/timer:",
    )


def _tune(config: dict[str, Any]) -> None:
    """Search learning rate, batch, dropout, weight decay, loss and balancing; every trial is a run."""
    st.caption(
        "Tries other learning rates, batch sizes, dropout, weight decay, losses and means against imbalance; "
        "every trial is a run of its own on the Runs page."
    )
    trials = st.number_input("Number of trials", 1, tuning.MOST_TRIALS, 10, key="train-trials")
    if st.button("Start the search", type="primary", key="train-tune"):
        values = TrainConfig.from_dict(config).to_dict()
        if theme.run_guarded(lambda: tuning.start(values, int(trials), session.person(), session.space())):
            theme.go_to("runs")
