"""What stands beside a verdict: caveats, what lies outside the training, the file's own facts, other detectors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import streamlit as st

from core import numbers, words
from core.detection import fact_rows, stacking, wording
from core.detection.serving.service import Job
from core.detection.verdict import Verdict
from dashboard import session, tables, theme
from dashboard.charts import detect as charts
from dashboard.detect import names as detect_names


def show_catalogued(verdict: Verdict) -> None:
    """Above the verdict, whatever the detector thinks: what the catalogue says of this very file."""
    for known in verdict.catalogued:
        st.warning(theme.safe(known["words"]), icon=":material/inventory_2:")


def reservations(verdict: Verdict) -> None:
    """What disqualifies the verdict: one line under the headline, the gravest first. What the headline has said is not
    said again; that a detector is no evidence is said here alone, in red."""
    headline = "" if verdict.learned_nothing else verdict.words
    held = [wording.beyond(headline, str(one["words"])) for one in verdict.reservations]
    line = " ".join(theme.with_commands(one) for one in held)
    if verdict.learned_nothing:
        st.error(f"**{line or theme.safe(wording.LEARNED_NOTHING)}**", icon=":material/block:")
    elif line:
        st.warning(line)


def beside(verdict: Verdict) -> None:
    """What must not be overlooked, next to the verdict itself, and who made this detector."""
    held = " ".join(one["words"] for one in verdict.reservations)
    remarks = [one["words"] for one in verdict.outside if one.get("out") and one["words"] not in held]
    for line in (*remarks, *(note for note in verdict.notes if note not in held)):
        st.caption(theme.with_commands(line))
    if lines := verdict.about.get("lines"):
        st.caption(f"**About this detector.** {theme.safe(theme.with_shares(' '.join(lines)))}")
    if verdict.status == "ok" and not verdict.without_evidence:
        st.caption("A score is evidence, not proof." + (" See the caveats below." if verdict.caveats else ""))


def draw(verdict: Verdict) -> None:
    if verdict.caveats:
        with st.expander("Caveats, and how this file compares with those the detector was trained on"):
            _list(*verdict.caveats, *(o["words"] for o in verdict.outside if not o.get("out")))
    if verdict.facts:
        with st.expander("What the file states about itself (facts, not mixed into the score)"):
            _facts(verdict.facts)


def _list(*lines: str) -> None:
    """One list: each line of its own would be a paragraph apart."""
    if lines:
        st.markdown("\n".join(f"- {theme.safe(line)}" for line in lines))


def _facts(facts: Mapping[str, Any]) -> None:
    _list(*(facts.get("remarks") or []))
    tables.show(rows(facts), f"facts-{facts.get('sha256')}", what="What the file states about itself")


def rows(facts: Mapping[str, Any]) -> list[dict[str, str]]:
    """The facts as lines of a table, every value as text."""
    found = [
        {"about": "file", "fact": "SHA-256", "value": str(facts.get("sha256", ""))},
        {"about": "file", "fact": "size", "value": theme.size(facts.get("bytes"))},
    ]
    parts = {"contents": fact_rows.of_contents(facts)}
    parts |= {title: fact_rows.of_part(facts, part) for part, title in fact_rows.PARTS.items()}
    return found + [
        {"about": title, "fact": fact, "value": value}
        for title, part in parts.items()
        for fact, value in part.items()
    ]


def contributions(verdict: Verdict) -> None:
    if not verdict.contributions:
        return
    st.markdown(f"### {wording.what_adds(verdict.contributions)}")
    st.plotly_chart(
        charts.contributions(verdict),
        key=f"adds-{verdict.file}-{verdict.detector}",
        config=theme.CHART_CONFIG,
    )


def evidence_of(verdict: Verdict) -> str:
    """For a cell beside the verdict: what this has not said of the headline, or why the file was not judged."""
    if verdict.status == "ok":
        return wording.beside(wording.spoken(detect_names.word(verdict), verdict.words), verdict.words)
    short = ""
    if verdict.status == "not_applicable":  # which detectors were asked stands with the file
        short = wording.beyond(wording.NOT_APPLICABLE, verdict.words)
    return (short or reason_of(verdict) or verdict.words).replace("`", "")


def reason_of(verdict: Verdict) -> str:
    """Why a file was not judged, where its name stands beside it already."""
    why, named = verdict.reason or "", f"{Path(verdict.file).name}: "
    return words.capital(why.removeprefix(named)) if why.startswith(named) else why


def draws_a_line(verdict: Verdict) -> bool:
    """Whether its threshold tells anything of this file: where the score is no evidence, it does not."""
    return verdict.status == "ok" and not verdict.without_evidence


def side_by_side(jobs: Sequence[Job]) -> None:
    """One line a detector, and their combination where it was learned on a shared validation set."""
    table = []
    for job in jobs:
        v = job.verdict
        table.append(
            {
                "detector": detect_names.of_detector((v and v.detector) or job.request.run),
                "verdict": detect_names.mark(v) if v else "waiting",
                "score": theme.number(v.score if v else None),
                "threshold": numbers.threshold(v.threshold) if v and draws_a_line(v) else numbers.NOTHING,
                "probability": theme.number(v.probability if v and not wording.is_leaning(v.words) else None),
                "evidence": evidence_of(v) if v else "",
            }
        )
    tables.show(
        table,
        f"side-by-side-{jobs[0].submitted}",
        what="What each detector says of this file",
        whole=("verdict",),
    )
    scored = {str(j.verdict.detector): j.verdict for j in jobs if j.verdict and j.verdict.score is not None}
    if len(scored) < 2 or any(j.verdict is None and not j.over for j in jobs):  # heat maps change no score
        return
    combined = stacking.combine_verdicts(scored, session.space())
    if combined.probability is None:
        st.caption(theme.safe(f"Not combined: {combined.reason.rstrip('.')}."))
        return
    weights = ", ".join(
        f"“{detect_names.of_detector(name)}” {numbers.change(weight)}"
        for name, weight in combined.weights.items()
    )
    auc = numbers.interval(combined.auc, *(combined.auc_interval or (None, None)))
    st.markdown(
        f"**Together they give a probability of {theme.number(combined.probability)} that it is fake.** How they are "
        f"combined was learned on {theme.count(combined.samples)} validation samples that all of them judged; there "
        f"the combination has an AUC of {theme.safe(auc)} (by cross-validation). Weights: {theme.safe(weights)}."
    )
    if combined.left_out:
        st.caption(theme.safe(f"{combined.without[:1].upper()}{combined.without[1:]}."))
