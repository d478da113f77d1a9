"""The end of the Train page: what is wrong, and the buttons that start or queue the run."""

from __future__ import annotations

from typing import Any

import streamlit as st

from core.errors import BadInput, one_line
from core.runs.folder import RunFolder
from core.training.config import TrainConfig
from core.workspace import Workspace
from dashboard import option_form, run_rows, session, theme, train_data


def problems(config: dict[str, Any], space: Workspace) -> list[str]:
    """Everything that would make the run fail, before anything starts."""
    found = []
    try:
        TrainConfig.from_dict(config)
    except BadInput as error:
        found.append(one_line(error))
    fitting = {d.name: d for d in train_data.fitting(config["modality"], space)}
    strangers = [name for name in config["datasets"] if name not in fitting]
    chosen = [d for name, d in fitting.items() if name in config["datasets"] or not config["datasets"]]
    found += [f"datasets: {name} has no {config['modality']} in it; choose another" for name in strangers]
    if not chosen:
        found.append(f"datasets: choose one that has {config['modality']} in it")
    elif not (sum(d.real for d in chosen) and sum(d.fake for d in chosen)):
        missing = "fake" if not sum(d.fake for d in chosen) else "real"
        found.append(f"datasets: nothing here is {missing}; a detector needs both classes, add a dataset")
    if config["protocol"] == "heldout_method" and not config["heldout"]:
        found.append("heldout: choose the method that the test split keeps for itself")
    return found


def draw() -> None:
    config = option_form.config()
    wrong = problems(config, session.space())
    for line in wrong:
        st.error(theme.safe(line), icon=":material/error:")
    operator = session.person().operator
    if not operator:
        st.info("You may look and detect. An operator can start runs.")
    with st.container(horizontal=True):
        for label, first in (("Start", True), ("Add to queue", False)):
            if st.button(
                label,
                key=f"train-{'start' if first else 'queue'}",
                type="primary" if first else "secondary",
                disabled=bool(wrong) or not operator,
                help="next in line" if first else "behind the runs that wait",
            ):
                _submit(config, first=first)


def _submit(config: dict[str, Any], *, first: bool) -> None:
    started: list[RunFolder] = []
    asked = TrainConfig.from_dict(config).to_dict()
    if theme.guarded(lambda: started.append(session.manager().submit(asked, session.person(), first=first))):
        st.session_state[run_rows.CHOSEN] = [started[0].id]
        theme.go_to("runs")
