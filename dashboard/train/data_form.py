"""The first half of the Train page: which data, how it is divided, and what it lacks."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core.training.options.choices import MODALITIES
from dashboard import session, theme, words
from dashboard.train import data as train_data
from dashboard.train import option_form

SHARES = ("64/16/20", "70/15/15", "80/10/10", "80/20")
MOST_COMPLETIONS = 3


def draw() -> DeltaGenerator | None:
    """Gives the place of the plan, which other fields decide too; None where there can be none."""
    before = option_form.config()["modality"]
    modality = option_form.option("modality", choices=MODALITIES)
    space = session.space()
    if modality != before:
        option_form.replace(train_data.first_choice(space, modality), over=option_form.config())
        st.rerun()
    fitting = train_data.fitting(modality, space)
    if not fitting:
        _draw_nothing_fits(modality)
        train_data.draw_not_fitting(modality, space)
        return None
    option_form.option(
        "datasets",
        choices=[d.name for d in fitting],
        format_func=_display({d.name: d for d in fitting}),
        placeholder=f"all that hold {words.modality(modality)}",
    )
    train_data.draw_not_fitting(modality, space)
    config = option_form.config()
    if not config["datasets"]:
        names = words.listed(train_data.chosen_names(config, space))
        st.caption(f"None is chosen, so it learns from all of this kind: {theme.safe(names)}.")
    advice = train_data.advice(config, space)
    if advice is not None:
        headline = theme.safe(advice.beside_badge)
        st.markdown(f"{theme.severity_badge(advice.severity)} {headline}")
    chosen = train_data.chosen(config, space)
    if not chosen:  # what is chosen is gone
        return None
    if missing := train_data.missing_class(chosen):
        _draw_completions(missing, fitting)
        return None
    _division()
    _advise()
    return st.container()


def _draw_nothing_fits(modality: str) -> None:
    # What learns from pictures and sound together can do with one of them, but then each alone is nearer.
    others = [m for m in MODALITIES if m != "multimodal" and train_data.fitting(m, session.space())]
    instead = f", or choose {words.listed(map(words.modality, others), 'or')} above" if others else ""
    theme.empty(
        f"No dataset in the catalogue holds {words.modality(modality)}. Add a folder on the Datasets page{instead}.",
        "Add data",
        "datasets",
    )


def _draw_completions(missing: str, fitting: list[train_data.Dataset]) -> None:
    """What has the class that is missing: datasets of the catalogue, and what can be added to it."""
    with st.container(horizontal=True):
        for dataset in [d for d in fitting if (d.real if missing == "real" else d.fake)][:MOST_COMPLETIONS]:
            if st.button(f"Add {theme.safe(dataset.name)}", key=f"train-complete-{dataset.name}"):
                config = option_form.config()
                option_form.replace({"datasets": [*config["datasets"], dataset.name]}, over=config)
                st.rerun()
        if st.button("Add data on the Datasets page", key="train-add-data"):
            theme.go_to("datasets")


def _division() -> None:
    """How the data is divided; only what the chosen data allows is offered, and shares where they count."""
    config, space = option_form.config(), session.space()
    how, shares = st.columns(2) if train_data.shares_matter(config, space) else (st.container(), None)
    with how:
        option_form.option("protocol", choices=train_data.protocols(config, space))
    if shares is not None:
        with shares:
            option_form.option("shares", choices=SHARES, format_func=str, accept_new_options=True)
    if option_form.config()["protocol"] == "heldout_method":
        option_form.option(
            "heldout",
            choices=["", *train_data.methods(config, space)],
            format_func=lambda name: name or "Choose one",
        )
    elif option_form.config()["heldout"]:
        option_form.set_field("heldout", "")


def _advise() -> None:
    """New data: tick what its imbalance advises. What was ticked by hand stays until other data is chosen."""
    signature = train_data.signature(option_form.config())
    if st.session_state.get("train_advised") != signature:
        st.session_state["train_advised"] = signature
        if changes := train_data.apply_advice(option_form.config(), session.space()):
            option_form.replace(changes, over=option_form.config())
            st.rerun()


def _display(known: Mapping[str, train_data.Dataset]) -> Callable[[str], str]:
    return lambda name: known[name].shown if name in known else name
