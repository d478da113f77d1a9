"""The measures of the speech community for several runs side by side: EER, minDCF, actDCF, Cllr, recall at few false alarms."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
import streamlit as st

from core.errors import BadInput, one_line
from core.runs.folder import place_of
from core.runs.summaries import Summary
from core.thresholds import spoofing_measures
from core.thresholds.spoofing_measures import SpoofingMeasures
from core.workspace import Workspace
from dashboard import tables, theme, words
from dashboard.thresholds.measures import Verification, verification

DRAWS = 200
WITH_SOUND = ("audio", "multimodal")
HELP = (
    "minDCF and actDCF are costs as ASVspoof 5 has them: a false alarm costs 1, a missed fake 10, and one sample in twenty "
    "is fake. A cost of 1 is that of always giving the same answer. actDCF and Cllr also punish scores that are "
    "no honest probabilities; all others look at the order of the scores alone."
)


def is_of_sound(chosen: Sequence[Summary]) -> bool:
    """Whether the measures mean something here: all that is compared judges sound, alone or with a picture."""
    return all(run.modality in WITH_SOUND for run in chosen)


@st.cache_data(show_spinner="Measuring", max_entries=64)
def _measure(path: str, stamp: int, token: str, _asv: Verification | None) -> SpoofingMeasures:
    table = pd.read_parquet(path, columns=["label", "score", "group"])
    return spoofing_measures.measure(
        table["label"].to_numpy(),
        table["score"].to_numpy(),
        table["group"],
        asv=None if _asv is None else _asv.scores,
        draws=DRAWS,
    )


def table(
    chosen: Sequence[Summary],
    names: Mapping[str, str],
    metrics: Mapping[str, Mapping[str, Any]],
    split: str,
    space: Workspace,
) -> None:
    """One row a run, each figure with its 95 % interval."""
    rows = []
    asv = verification(st.container())
    token = "" if asv is None else asv.token
    for run in chosen:
        path = place_of(run.id, space).scores_file(split)
        if not path.exists():
            continue
        try:
            found = _measure(str(path), path.stat().st_mtime_ns, token, asv)
            at = (metrics[run.id].get(split) or {}).get("at_chosen") or {}
            rows.append({"run": names[run.id], words.figure("eer"): _error_rate(at), **_row(found)})
        except (BadInput, OSError, ValueError, KeyError) as error:
            st.warning(f"{theme.safe(names[run.id])}: {theme.safe(one_line(error))}")
    st.caption(HELP)
    if rows:
        tables.show(rows, "compare-field-table", what="The speech community's measures of each run")


def _error_rate(at: Mapping[str, Any]) -> str:
    return theme.interval(at.get("eer"), *((at.get("intervals") or {}).get("eer") or (None, None)))


def _row(found: SpoofingMeasures) -> dict[str, str]:
    ends = found.intervals
    recalls = {
        f"recall at {100 * float(rate):g}\u00a0% false alarms": theme.interval(
            value, *ends["tpr_at_fpr"][rate]
        )
        for rate, value in found.tpr_at_fpr.items()
    }
    tandem = {} if found.mintdcf is None else {"min t-DCF": theme.interval(found.mintdcf, *ends["mintdcf"])}
    return {
        "minDCF": theme.interval(found.mindcf, *ends["mindcf"]),
        "actDCF": theme.interval(found.actdcf, *ends["actdcf"]),
        "Cllr, bits": theme.interval(found.cllr, *ends["cllr"]),
        **tandem,
        **recalls,
        "partial AUC to 10\u00a0%": theme.interval(found.partial_auc, *ends["partial_auc"]),
    }
