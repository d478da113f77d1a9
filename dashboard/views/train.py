"""Train: what shall it learn, from what, how? A form made from the model cards and the configuration."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import streamlit as st

from core.catalog import table
from core.errors import BadInput, one_line
from core.runs import cards
from core.runs.presets import Preset, presets, sizes
from core.training import augmentation
from core.training.options import idle
from core.training.options.choices import MODALITIES
from core.training.options.config import TrainConfig
from dashboard import jobs, session, theme
from dashboard.train import data as train_data
from dashboard.train import option_form
from dashboard.train import start as train_start
from dashboard.train import yaml_text as train_yaml

SEEN = {
    "data": ("modality", "datasets", "protocol", "shares", "heldout", "max_samples_per_class"),
    "model": ("model", "tune", "dropout", "pretrained"),
    "techniques": ("balancing", "loss", "augmentation", "label_smoothing", "threshold_method"),
    "budget": ("epochs", "batch_size", "learning_rate", "early_stopping", "device", "devices", "precision", "monitor"),
}  # fmt: skip


SHARES = ("64/16/20", "70/15/15", "80/10/10", "80/20")
EVERYTHING_ON = 0.1  # weight of an objective that the network does not bring by itself


def page() -> None:
    theme.page_title("What shall it learn, from what, how?")
    if not table.datasets(session.space()):
        theme.empty(
            "There is no data yet. Add a folder with media, or make the demo datasets.",
            "Add data",
            "datasets",
        )
        return
    _take_over()
    _presets()
    data, model = st.columns(2, gap="large")
    with data:
        st.markdown("## 1 · Data")
        _data()
    with model:
        st.markdown("## 2 · Model")
        _model()
    techniques, budget = st.columns(2, gap="large")
    with techniques:
        st.markdown("## 3 · Techniques")
        _techniques()
    with budget:
        st.markdown("## 4 · Budget and device")
        option_form.options(_acting(SEEN["budget"]), 2)
    with st.expander("All options", key="train-all-options"):
        _all_options()
    train_yaml.draw()
    train_start.draw()


def _take_over() -> None:
    """What another page (advice of a dataset, a clone of a run) asks to start from."""
    preset = st.session_state.pop("train_preset", None)
    if preset is not None:
        option_form.replace(train_data.usable(preset))
        st.session_state["train_advised"] = train_data.signature(option_form.config())
    elif option_form.STATE not in st.session_state:
        option_form.replace(train_data.first_choice(session.space()))


def _presets() -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption("Start from", width="content")
        modality = option_form.config()["modality"]
        for preset in (*presets(modality), *sizes(modality)):
            if st.button(preset.name.capitalize(), key=f"preset-{preset.name}", help=preset.about):
                option_form.replace(_changes_of(preset), over=option_form.config())
                st.session_state["train_advised"] = train_data.signature(option_form.config())
                st.rerun()


def _changes_of(preset: Preset) -> dict[str, Any]:
    """With the weights of what this network can learn beside the verdict, where the preset wants that."""
    if not preset.objectives:
        return preset.changes
    config = {**option_form.config(), **preset.changes}
    card = train_data.card_of(config, session.space())
    useless = idle.idle(config, card)
    weights = {
        f"{name}_weight": weight or EVERYTHING_ON
        for name, weight in (card or {}).get("objectives", {}).items()
    }
    return {**preset.changes, **{name: weight for name, weight in weights.items() if name not in useless}}


def _data() -> None:
    before = option_form.config()["modality"]
    modality = option_form.option("modality", choices=MODALITIES)
    if modality != before:
        option_form.replace(train_data.first_choice(session.space(), modality), over=option_form.config())
        st.rerun()
    fitting = train_data.fitting(modality, session.space())
    if not fitting:
        st.warning(f"No dataset of the catalogue has {modality} in it.")
    option_form.option(
        "datasets", choices=[d.name for d in fitting], format_func=_shown({d.name: d for d in fitting})
    )
    train_data.draw_chosen(option_form.config(), fitting)
    train_data.draw_not_fitting(modality, session.space())
    left, right = st.columns(2)
    with left:
        option_form.option("protocol")
    with right:
        option_form.option("max_samples_per_class")
    option_form.option("shares", choices=SHARES, accept_new_options=True)
    if option_form.config()["protocol"] == "heldout_method":
        option_form.option(
            "heldout", choices=["", *train_data.methods(option_form.config(), session.space())]
        )
    elif option_form.config()["heldout"]:
        option_form.set_field("heldout", "")
    _advise()
    train_data.draw_plan(option_form.config(), session.space())


def _advise() -> None:
    """New data: tick what its imbalance advises. What was ticked by hand stays until other data is chosen."""
    signature = train_data.signature(option_form.config())
    if st.session_state.get("train_advised") != signature:
        st.session_state["train_advised"] = signature
        if changes := train_data.advised(option_form.config(), session.space()):
            option_form.replace(changes, over=option_form.config())
            st.rerun()


def _shown(known: dict[str, Any]) -> Any:
    return lambda name: known[name].shown if name in known else name


def _model() -> None:
    space = session.space()
    found = cards.cached(space)
    if found is None:  # the first time after a change of the networks; the rest of the page does not wait
        jobs.start("model-cards", "Reading the model cards", lambda _: cards.cards(space))
        jobs.watch("model-cards")
    known = {card["name"]: card for card in found or []}
    config = option_form.config()
    names = ["", *(name for name, card in known.items() if card["modality"] == config["modality"])]
    if (
        config["modality"] in ("video", "multimodal")
        and config["model"] in known
        and config["model"] not in names
    ):
        names.append(config["model"])
    default = TrainConfig.from_dict({"modality": config["modality"]}).model_name

    def shown(name: str) -> str:
        card = known.get(name or default)
        size = f" · {card['parameters'] / 1e6:.2f} M parameters · {card['input']}" if card else ""
        return (name or f"{default} (default)") + size

    name = option_form.option("model", choices=names, format_func=shown) or default
    if card := known.get(name):
        st.caption(f"{theme.safe(card['about'])}. {theme.safe(card['source'])}")
    option_form.options(_acting([n for n in SEEN["model"] if n != "model"]), 2)


def _techniques() -> None:
    advice = train_data.advice(option_form.config(), session.space())
    if advice is not None:
        st.markdown(f"{theme.severity_badge(advice.severity)} {theme.safe(advice.headline)}")
        for technique in advice.techniques:
            cost = f" ({theme.safe(technique.cost)})" if technique.cost else ""
            st.caption(f"**{theme.safe(technique.name)}**: {theme.safe(technique.why)}{cost}")
    fitting = augmentation.fitting(option_form.config()["modality"])
    for name in SEEN["techniques"][:3]:
        option_form.option(name, **({"choices": fitting} if name == "augmentation" else {}))
    option_form.options(_acting(SEEN["techniques"][3:]), 2)


def _acting(names: Iterable[str]) -> list[str]:
    """Without the options that do nothing here, as long as nobody has set them."""
    config = option_form.config()
    useless = idle.idle(config, train_data.card_of(config, session.space()))
    usual = TrainConfig().to_dict()
    return [name for name in names if name not in useless or config[name] != usual[name]]


def _all_options() -> None:
    """Every field that does not stand above, in the groups of the configuration."""
    above = {name for names in SEEN.values() for name in names}
    groups: dict[str, list[str]] = {}
    for name, field in option_form.FIELDS.items():
        if name not in above:
            groups.setdefault(field.metadata["group"], []).append(name)
    for group, names in groups.items():
        names = _acting(names)
        if not names:
            continue
        st.markdown(f"**{theme.safe(group)}**")
        option_form.options(names, 3)


try:
    page()
except BadInput as error:
    st.error(theme.safe(one_line(error)), icon=":material/error:")
