"""The advice box: what to do about a dataset's imbalance, why, and a button that takes it to the Train page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import streamlit as st

from core import words
from core.catalog import advice as advisor
from core.catalog import partners, statistics, table
from core.catalog.published import Suggestion
from core.catalog.table import DatasetInfo
from dashboard import session, theme
from dashboard.datasets import checks as datasets_checks

MOST_PARTNERS = 6


def draw(info: DatasetInfo) -> None:
    """The advice itself, beside the charts."""
    found = advisor.advise(info)
    with st.container(border=True):
        st.markdown(f"### What to do {theme.severity_badge(found.severity)}")
        st.markdown(theme.safe(found.headline))
        steps = [f"- **{theme.safe(one.name)}**: {theme.safe(one.why)}." for one in found.techniques]
        st.markdown("\n".join(steps))
        if found.severity != "single-class" and st.button(
            "Train with it", type="primary", key="advice-train", icon=":material/model_training:"
        ):
            train_with(info, found.preset)


def paths(info: DatasetInfo) -> None:
    """Ways out, side by side, over the whole width."""
    found = advisor.advise(info)
    if not found.paths:
        return
    columns = st.container(key="datasets-paths").columns(len(found.paths))
    for i, (column, path) in enumerate(zip(columns, found.paths, strict=True)):
        with column, st.container(border=True):
            st.markdown(f"**{theme.safe(path.name)}**")
            st.markdown(f"{theme.safe(words.capital(path.what))}.")
            if path.suggestions:
                with st.expander("What these are, and how to get them"):
                    for s in path.suggestions:
                        _suggestion(s)
            usable = _usable(info, path)
            label = "Train with both" if len(usable) > 1 else "Train with it"
            if usable and st.button(label, key=f"advice-path-{i}"):
                train_with(info, path.options, usable)


def _suggestion(one: Suggestion) -> None:
    """What to fetch, what it makes of the ratio, and how one gets it."""
    part = f" ({one.part})" if one.part else ""
    mate = f" with {one.partner}" if one.partner else ""
    caution = f" Careful: {one.shortcut}." if one.shortcut else ""
    st.markdown(
        f":small[**{theme.safe(one.dataset + part + mate)}**: {theme.safe(one.gain)}; {theme.safe(one.why)}."
        f"{theme.safe(caution)} {theme.safe(one.source)}; {theme.safe(one.ask)}; {theme.safe(one.licence)}; "
        f"{theme.safe(one.size)}; belongs in {theme.safe(one.folder)}]"
    )


def partner_panel(info: DatasetInfo, infos: Sequence[DatasetInfo]) -> None:
    """For a set of one class: which catalogued sets complete it, and what the pair gives away."""
    wanted = partners.lacking(info)
    if wanted is None:
        return
    found = partners.partners(info, infos)[:MOST_PARTNERS]
    st.markdown(f"### Partners that have {wanted} samples")
    if not found:
        st.markdown(
            f"No dataset in the catalogue has {wanted} samples of this kind; the ones above can be fetched."
        )
        return
    names = [partner.name for partner in found]
    chosen = st.radio(
        "Complete it with",
        names,
        key=f"partner-{info.name}",
        captions=[f"{p.why}. {p.shortcut[:1].upper()}{p.shortcut[1:]}." for p in found],
    )
    _train_pair(info, [info.name, str(chosen)])


def _train_pair(info: DatasetInfo, pair: list[str]) -> None:
    """The shortcut that the pairing makes is shown before the two can be trained on."""
    probe = datasets_checks.pair_probe(pair)
    measured = "Measure the pair again" if probe.ended else "Look for shortcuts of the pair"
    with st.container(horizontal=True):
        if st.button(measured, key="partner-probe", type="secondary" if probe.ended else "primary"):
            datasets_checks.start_pair(pair)
            st.rerun()
        label = "Train with both all the same" if probe.caution else "Train with both"
        waits = "The pair is measured first: what the two collections alone give away."
        if st.button(
            label,
            key="partner-train",
            type="primary" if probe.ended else "secondary",
            disabled=not probe.ended,
            help=None if probe.ended else waits,
        ):
            train_with(info, advisor.advise(info).preset, pair)
    if not probe.ended:
        st.caption(waits)
    datasets_checks.draw_pair(pair)


def _usable(info: DatasetInfo, path: advisor.Path) -> list[str]:
    """The datasets of the path that are catalogued; empty where it needs one that is not."""
    if not path.suggestions:
        return [info.name]
    known = table.datasets(session.space())
    here = [n for s in path.suggestions for n in known if n == s.dataset]
    if not here:
        return []
    return here if "instead" in path.name else [info.name, here[0]]


def train_with(info: DatasetInfo, options: dict[str, Any], names: list[str] | None = None) -> None:
    """Open the Train page with the options filled in."""
    names = names or [info.name]
    modalities = statistics.count_by(info, "modality")
    modality = max(modalities, key=lambda m: modalities[m].samples) if modalities else "video"
    preset = {**options, "datasets": names, "modality": modality}
    weights = {n: w for n, w in dict(options.get("dataset_weights", {})).items() if n in names}
    preset.pop("dataset_weights", None)
    st.session_state["train_preset"] = preset | ({"dataset_weights": weights} if len(weights) > 1 else {})
    theme.go_to("train")
