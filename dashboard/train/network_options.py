"""Widgets for the further options of a network: its file says how each is asked for (models.cards.ModelOption).

scale   {"title": "Spacing of the frequencies", "choices": [["mel", "mel, as the ear hears"], …]}  ->  a list
bands   {"title": "Frequency bands", "low": 8, "high": 256}                                        ->  a number
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import streamlit as st

from dashboard import theme, words

Asked = Mapping[str, Any]  # a ModelOption, as the table of networks keeps it


def draw(
    defaults: Mapping[str, Any], asked: Mapping[str, Asked], value: Mapping[str, Any], key: str
) -> dict[str, Any]:
    """Those that the network's file explains; of a file that explains none, those that a plain field can hold.

    Only what differs from its default is kept. What else is set, such as the sizes of layers, stays as the text of the
    configuration has it.
    """
    offered = [name for name, one in defaults.items() if (name in asked if asked else _is_plain(one))]
    with st.container(key="train-fields-network"):
        found = {
            name: _option(
                name, defaults[name], asked.get(name), value.get(name, defaults[name]), f"{key}-{name}"
            )
            for name in offered
        }
    strangers = {name: one for name, one in value.items() if name not in offered}
    return strangers | {name: one for name, one in found.items() if one != defaults[name]}


def _is_plain(default: Any) -> bool:
    return isinstance(default, (bool, int, float, str))


def _option(name: str, default: Any, asked: Asked | None, value: Any, key: str) -> Any:
    if asked is None:  # of a network in a file of somebody's own
        asked = {
            "title": words.capital(words.plain(name)),
            "help": "The network's file does not say what this is.",
        }
    title, text = theme.safe(asked["title"]), theme.safe(asked["help"])
    if asked.get("choices"):
        return _choice(title, text, asked, value, key)
    if isinstance(default, bool):
        return st.toggle(title, bool(value), key=key, help=text)
    # Words for a number are shown as they are: the check before the start refuses them.
    if isinstance(default, str) or isinstance(value, str):
        return st.text_input(title, str(value), key=key, help=text).strip()
    return _number(title, text, asked, default, value, key)


def _choice(title: str, text: str, asked: Asked, value: Any, key: str) -> Any:
    names = [(one, str(shown)) for one, shown in asked["choices"]]
    choices = [one for one, _ in names]
    choices += [value] if value not in choices else []
    chosen = st.selectbox(
        title,
        choices,
        index=choices.index(value),
        format_func=lambda one: next((shown for known, shown in names if known == one), str(one)),
        accept_new_options=bool(asked.get("open")),
        key=key,
        help=text,
    )
    return chosen.strip() if isinstance(chosen, str) else chosen


def _number(title: str, text: str, asked: Asked, default: Any, value: Any, key: str) -> Any:
    """Empty where the default stands for something else, such as what the size of the network says."""
    whole = isinstance(default, int)
    cast: Callable[[Any], Any] = int if whole else float
    empty = str(asked.get("empty") or "")
    shown = None if value is None or (empty and value == default) else cast(value)
    low, high = asked.get("low"), asked.get("high")
    chosen = st.number_input(
        title,
        # What is set already may lie outside: the check before the start refuses it.
        min_value=None if low is None else cast(min(low, low if shown is None else shown)),
        max_value=None if high is None else cast(max(high, high if shown is None else shown)),
        value=shown,
        step=1 if whole else 1.0 if default is None else 0.05,
        format="%d" if whole else "%.6g",
        placeholder=empty,
        key=key,
        help=text,
    )
    return default if chosen is None else cast(chosen)
