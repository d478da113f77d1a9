"""What the imbalance of the chosen data advises: each technique with its reason, and those of them that are not chosen."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st

from core.catalog.advice import Technique
from core.training.options.config import TrainConfig
from core.workspace import Workspace
from dashboard import theme, words
from dashboard.train import data as train_data
from dashboard.train import option_form


def find_missing(config: Mapping[str, Any], space: Workspace) -> list[Technique]:
    """Advised techniques that the form does not have; another loss or threshold in their place is a choice, too."""
    advice = train_data.advice(dict(config), space)
    usual = TrainConfig().to_dict()
    return [
        technique
        for technique in (advice.techniques if advice is not None else ())
        if not all(_is_chosen(name, wanted, config, usual) for name, wanted in technique.options.items())
    ]


def _is_chosen(name: str, wanted: Any, config: Mapping[str, Any], usual: Mapping[str, Any]) -> bool:
    """Of the changes of samples any will do; they are chosen by what the data is."""
    if isinstance(wanted, list):
        return bool({*wanted} & {*config[name]})
    return bool(config[name] == wanted or config[name] != usual[name])


def add(techniques: list[Technique], config: Mapping[str, Any]) -> dict[str, Any]:
    """The options of these techniques beside what is chosen already."""
    found: dict[str, Any] = {}
    for technique in techniques:
        for name, wanted in technique.options.items():
            before = found.get(name, config[name])
            found[name] = (
                [*before, *(w for w in wanted if w not in before)] if isinstance(wanted, list) else wanted
            )
    return train_data.usable({**found, "modality": config["modality"]})


def draw_missing(space: Workspace) -> None:
    """A link, a copy or a hand may have chosen otherwise: it is said, and one press takes what is advised."""
    config = option_form.config()
    if missing := find_missing(config, space):
        names = theme.safe(words.listed(technique.name for technique in missing))
        st.info(
            f"Advised for this imbalance and not chosen: {names}. The reasons stand under “Everything else”.",
            icon=":material/balance:",
        )
        if st.button("Take the advice", key="train-take-advice"):
            option_form.replace(add(missing, config), over=config)
            st.rerun()


def draw_reasons(space: Workspace) -> None:
    config = option_form.config()
    advice = train_data.advice(config, space)
    missing = find_missing(config, space)
    for technique in advice.techniques if advice is not None else ():
        badge = ":gray-badge[not chosen]" if technique in missing else ":green-badge[✔ chosen]"
        mark = f" {badge}" if technique.options else ""
        reason = " ".join(
            theme.sentence(words.capital(words.message(line)))
            for line in (technique.why, technique.cost)
            if line
        )
        st.caption(f"**{theme.safe(technique.name)}**{mark}  \n{reason}")
