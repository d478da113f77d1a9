"""One option of a configuration: what the form needs to know of it, and how a value given for it is read and checked."""

from __future__ import annotations

import math
from dataclasses import Field, field
from typing import Any, NoReturn

from core.errors import BadInput


def option(
    default: Any,
    help_text: str,
    *,
    choices: tuple[Any, ...] = (),
    unit: str = "",
    low: float | None = None,
    high: float | None = None,
    group: str = "training",
) -> Any:
    """A field with what the form needs: help, unit, choices, range, and the part of the form it stands in."""
    metadata = {"help": help_text, "choices": choices, "unit": unit, "low": low, "high": high, "group": group}
    if isinstance(default, (list, dict)):
        return field(default_factory=lambda: type(default)(default), metadata=metadata)
    return field(default=default, metadata=metadata)


def coerce(option: Field[Any], value: Any) -> Any:
    """The value as the field's type knows it: YAML reads 1e-3 as a text, and one name may stand for a list."""
    kind = str(option.type)
    if value is None:
        if "None" in kind:
            return None
        refuse(option.name, value, f"must be {_wanted(option)}")
    if kind.startswith("list"):
        value = [value] if isinstance(value, str) else value
        if not isinstance(value, (list, tuple)) or not all(isinstance(v, str) for v in value):
            refuse(option.name, value, f"must be {_wanted(option)}")
        return list(value)
    if kind.startswith("dict"):
        return _mapping(option, value)
    if kind == "bool" or (option.name == "faces" and not isinstance(value, str)):
        if not isinstance(value, bool):
            refuse(option.name, value, f"must be {_wanted(option)}")
        return value
    if kind.startswith("int"):
        return _integer(option, value)
    if kind.startswith("float"):
        return _real(option, value)
    if not isinstance(value, str):
        refuse(option.name, value, f"must be {_wanted(option)}")
    return {"true": True, "false": False}.get(value, value) if option.name == "faces" else value


def check_field(option: Field[Any], value: Any) -> None:
    meta = option.metadata
    if value is None:
        return
    if meta["choices"]:
        values = value if isinstance(value, list) else [value]
        for one in values:
            if not any(one is c or (one == c and type(one) is type(c)) for c in meta["choices"]):
                refuse(option.name, one, f"must be one of {_listed(meta['choices'])}")
        if isinstance(value, list) and len(set(value)) != len(value):
            refuse(option.name, value, "names something twice")
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        low, high = meta["low"], meta["high"]
        if (low is not None and value < low) or (high is not None and value > high):
            refuse(option.name, value, f"must be {_wanted(option)}")


def _mapping(option: Field[Any], value: Any) -> dict[str, Any]:
    if not isinstance(value, dict) or not all(isinstance(key, str) for key in value):
        refuse(option.name, value, f"must be {_wanted(option)}")
    if option.name != "dataset_weights":
        return dict(value)
    weights = {}
    for key, weight in value.items():
        number = _number(weight)
        if number is None or number <= 0:
            refuse(option.name, weight, f"must be a number above 0 for {key}")
        weights[key] = number
    return weights


def _integer(option: Field[Any], value: Any) -> int:
    number = _number(value)
    if number is None or number != int(number):
        refuse(option.name, value, f"must be {_wanted(option)}")
    return int(number)


def _real(option: Field[Any], value: Any) -> float:
    number = _number(value)
    if number is None:
        refuse(option.name, value, f"must be {_wanted(option)}")
    return float(number)


def _number(value: Any) -> float | None:
    """A finite number, also where YAML left it a text (1e-3); None for anything else, booleans too."""
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    try:
        number = float(value)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _wanted(option: Field[Any]) -> str:
    """In words, what the field may be."""
    kind, meta = str(option.type), option.metadata
    if meta["choices"] and not kind.startswith("list"):
        return f"one of {_listed(meta['choices'])}"
    if kind.startswith("list"):
        return f"a list of {_listed(meta['choices']) if meta['choices'] else 'names'}"
    if kind.startswith("dict"):
        return "a mapping of names to values"
    word = {"int": "a whole number", "float": "a number", "bool": "true or false"}.get(
        kind.split(" ")[0], "a text"
    )
    low, high = meta["low"], meta["high"]
    if low is not None and high is not None:
        word += f" from {low:g} to {high:g}"
    elif low is not None:
        word += f" of at least {low:g}"
    return word + (" or empty" if "None" in kind else "")


def _listed(choices: tuple[Any, ...]) -> str:
    return ", ".join(
        {True: "true", False: "false"}.get(c, str(c)) if isinstance(c, bool) else str(c) for c in choices
    )


def refuse(name: str, value: Any, why: str) -> NoReturn:
    raise BadInput(f"{name}: {value!r} {why}")
