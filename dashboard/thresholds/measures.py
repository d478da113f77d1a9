"""Measures of the scores as a whole: those of the ranking, and those that the speech community reports."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core import numbers
from core.errors import BadInput
from core.exports import to_csv
from core.thresholds import score_files, spoofing_measures, t_dcf
from core.thresholds.point import Costs
from core.thresholds.scored import DRAWS, Scored
from core.thresholds.spoofing_measures import SpoofingMeasures
from dashboard import tables, theme
from dashboard.thresholds import page_state, score_upload
from dashboard.thresholds.page_state import FALSE_ALARM, MISSED_FAKE, PRIOR
from dashboard.thresholds.scores import Source

MEANT = {
    "auc": ("AUC", "the chance that a fake scores above a real sample"),
    "ap": ("Average precision", "precision, averaged over the fakes that are found"),
    "eer": ("Equal error rate", "the rate of errors where both kinds are equally common"),
    "mindcf": (
        "minDCF",
        "the lowest cost that any threshold has; 1 is that of always giving the same answer",
    ),
    "actdcf": ("actDCF", "the cost at the threshold that the scores themselves claim to be right"),
    "mintdcf": (
        "min t-DCF",
        "the lowest cost of detector and speaker verification together, as ASVspoof 2019 has it",
    ),
    "mintdcf_2021": (
        "min t-DCF of 2021",
        "the same as ASVspoof 2021 has it, with what the speaker verification costs by itself",
    ),
    "cllr": ("Cllr, bits", "how far the scores mislead as evidence; 0 is perfect, 1 says nothing"),
}


@dataclass(frozen=True, eq=False)
class Verification:
    """Scores of a speaker verification that stands behind the detector."""

    token: str
    scores: pd.DataFrame


def verification(where: DeltaGenerator) -> Verification | None:
    """The uploader, and what came of it; the file is kept for the other pages of the session."""
    kept = score_upload.file_of(where, score_upload.ASV)
    if kept is None:
        return None
    try:
        found = Verification(kept.token, score_files.read_asv(kept.path))
        t_dcf.t_dcf_costs(found.scores)
    except BadInput as error:
        where.error(theme.safe(str(error).replace(kept.path.name, kept.name)), icon=":material/error:")
        return None
    return found


def draw(source: Source, looking_at: str) -> None:
    looked = source.splits[looking_at]
    model = _cost_model()
    asv = verification(st.container())
    found = _measure(looked, source.stamp(looking_at), model, "" if asv is None else asv.token, asv)
    table = _table(looked, found)
    tables.show(table, "thresholds-measures", what="Measures of the scores as a whole")
    read_as = "probabilities" if found.scores_read_as == "probability" else "logarithms of a likelihood ratio"
    st.caption(
        f"actDCF and Cllr take the scores for {read_as}. A cost of 1 is that of always giving the same answer, the better "
        "of the two. All intervals are of 95 %."
    )
    st.download_button(
        "CSV", lambda: to_csv(table), "measures.csv", "text/csv", key="thresholds-measures-csv"
    )


def _cost_model() -> Costs:
    """As ASVspoof 5 has it, until the analyst changes it. Its fields say what they are for: the lab has costs, too."""
    page_state.set_cost_model(page_state.cost_model())
    st.caption(
        "minDCF and actDCF take these costs and this share of fakes, at first those of ASVspoof 5. Nothing else does: the "
        "threshold above has costs of its own."
    )
    left, middle, right = st.columns(3)
    left.number_input("False alarm, in minDCF and actDCF", 0.01, 1e6, format="%.6g", key=FALSE_ALARM)
    middle.number_input("Missed fake, in minDCF and actDCF", 0.01, 1e6, format="%.6g", key=MISSED_FAKE)
    right.number_input("Share of fakes, in minDCF and actDCF, %", 0.01, 99.99, format="%.6g", key=PRIOR)
    return page_state.cost_model()


@st.cache_resource(show_spinner="Working out the measures", max_entries=16)
def _measure(
    _looked: Scored, key: str, costs: Costs, token: str, _asv: Verification | None
) -> SpoofingMeasures:
    table = _looked.table
    return spoofing_measures.measure(
        table["label"].to_numpy(),
        table["score"].to_numpy(),
        _looked.group,
        costs=costs,
        asv=None if _asv is None else _asv.scores,
        draws=DRAWS,
        swept=_looked.sweep,
        turned=bool(table.attrs.get("turned")),
    )


def _table(looked: Scored, found: SpoofingMeasures) -> pd.DataFrame:
    ranked = looked.ranking_intervals
    rows = [
        _row(*MEANT[name], getattr(looked.sweep, name), ranked.get(name)) for name in ("auc", "ap", "eer")
    ]
    rows += [
        _row(
            f"Recall at {100 * float(rate):g}\u00a0% false alarms",
            "the share of fakes found where that share of the reals is called fake",
            value,
            found.intervals["tpr_at_fpr"].get(rate),
        )
        for rate, value in found.tpr_at_fpr.items()
    ]
    largest = f"{100 * spoofing_measures.PARTIAL:g} %"
    about = f"the part of the AUC with at most {largest} false alarms; 0.5 is chance"
    rows.append(_row(f"Partial AUC to {largest}", about, found.partial_auc, found.intervals["partial_auc"]))
    rows += [
        _row(*MEANT[name], value, found.intervals.get(name))
        for name in ("mindcf", "actdcf", "cllr", "mintdcf", "mintdcf_2021")
        if (value := getattr(found, name)) is not None
    ]
    if found.asv_eer is not None:
        rows.append(
            _row(
                "Equal error rate of the speaker verification",
                "the same for the other file",
                found.asv_eer,
                None,
            )
        )
    return pd.DataFrame(rows)


def _row(title: str, about: str, value: float, ends: tuple[float, float] | None) -> dict[str, str]:
    low, high = ends if ends is not None else (None, None)
    return {"figure": title, "value": numbers.interval(value, low, high), "what it says": about}
