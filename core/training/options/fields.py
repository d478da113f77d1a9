"""One option of a configuration: what the form needs to know of it, and how a value given for it is read and
checked."""

from __future__ import annotations

import math
from dataclasses import Field, field, fields
from types import NoneType, UnionType
from typing import Any, NoReturn, TypeVar, get_args, get_origin, get_type_hints

from core.errors import BadInput

Class = TypeVar("Class")
WORDS = {"true": True, "false": False}
KINDS = {int: "a whole number", float: "a number", bool: "true or false", str: "a text"}


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


def with_real_types(cls: type[Class]) -> type[Class]:
    """`type` of every field is the type itself from here on; with postponed annotations it is a text
    before."""
    hints = get_type_hints(cls)
    for one in fields(cls):  # type: ignore[arg-type]
        one.type = hints[one.name]
    return cls


def kinds_of(option: Field[Any]) -> frozenset[type]:
    """The plain types that a value may have: `int | None` is {int, NoneType}, `dict[str, float]` is
    {dict}."""
    members = get_args(option.type) if isinstance(option.type, UnionType) else (option.type,)
    return frozenset(get_origin(member) or member for member in members)


def may_be_empty(option: Field[Any]) -> bool:
    return NoneType in kinds_of(option)


def coerce(option: Field[Any], value: Any) -> Any:
    """The value as the field's type knows it: YAML reads 1e-3 as a text, and one name may stand for a
    list."""
    kinds = kinds_of(option)
    if value is None and NoneType in kinds:
        return None
    if list in kinds:
        value = [value] if isinstance(value, str) else value
        if isinstance(value, (list, tuple)) and all(isinstance(v, str) for v in value):
            return list(value)
    elif dict in kinds:
        if isinstance(value, dict) and all(isinstance(key, str) for key in value):
            return _weights(option, value) if get_args(option.type)[1] is float else dict(value)
    elif isinstance(value, bool):
        if bool in kinds:
            return value
    elif {bool, str} <= kinds and value in WORDS:
        return WORDS[value]
    elif (number := _number(value)) is not None and kinds & {int, float}:
        if float in kinds:
            return number
        if number == int(number):
            return int(number)
    elif isinstance(value, str) and str in kinds:
        return value
    refuse(option.name, value, f"must be {_describe(option)}")


def check_field(option: Field[Any], value: Any) -> None:
    """Whether the value is one of the choices, or a number within its range."""
    meta = option.metadata
    if value is None:
        return
    if _is_number(value):
        low, high = meta["low"], meta["high"]
        if (low is not None and value < low) or (high is not None and value > high):
            refuse(option.name, value, f"must be {_describe(option)}")
    elif meta["choices"]:
        if kinds_of(option) & {int, float} and value not in meta["choices"]:
            refuse(option.name, value, f"must be {_describe(option)}")
        values = value if isinstance(value, list) else [value]
        for one in values:
            if not any(one is c or (one == c and type(one) is type(c)) for c in meta["choices"]):
                refuse(option.name, one, f"must be one of {_join(meta['choices'])}")
        if len(set(values)) != len(values):
            refuse(option.name, value, "names something twice")


def _weights(option: Field[Any], value: dict[str, Any]) -> dict[str, float]:
    weights = {}
    for key, weight in value.items():
        number = _number(weight)
        if number is None or number <= 0:
            refuse(option.name, weight, f"must be a number above 0 for {key}")
        weights[key] = number
    return weights


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _number(value: Any) -> float | None:
    """A finite number, also where YAML left it a text (1e-3); None for anything else, booleans too."""
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    try:
        number = float(value)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _describe(option: Field[Any]) -> str:
    """In words, what the field may be."""
    kinds, meta = kinds_of(option), option.metadata
    if list in kinds:
        return f"a list of {_join(meta['choices']) if meta['choices'] else 'names'}"
    if dict in kinds:
        return "a mapping of names to values"
    words = [word for kind, word in KINDS.items() if kind in kinds]
    numeric = bool(kinds & {int, float})
    if meta["choices"]:
        words = words[:1] if numeric else [f"one of {_join(meta['choices'])}"]
    word = " or ".join(words[:2])
    low, high = meta["low"], meta["high"]
    if low is not None and high is not None:
        word += f" from {low:g} to {high:g}"
    elif low is not None:
        word += f" of at least {low:g}"
    if meta["choices"] and numeric:
        word += f" or {_join(meta['choices'])}"
    return word + (" or empty" if may_be_empty(option) and (numeric or not meta["choices"]) else "")


def _join(choices: tuple[Any, ...]) -> str:
    return ", ".join(
        {True: "true", False: "false"}.get(c, str(c)) if isinstance(c, bool) else str(c) for c in choices
    )


def refuse(name: str, value: Any, why: str) -> NoReturn:
    raise BadInput(f"{name}: {value!r} {why}")
