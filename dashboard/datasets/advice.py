"""The advice box: what to do about a dataset's imbalance, why, and a button that takes it to the Train page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import streamlit as st

from core import words
from core.catalog import advice as advisor
from core.catalog import partners, statistics
from core.catalog.published import Suggestion
from core.catalog.table import DatasetInfo
from dashboard import links, theme
from dashboard.datasets import checks as datasets_checks

MOST_PARTNERS = 6


def draw(info: DatasetInfo, infos: Sequence[DatasetInfo]) -> None:
    """The advice itself, beside the charts."""
    found = advisor.advise(info, infos)
    with st.container(border=True):
        st.markdown(f"### What to do {theme.severity_badge(found.severity)}")
        st.markdown(theme.safe(found.beside_badge))
        steps = [f"- **{theme.safe(one.name)}**: {theme.safe(one.why)}." for one in found.techniques]
        if steps:
            st.markdown("\n".join(steps))
        if found.severity != "single-class" and st.button(
            "Train with it", type="primary", key="advice-train", icon=":material/model_training:"
        ):
            train_with(info, found.preset)


def more_data(info: DatasetInfo, infos: Sequence[DatasetInfo]) -> None:
    """What other data would do, over the whole width: for one class its partners, else the ways out side by side."""
    found = [path for path in advisor.advise(info, infos).paths if path.suggestions]
    if (wanted := partners.lacking(info)) is not None:
        st.markdown(f"### Add {wanted} samples")
        _partner_panel(info, infos, wanted)
        for path in found:
            _fetch(f"Published datasets that have {wanted} samples", path.suggestions)
        return
    if not found:
        return
    st.markdown("### Or with more data")
    columns = st.container(key="datasets-paths").columns(len(found))
    for i, (column, path) in enumerate(zip(columns, found, strict=True)):
        with column, st.container(border=True, height="stretch"):
            _path(info, path, f"advice-path-{i}")


def _path(info: DatasetInfo, path: advisor.Path, key: str) -> None:
    """One way out: trained on at once where what it needs is in the catalogue, else with how one gets it."""
    st.markdown(f"**{theme.safe(path.name)}**")
    st.markdown(f"{theme.safe(words.capital(path.what))}.")
    here = next((s.dataset for s in path.suggestions if s.here), None)
    if here is not None:
        alone = "instead" in path.name
        label = f"Train with {theme.safe(here)}" if alone else "Train with both"
        if st.button(label, key=key):
            train_with(info, path.options, [here] if alone else [info.name, here])
    _fetch("Datasets to fetch for it", path.suggestions)


def _fetch(title: str, suggestions: Sequence[Suggestion]) -> None:
    """Those that are not in the catalogue yet, and how one gets them."""
    wanted = [one for one in suggestions if not one.here]
    if not wanted:
        return
    with st.expander(title):
        for one in wanted:
            _suggestion(one)


def _suggestion(one: Suggestion) -> None:
    """What to fetch, what it makes of the ratio, and how one gets it."""
    part = f" ({one.part})" if one.part else ""
    mate = f" with {one.partner}" if one.partner else ""
    caution = f" Careful: {one.shortcut}." if one.shortcut else ""
    lines = (
        f"**{theme.safe(one.dataset + part + mate)}**: {theme.safe(one.gain)}; {theme.safe(one.why)}.{theme.safe(caution)}",
        f"{theme.safe(words.capital(one.ask))}: {links.in_markdown(one.source)}.",
        f"Licence: {theme.safe(one.licence)}. Size: {theme.safe(one.size)}. Put it into the folder {theme.safe(one.folder)}.",
    )
    st.markdown("  \n".join(f":small[{line}]" for line in lines))


def _partner_panel(info: DatasetInfo, infos: Sequence[DatasetInfo], wanted: str) -> None:
    """Which catalogued sets complete it, and what the pair gives away."""
    found = partners.partners(info, infos)[:MOST_PARTNERS]
    if not found:
        st.markdown(f"No dataset in the catalogue has {wanted} samples of this kind.")
        return
    demo = {one.name for one in infos if one.demo}
    chosen = st.radio(
        "Complete it with a dataset of the catalogue",
        [partner.name for partner in found],
        key=f"partner-{info.name}",
        format_func=lambda name: theme.safe(name) + (f" {theme.demo_badge()}" if name in demo else ""),
        captions=[_about_partner(partner) for partner in found],
    )
    _train_pair(info, [info.name, str(chosen)])


def _about_partner(one: partners.Partner) -> str:
    pair = one.together
    return theme.safe(
        f"{words.capital(one.why)}. Together: {pair.real:,} real and {pair.fake:,} fake "
        f"({theme.ratio(pair.ratio)}). {words.capital(one.shortcut)}."
    )


def _train_pair(info: DatasetInfo, pair: list[str]) -> None:
    """The shortcut that the pairing makes is shown before the two can be trained on."""
    probe = datasets_checks.pair_probe(pair)
    if not probe.ended:
        st.caption(
            "Before you train on both, measure what tells the two collections apart besides the forgery."
        )
        if st.button("Look for shortcuts of the pair", key="partner-probe", type="primary"):
            datasets_checks.start_pair(pair)
            st.rerun()
    else:
        label = "Train with both all the same" if probe.caution else "Train with both"
        with st.container(horizontal=True):
            if st.button(label, key="partner-train", type="primary"):
                train_with(info, advisor.advise(info).preset, pair)
            if st.button("Measure the pair again", key="partner-probe"):
                datasets_checks.start_pair(pair)
                st.rerun()
    datasets_checks.draw_pair(pair)


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
