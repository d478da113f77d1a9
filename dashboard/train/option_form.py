"""Widgets made from the fields of the configuration: type, range, choices, unit and help come from there."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import Field, fields
from typing import Any

import streamlit as st
import yaml

from core import plain_yaml
from core.training.options.choices import DEFAULT_BATCHES
from core.training.options.config import TrainConfig
from core.training.options.fields import coerce, kinds_of, may_be_empty
from dashboard import theme, words
from dashboard.train import named_values, network_options

STATE = "train_config"
GENERATION = "train_generation"
FIELDS: dict[str, Field[Any]] = {field.name: field for field in fields(TrainConfig)}
SOME_NUMBERS = (0, 1, 2, 4, 8, 16, 32, 64, 128)  # offered where any may be typed
_EMPTY = re.compile(r"\bempty(?: or 0)?: ([^;,(]+)")


def config() -> dict[str, Any]:
    """What the form holds now: every field."""
    if STATE not in st.session_state:
        replace({})
    return dict(st.session_state[STATE])


def replace(changes: Mapping[str, Any], *, over: Mapping[str, Any] | None = None) -> None:
    """Set fields (over the defaults, or over what is given); all widgets start anew from them."""
    base = dict(over) if over is not None else TrainConfig().to_dict()
    st.session_state[STATE] = {**base, **{k: v for k, v in changes.items() if k in FIELDS}}
    st.session_state[GENERATION] = st.session_state.get(GENERATION, 0) + 1


def key(name: str) -> str:
    return f"train-{name}-{st.session_state.get(GENERATION, 0)}"


def set_field(name: str, value: Any) -> None:
    st.session_state[STATE] = {**config(), name: value}


def label(name: str) -> str:
    unit, shown = FIELDS[name].metadata["unit"], words.option(name)
    return shown + (f" ({unit})" if unit and unit not in shown.lower().split() else "")


def option(name: str, **overrides: Any) -> Any:
    """Draw the widget of one field and keep what it says. `overrides` may give choices and format_func."""
    field, value = FIELDS[name], config()[name]
    chosen = _widget(field)(field, value, overrides)
    if chosen != value or type(chosen) is not type(value):
        set_field(name, chosen)
    return chosen


def options(names: Iterable[str], key: str, overrides: Mapping[str, Mapping[str, Any]] | None = None) -> None:
    """Several fields side by side, as many as the window has room for (page.css); a network's own come first, switches
    last."""
    order: dict[Widget, int] = {_mapping: 0, _switch: 2, _weights: 2}
    with st.container(key=f"train-fields-{key}"):
        for name in sorted(names, key=lambda name: order.get(_widget(FIELDS[name]), 1)):
            option(name, **(overrides or {}).get(name, {}))


Widget = Callable[[Field[Any], Any, dict[str, Any]], Any]


def _widget(field: Field[Any]) -> Widget:
    kinds = kinds_of(field)
    if field.name == "dataset_weights":
        return _weights
    if field.name == "threshold_method":
        return _method
    if dict in kinds:
        return _mapping
    if list in kinds:
        return _several
    if field.metadata["choices"]:
        return _number_or_word if kinds & {int, float} else _one_of
    if bool in kinds:
        return _switch
    if kinds & {int, float}:
        return _number
    return _text


def _number(field: Field[Any], value: Any, overrides: dict[str, Any]) -> Any:
    whole = int in kinds_of(field)
    low, high = field.metadata["low"], field.metadata["high"]
    cast: Callable[[Any], Any] = int if whole else float
    return st.number_input(
        label(field.name),
        min_value=None if low is None else cast(low),
        max_value=None if high is None else cast(high),
        value=None if value is None else cast(value),
        step=None if whole else _step(value),
        format="%d" if whole else "%.6g",
        key=key(field.name),
        help=words.help_text(field.name),
        placeholder=_when_empty(field),
    )


def _number_or_word(field: Field[Any], value: Any, overrides: dict[str, Any]) -> Any:
    """A list with `auto` in it that takes any number besides; what is neither, the page's check refuses."""
    low, high = field.metadata["low"] or 0, field.metadata["high"] or SOME_NUMBERS[-1]
    choices: list[Any] = [None] if may_be_empty(field) else []
    choices += [*field.metadata["choices"], *(n for n in SOME_NUMBERS if low <= n <= high)]
    if value not in choices:
        choices.append(value)
    chosen = st.selectbox(
        label(field.name),
        choices,
        index=choices.index(value),
        format_func=lambda c: _unset(field) if c is None else "automatic" if c == "auto" else str(c),
        accept_new_options=True,
        key=key(field.name),
        help=words.help_text(field.name),
    )
    return coerce(field, chosen)


