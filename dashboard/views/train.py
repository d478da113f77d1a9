"""Train: what shall it learn, from what, how? First what everybody decides, then, behind one box, all the rest."""

from __future__ import annotations

from typing import Any

import streamlit as st

from core import numbers
from core.catalog import table
from core.errors import BadInput, one_line
from core.runs import cards
from core.runs.presets import Preset, presets, sizes
from core.runs.summaries import automatic_name
from core.training import augmentation
from core.training.options import unused_options
from core.training.options.choices import DEFAULT_MODELS
from core.training.options.config import TrainConfig
from dashboard import jobs, session, theme, words
from dashboard.train import advice as train_advice
from dashboard.train import data as train_data
from dashboard.train import data_form, option_form, pairing
from dashboard.train import link as train_link
from dashboard.train import plan as train_plan
from dashboard.train import start as train_start
from dashboard.train import yaml_text as train_yaml

# What is asked first; everything else stands in the box, in the groups of the configuration.
FIRST = (
    "name",
    "modality",
    "datasets",
    "protocol",
    "shares",
    "heldout",
    "model",
    "epochs",
    "max_samples_per_class",
    "device",
)
GROUPS = {
    "techniques": "Against imbalance and overfitting",
    "training": "How it learns",
    "model": "The network",
    "input": "What the network sees",
    "data": "The data",
    "evaluation": "How it is judged",
    "machine": "The machine",
}
OF_THE_FORM = ("dropout", "image_size", "sample_rate")  # options of a network that a field of the form sets
EVERYTHING_ON = 0.1  # weight of an objective that the network does not bring by itself
CLONED = "train_cloned"  # the name of the run that the form was filled from


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
    data, network = st.container(key="train-halves").columns(2, gap="large")
    with data:
        st.markdown("## 1 · Data")
        name = st.container()
        plan = data_form.draw()
    with network:
        st.markdown("## 2 · Network and budget")
        _network()
        option_form.options(("epochs", "max_samples_per_class"), "budget")
        option_form.option("device")
        end = st.container()
    with st.expander(
        "Everything else: techniques, learning, input, evaluation, machine", key="train-all-options"
    ):
        others = _rest()
    # In their places above, but after every field: they say and start what the fields say now.
    with name:
        _name()
    if plan is not None:
        with plan:
            train_plan.draw(option_form.config(), session.space())
    with end:
        _summary()
        train_advice.draw_missing(session.space())
        pairing.draw(option_form.config(), session.space())
        train_start.draw()
    train_yaml.draw()
    train_link.write(option_form.config())
    if others:
        st.rerun()


def _name() -> None:
    config = option_form.config()
    model = config["model"] or DEFAULT_MODELS[config["modality"]]
    option_form.option("name", placeholder=automatic_name({**config, "model": model}))


def _take_over() -> None:
    """What another page (advice of a dataset, a clone of a run) asks to start from."""
    link = train_link.read()
    preset = st.session_state.pop("train_preset", link)
    cloned = st.session_state.pop(CLONED, None)
    if preset is not None:
        config = {**TrainConfig().to_dict(), **preset}
        usual = {"protocol": train_data.usual_protocol(config, session.space())}
        option_form.replace(usual | train_data.usable(preset))
        st.session_state["train_advised"] = train_data.signature(option_form.config())
        st.session_state["train_filled_from"] = cloned
    elif option_form.STATE not in st.session_state:
        option_form.replace(train_data.first_choice(session.space()))
    if name := st.session_state.get("train_filled_from"):
        st.info(
            f"This is a copy of **{theme.safe(name)}**: the form holds its configuration. Nothing has started yet; "
            "change what you like, then start it as a run of its own.",
            icon=":material/content_copy:",
        )


def _presets() -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption("Start from", width="content")
        modality = option_form.config()["modality"]
        for preset in (*presets(modality), *sizes(modality)):
            if st.button(words.preset(preset), key=f"preset-{preset.name}", help=preset.about):
                option_form.replace(_changes_of(preset), over=option_form.config())
                st.session_state["train_advised"] = train_data.signature(option_form.config())
                st.rerun()


