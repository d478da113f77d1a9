"""What is set on the Thresholds page beside its line, as it stands in the address: methods, cost model, open parts.

?methods=f1,youden&probabilities=0&dcf=1:10@0.5&slice=method&samples=missed&open=lines&preset=equal_fpr
"""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

from core.errors import BadInput
from core.thresholds import spoofing_measures
from core.thresholds.calibration import METHODS as CALIBRATIONS
from core.thresholds.point import Costs
from core.thresholds.spoofing_measures import ASVSPOOF5

METHODS = "thresholds-methods"
SHOWN_FIRST = ("macro_f1", "f1", "youden", "eer", "precision=0.95")
PROBABILITIES = "thresholds-probabilities"
BY = "thresholds-by"  # what errors are told apart by
PRESET = "thresholds-preset"
CALIBRATION = "thresholds-calibration"
FALSE_ALARM, MISSED_FAKE = "thresholds-dcf-false-alarm", "thresholds-dcf-missed-fake"
PRIOR = "thresholds-dcf-prior"
SAMPLES = "thresholds-samples"  # the open tab, by its title
# Tabs of samples at the line: name in the address, title.
TABS = {
    "under": "Nearest, called real",
    "above": "Nearest, called fake",
    "alarms": "Worst false alarms",
    "missed": "Worst misses",
}
# Parts that can be opened, by their names in the address.
BOXES = {
    "lines": "thresholds-slices",
    "compared": "thresholds-compared",
    "breakdown": "thresholds-breakdown-all",
    "history": "thresholds-history",
}


def open_link(given: Mapping[str, str]) -> None:
    """Before anything is drawn; what makes no sense is left as the page opens by itself."""
    state = st.session_state
    state[METHODS] = [word for word in given.get("methods", "").split(",") if word] or list(SHOWN_FIRST)
    state[PROBABILITIES] = given.get("probabilities") != "0"
    state[BY] = given.get("slice")
    opened = given.get("open", "").split(",")
    for name, key in BOXES.items():
        state[key] = name in opened
    state[SAMPLES] = TABS.get(given.get("samples", ""), TABS["under"])
    for key, name, known in (
        (PRESET, "preset", ("single", "equal_recall", "equal_fpr")),
        (CALIBRATION, "calibration", ("raw", *CALIBRATIONS)),
    ):
        if given.get(name) in known:
            state[key] = given[name]
    try:
        set_cost_model(spoofing_measures.cost_model(given["dcf"]) if "dcf" in given else ASVSPOOF5)
    except BadInput:
        set_cost_model(ASVSPOOF5)


def address() -> dict[str, str | None]:
    """Only what differs from how the page opens."""
    state = st.session_state
    chosen = tuple(state.get(METHODS, SHOWN_FIRST))
    opened = [name for name, key in BOXES.items() if state.get(key)]
    model = cost_model()
    tab = next((name for name, title in TABS.items() if title == state.get(SAMPLES)), "under")
    dcf = f"{model.fp:.15g}:{model.fn:.15g}@{model.prevalence:.15g}"
    return {
        "asv": state.get("thresholds-asv"),
        "methods": None if chosen == SHOWN_FIRST else ",".join(chosen) or None,
        "probabilities": None if state.get(PROBABILITIES, True) else "0",
        "dcf": None if model == ASVSPOOF5 else dcf,
        "slice": state.get(BY),
        "samples": None if tab == "under" else tab,
        "open": ",".join(opened) or None,
        "preset": None if state.get(PRESET) in (None, "equal_recall") else str(state[PRESET]),
        "calibration": None if state.get(CALIBRATION) in (None, "platt") else str(state[CALIBRATION]),
    }


def cost_model() -> Costs:
    """Of the field's measures: as ASVspoof 5 has it, until the analyst changes it."""
    state = st.session_state
    alarm, missed = state.get(FALSE_ALARM, ASVSPOOF5.fp), state.get(MISSED_FAKE, ASVSPOOF5.fn)
    percent = state.get(PRIOR)
    return Costs(alarm, missed, ASVSPOOF5.prevalence if percent is None else round(percent / 100, 12))


def set_cost_model(model: Costs) -> None:
    for key, value in zip(
        (FALSE_ALARM, MISSED_FAKE, PRIOR), (model.fp, model.fn, 100 * (model.prevalence or 0.0)), strict=True
    ):
        st.session_state[key] = float(value)
