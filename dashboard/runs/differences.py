"""Where configurations of runs differ, by the part of the form that an option stands in.

part      option            First detector   Second detector
Learning  Epochs            6                8
The network · Further options of the network
          dropout           0.1              –
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from core.training.options.config import TrainConfig
from dashboard import words

PARTS = {
    "data": "Data",
    "input": "What the network sees",
    "model": "Network",
    "training": "Learning",
    "techniques": "Techniques",
    "evaluation": "Evaluation",
    "machine": "Machine",
}
_GROUPS = {field.name: field.metadata["group"] for field in fields(TrainConfig)}
_DEFAULTS = TrainConfig().to_dict()
MISSING = object()


def rows(configs: Mapping[str, Mapping[str, Any]]) -> list[dict[str, str]]:
    """One row an option that differs; what a configuration does not state has its default."""
    names = dict.fromkeys(name for config in configs.values() for name in config if name != "name")
    order = list(PARTS)
    found = []
    for name in sorted(names, key=lambda n: order.index(_GROUPS[n]) if n in _GROUPS else len(order)):
        values = {run: config.get(name, _DEFAULTS.get(name)) for run, config in configs.items()}
        part = PARTS.get(_GROUPS.get(name, ""), "Other")
        if any(isinstance(value, dict) for value in values.values()):
            found += _inside(f"{part} · {words.option(name)}", values)
        elif _differ(values):
            shown = {run: words.value(name, value) for run, value in values.items()}
            found.append({"part": part, "option": words.option(name), **shown})
    return found


def _inside(part: str, values: Mapping[str, Any]) -> list[dict[str, str]]:
    """The keys of a nested mapping that differ, each a row of its own."""
    inner = {run: value if isinstance(value, dict) else {} for run, value in values.items()}
    found = []
    for key in dict.fromkeys(key for value in inner.values() for key in value):
        each = {run: value.get(key, MISSING) for run, value in inner.items()}
        if _differ(each):
            shown = {run: "–" if v is MISSING else words.plain(v) for run, v in each.items()}
            found.append({"part": part, "option": str(key), **shown})
    return found


def _differ(values: Mapping[str, Any]) -> bool:
    return len({repr(value) for value in values.values()}) > 1