def _changes_of(preset: Preset) -> dict[str, Any]:
    """With the weights of what this network can learn beside the verdict, where the preset wants that."""
    if not preset.objectives:
        return preset.changes
    config = {**option_form.config(), **preset.changes}
    card = train_data.card_of(config, session.space())
    useless = unused_options.find_unused(config, card)
    weights = {
        f"{name}_weight": weight or EVERYTHING_ON
        for name, weight in (card or {}).get("objectives", {}).items()
    }
    return {**preset.changes, **{name: weight for name, weight in weights.items() if name not in useless}}


def _cards() -> dict[str, Any]:
    return {card["name"]: card for card in cards.cards(session.space())}


def _network() -> None:
    space = session.space()
    if cards.incomplete(space):  # the page does not wait for networks in files of somebody's own
        jobs.start("model-cards", "Looking up your networks:", lambda _: cards.look_up(space))
        jobs.watch("model-cards")
    known = _cards()
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
        size = f" · {_parameters(card['parameters'])}" if card else ""
        return words.network(name or default) + ("" if name else " (suggested)") + size

    name = option_form.option("model", choices=names, format_func=shown) or default
    if card := known.get(name):
        st.caption(
            f"{theme.safe(words.capital(card['about']))}. Source: {theme.safe(card['source'])}. "
            f"It is given {theme.safe(theme.with_units(card['input']))}."
        )


def _parameters(n: int) -> str:
    """27,842 parameters, 5.29 million parameters."""
    return f"{numbers.in_millions(n)} parameter{'s' * (n != 1)}"


def _summary() -> None:
    """What the box below is set to against imbalance, so that nobody has to open it to know."""
    config = option_form.config()
    ticked = [words.choice("balancing", name) for name in config["balancing"]]
    if config["loss"] != "cross_entropy":
        ticked.append(words.choice("loss", config["loss"]))
    changes = len(config["augmentation"])
    st.caption(
        f"Against imbalance: {', '.join(ticked) or 'nothing'}. "
        f"Random changes of the samples: {theme.count(changes) if changes else 'none'}. "
        f"Threshold: {theme.unbroken(words.threshold_method(config['threshold_method']))}. All of this can be changed under "
        "“Everything else”."
    )


def _rest() -> bool:
    """Every field that does not stand above and that does something here (or is set), in the groups of the configuration.
    True where what was just chosen gives other fields something to do."""
    config = option_form.config()
    useless = unused_options.find_unused(config, train_data.card_of(config, session.space()))
    usual = TrainConfig().to_dict()
    groups: dict[str, list[str]] = {}
    for name, field in option_form.FIELDS.items():
        if name not in FIRST and (name not in useless or config[name] != usual[name]):
            groups.setdefault(field.metadata["group"], []).append(name)
    for group in sorted(groups, key=lambda g: list(GROUPS).index(g) if g in GROUPS else len(GROUPS)):
        st.markdown(f"## {theme.safe(GROUPS.get(group) or words.capital(group))}")
        _group(group, groups[group])
    now = option_form.config()
    return unused_options.find_unused(now, train_data.card_of(now, session.space())).keys() != useless.keys()


def _group(group: str, names: list[str]) -> None:
    wide = [name for name in names if name in ("balancing", "augmentation", "threshold_method")]
    if group == "techniques":
        train_advice.draw_reasons(session.space())
    for name in wide:
        option_form.option(name, **_overrides(name))
    narrow = [name for name in names if name not in wide]
    option_form.options(narrow, group, {name: _overrides(name) for name in narrow})


def _overrides(name: str) -> dict[str, Any]:
    config = option_form.config()
    if name == "augmentation":
        return {"choices": augmentation.fitting(config["modality"])}
    if name == "model_options":
        card = train_data.card_of(config, session.space()) or {}
        own_fields = {*OF_THE_FORM} - {*config["model_options"]}
        known = {k: v for k, v in (card.get("options") or {}).items() if k not in own_fields}
        return {"known": known, "asked": card.get("asked") or {}}
    return {}


try:
    page()
except BadInput as error:
    st.error(theme.sentence(words.message(one_line(error))), icon=":material/error:")
