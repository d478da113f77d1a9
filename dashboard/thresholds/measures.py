"""Figures that need no line: those of the ranking, and those that the speech community reports."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from core import numbers
from core.exports import to_csv
from core.thresholds import field_measures
from core.thresholds.field_measures import ASVSPOOF5, FieldMeasures
from core.thresholds.point import Costs
from core.thresholds.scored import DRAWS, Scored
from dashboard.thresholds.scores import Source

MEANT = {
    "auc": ("AUC", "the chance that a fake scores above a real sample"),
    "ap": ("Average precision", "precision, averaged over the fakes that are found"),
    "eer": ("EER", "the rate at which both kinds of error are equally common"),
    "mindcf": (
        "minDCF",
        "the lowest cost that any threshold has; 1 is that of always giving the same answer",
    ),
    "actdcf": ("actDCF", "the cost at the threshold that the scores themselves claim to be right"),
    "cllr": ("Cllr, bits", "how far the scores mislead as evidence; 0 is perfect, 1 says nothing"),
}


def draw(source: Source, looking_at: str) -> None:
    looked = source.splits[looking_at]
    model = _cost_model()
    found = _measured(looked, source.stamp(looking_at), model)
    table = _table(looked, found)
    st.dataframe(table, hide_index=True, key="thresholds-measures", height="content")
    read_as = "probabilities" if found.scores_read_as == "probability" else "logarithms of a likelihood ratio"
    st.caption(
        f"actDCF and Cllr take the scores for {read_as}. A cost of 1 is that of the better fixed answer. "
        "Intervals of 95 %."
    )
    st.download_button(
        "CSV", lambda: to_csv(table), "measures.csv", "text/csv", key="thresholds-measures-csv"
    )


def _cost_model() -> Costs:
    """As ASVspoof 5 has it, until the analyst changes it."""
    left, middle, right = st.columns(3)
    miss = left.number_input(
        "Cost of a rejected real", 0.01, 1e6, float(ASVSPOOF5.fp), key="thresholds-dcf-miss"
    )
    alarm = middle.number_input(
        "Cost of an accepted fake", 0.01, 1e6, float(ASVSPOOF5.fn), key="thresholds-dcf-alarm"
    )
    prior = right.number_input(
        "Share of fakes expected, %",
        0.01,
        99.99,
        100 * (ASVSPOOF5.prevalence or 0.05),
        key="thresholds-dcf-prior",
    )
    return Costs(miss, alarm, prior / 100)


@st.cache_resource(show_spinner="Working out the field's measures", max_entries=16)
def _measured(_looked: Scored, key: str, costs: Costs) -> FieldMeasures:
    table = _looked.table
    return field_measures.measure(
        table["label"].to_numpy(),
        table["score"].to_numpy(),
        table.get("group"),
        costs=costs,
        draws=DRAWS,
        swept=_looked.sweep,
        turned=bool(table.attrs.get("turned")),
    )


def _table(looked: Scored, found: FieldMeasures) -> pd.DataFrame:
    ranked = looked.ranking_intervals
    rows = [
        _row(*MEANT[name], getattr(looked.sweep, name), ranked.get(name)) for name in ("auc", "ap", "eer")
    ]
    rows += [
        _row(
            f"Fakes found at {100 * float(rate):g} % false alarms",
            "recall where that share of the reals is called fake",
            value,
            found.intervals["tpr_at_fpr"].get(rate),
        )
        for rate, value in found.tpr_at_fpr.items()
    ]
    largest = f"{100 * field_measures.PARTIAL:g} %"
    about = f"the part of the AUC with at most {largest} false alarms; 0.5 is chance"
    rows.append(_row(f"Partial AUC to {largest}", about, found.partial_auc, found.intervals["partial_auc"]))
    rows += [
        _row(*MEANT[name], getattr(found, name), found.intervals.get(name))
        for name in ("mindcf", "actdcf", "cllr")
    ]
    return pd.DataFrame(rows)


def _row(title: str, about: str, value: float, ends: tuple[float, float] | None) -> dict[str, str]:
    low, high = ends if ends is not None else (None, None)
    return {"figure": title, "value": numbers.interval(value, low, high), "what it says": about}
