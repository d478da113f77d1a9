"""What pairing sets of one class gives away, said before training: from what was measured, else with a way to measure."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from typing import Any

import streamlit as st

from core.catalog import shortcuts, table
from core.catalog.partners import partners
from core.catalog.published import TWO_COLLECTIONS, of_two_collections
from core.workspace import Workspace
from dashboard import theme, words
from dashboard.datasets import checks
from dashboard.train.data import chosen, missing_class


def draw(config: dict[str, Any], space: Workspace) -> None:
    """Nothing where each set that it learns from has both classes, or all of them together have only one."""
    taken = chosen(config, space)
    single = [dataset for dataset in taken if not (dataset.real and dataset.fake)]
    if not single or missing_class(taken):
        return
    names = [dataset.name for dataset in taken]
    classes = " and ".join(f"{d.name} has {'fakes' if d.fake else 'real samples'} only" for d in single)
    # Of several sets others may hold both classes: then reals and fakes are not two collections.
    known = _known_shortcut(names, config["modality"], space)
    known = known.replace(TWO_COLLECTIONS, "these datasets were collected apart")
    about = f"{theme.safe(classes)}. {theme.safe(words.capital(known))}."
    place = st.container()
    job = checks.watch_pair(names)
    running = job is not None and not job.finished
    probe = None if running else shortcuts.measured_together(names, space=space)
    if probe is None and not running:
        _offer(about, names)
        return
    place.markdown(about)
    if probe is not None:
        _draw_measured(probe)


def _draw_measured(probe: shortcuts.Probe) -> None:
    if probe.warnings:
        first = probe.warnings[0]
        others = ", ".join(words.measured(feature.name) for feature in probe.warnings[1:])
        more = f" The same holds for {others}." if others else ""
        st.warning(
            f"**{words.measured(first.name)}** alone tells real from fake here: AUC "
            f"{theme.interval(first.auc, first.low, first.high)}; it is {first.fakes_are} in fakes.{theme.safe(more)} A detector "
            "may learn this and nothing more; a good score on this test part does not show otherwise.",
            icon=":material/warning:",
        )
    elif not probe.features:
        st.caption(
            "Too few files of one class to measure what the pairing gives away; it takes five of each."
        )
    else:
        st.caption(
            ":green-badge[✔ measured] No simple property tells the two collections apart: none has an AUC above "
            f"{shortcuts.WARN_ABOVE}."
        )


def _known_shortcut(names: Sequence[str], modality: str, space: Workspace) -> str:
    """What is known of such a pairing without measuring it."""
    infos = [table.info(name, space) for name in names]
    found = [p.shortcut for info in infos for p in partners(info, infos)]
    return found[0] if found else of_two_collections(modality)


def _offer(about: str, names: Sequence[str]) -> None:
    st.warning(
        f"{about} Nobody has measured yet what this pairing gives away; you can also train without having measured it.",
        icon=":material/warning:",
    )
    with st.container(horizontal=True):
        if st.button(
            "Look for shortcuts of the pair",
            key="train-pairing-probe",
            help="A few hundred files are measured in the background.",
        ):
            checks.start_pair(names)
            st.rerun()
        box = st.popover("The same as a command", key="train-pairing-command")
    # Over lines at places of ours: the browser would break it after a hyphen.
    parts = ["python -m core shortcuts --together", "--dataset", *map(shlex.quote, names)]
    with box.container(width=theme.BOX):
        st.code(" \\\n  ".join(parts), language="bash")