def _unset(field: Field[Any]) -> str:
    """What stands in the list for nothing chosen; the usual batch depends on what is looked at."""
    if field.name == "batch_size":
        return f"{DEFAULT_BATCHES[config()['modality']]} (usual)"
    return _when_empty(field)


def _when_empty(field: Field[Any]) -> str:
    """What an empty field means, as its help says it; `automatic` where that would not fit into the field."""
    if not may_be_empty(field):
        return ""
    stated = _EMPTY.search(field.metadata["help"])
    if stated is None:
        return "none"
    return stated[1] if len(stated[1]) <= 11 else "automatic"


def _step(value: Any) -> float:
    return 0.0001 if isinstance(value, float) and 0 < value < 0.01 else 0.05


def _one_of(field: Field[Any], value: Any, overrides: dict[str, Any]) -> Any:
    choices = list(overrides.get("choices", field.metadata["choices"]))
    if may_be_empty(field):
        choices = [None, *choices]
    if value not in choices:
        choices.append(value)
    show = overrides.get(
        "format_func",
        functools.partial(words.choice, field.name),
    )
    return st.selectbox(
        label(field.name),
        choices,
        index=next(i for i, c in enumerate(choices) if c == value and type(c) is type(value)),
        format_func=show,
        key=key(field.name),
        help=words.help_text(field.name),
        accept_new_options=bool(overrides.get("accept_new_options")),
    )


def _several(field: Field[Any], value: Any, overrides: dict[str, Any]) -> list[str]:
    choices = list(overrides.get("choices", field.metadata["choices"]))
    choices += [v for v in value if v not in choices]
    draw = st.multiselect if len(choices) > 16 or field.name == "datasets" else st.pills
    extra: dict[str, Any] = {"selection_mode": "multi"}
    if draw is st.multiselect:
        extra = {"placeholder": overrides.get("placeholder", "none")}
    return list(
        draw(
            label(field.name),
            choices,
            default=value,
            format_func=overrides.get("format_func", functools.partial(words.choice, field.name)),
            key=key(field.name),
            help=words.help_text(field.name),
            wrap=True,
            **extra,
        )
        or []
    )


def _switch(field: Field[Any], value: Any, overrides: dict[str, Any]) -> bool:
    return st.toggle(
        label(field.name), value=bool(value), key=key(field.name), help=words.help_text(field.name)
    )


def _text(field: Field[Any], value: Any, overrides: dict[str, Any]) -> str:
    if "choices" in overrides:
        return str(_one_of(field, value, overrides) or "")
    stated = _EMPTY.search(field.metadata["help"])
    return st.text_input(
        label(field.name),
        value=value or "",
        key=key(field.name),
        help=words.help_text(field.name),
        placeholder=overrides.get("placeholder") or (stated[1] if stated else ""),
    ).strip()


def _method(field: Field[Any], value: Any, overrides: dict[str, Any]) -> str:
    return named_values.threshold_method(
        label(field.name), value, key(field.name), words.help_text(field.name)
    )


def _mapping(field: Field[Any], value: Any, overrides: dict[str, Any]) -> dict[str, Any]:
    """Of what is known, a widget each; else a mapping of names to values, written as YAML: `dropout: 0.3`."""
    if "known" in overrides:
        return network_options.draw(overrides["known"], overrides["asked"], value, key(field.name))
    text = yaml.safe_dump(value, sort_keys=False) if value else ""
    written = st.text_area(
        label(field.name),
        value=text,
        key=key(field.name),
        height=80,
        help=f"{words.help_text(field.name)} Write one `name: value` a line.",
    )
    try:
        document = plain_yaml.load(written or "") or {}
    except yaml.YAMLError as error:
        st.error(
            f"{theme.safe(label(field.name))} must be one `name: value` a line: {theme.safe(str(error))}"
        )
        return dict(value)
    if not isinstance(document, dict):
        st.error(f"{theme.safe(label(field.name))} must be one `name: value` a line.")
        return dict(value)
    return document


def _weights(field: Field[Any], value: Any, overrides: dict[str, Any]) -> dict[str, float]:
    """One number a chosen dataset, where they are weighed at all; 1 everywhere draws all equally often."""
    chosen = config()["datasets"]
    if len(chosen) < 2:
        return {}
    weighed = st.toggle(
        label(field.name), value=bool(value), key=f"{key(field.name)}-on", help=words.help_text(field.name)
    )
    if not weighed:
        return {}
    return {
        name: float(
            st.number_input(
                theme.safe(name),
                0.01,
                100.0,
                float(value.get(name, 1.0)),
                0.5,
                key=f"{key(field.name)}-{name}",
            )
        )
        for name in chosen
    }
