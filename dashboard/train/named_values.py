"""Widgets for a value that has parts: a threshold method with its parameter."""

from __future__ import annotations

import streamlit as st

from core.thresholds import methods

DEFAULT = "default"


def threshold_method(label: str, value: str, key: str, help_text: str) -> str:
    """A method from the list, and its parameter where it takes one: `precision=0.95`."""
    name, _, argument = value.partition("=")
    names = [DEFAULT, *methods.KNOWN]
    if name not in names:  # of an older configuration: it stays to be seen and refused
        names.append(name)
    chosen = st.selectbox(
        label, names, index=names.index(name), format_func=_method_name, key=key, help=help_text
    )
    kind = methods.KNOWN.get(chosen)
    if kind is None or not kind.argument:
        return str(chosen)
    given = argument if chosen == name else next(iter(kind.offered), "")
    return f"{chosen}={_argument(kind, given, f'{key}-{chosen}')}"


def _method_name(name: str) -> str:
    kind = methods.KNOWN.get(name)
    if kind is None:
        return methods.title(name)
    return kind.title.replace(" {}", "").replace("{}", "-beta") or name.replace("_", " ")


def _argument(kind: type[methods.Method], given: str, key: str) -> str:
    words = _method_name(kind.name)
    if kind.argument_is_share:
        share = st.number_input(f"{words} (%)", 0.0, 100.0, _percent(given), 0.5, "%.6g", key=key)
        return f"{share / 100:.12g}"
    if kind.name == "fbeta":
        return f"{st.number_input('Beta: how many times as much as precision recall weighs', 0.01, 100.0, float(given or 2), 0.5, key=key):.12g}"
    if kind.name == "cost":
        return _costs(given, key)
    return st.text_input(f"{words}: {kind.argument}", given, key=key).strip()


def _percent(given: str) -> float:
    try:
        return min(100.0, max(0.0, 100 * float(given)))
    # The words of another kind of method; the field starts at a usual value and shows it.
    except ValueError:
        return 95.0


def _costs(given: str, key: str) -> str:
    """`1:5@0.02`: what a false alarm and a missed fake cost, and the share of fakes where it is used."""
    costs, _, share = given.partition("@")
    alarm, _, miss = costs.partition(":")
    left, right, last = st.columns(3)
    alarm_costs = left.number_input(
        "A false alarm costs", 0.0, None, _number(alarm, 1.0), format="%.6g", key=f"{key}-alarm"
    )
    miss_costs = right.number_input(
        "A missed fake costs", 0.0, None, _number(miss, 5.0), format="%.6g", key=f"{key}-miss"
    )
    percent = last.number_input(
        "Share of fakes for the cost (%)",
        0.0,
        100.0,
        100 * _number(share, 0.0) or None,
        format="%.6g",
        key=f"{key}-share",
        placeholder="as in the data",
    )
    return f"{alarm_costs:.12g}:{miss_costs:.12g}" + (f"@{percent / 100:.12g}" if percent else "")


def _number(text: str, otherwise: float) -> float:
    try:
        return float(text)
    # The words of another kind of method; the field starts at a usual value and shows it.
    except ValueError:
        return otherwise
