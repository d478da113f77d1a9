"""What tuning searches: the space in the YAML's `search`, or a good default; and one trial's fields out of
it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import Field, fields
from typing import Any

from core.errors import BadInput
from core.training.balancing import TECHNIQUES
from core.training.losses import LOSSES
from core.training.options.config import TrainConfig
from core.training.options.fields import check_field, coerce

# A list is a choice; a mapping is a range. The names are fields of the configuration.
DEFAULT: dict[str, Any] = {
    "learning_rate": {"low": 1e-5, "high": 1e-2, "log": True},
    "weight_decay": {"low": 1e-6, "high": 1e-2, "log": True},
    "dropout": {"low": 0.0, "high": 0.6},
    "batch_size": [4, 8, 16, 32],
    "loss": list(LOSSES),
    "balancing": [[], *([name] for name, kind in TECHNIQUES.items() if not kind.needs_embeddings)],
}


def check_space(space: Mapping[str, Any]) -> dict[str, Any]:
    """The space with every range and choice looked at; refused where a field or a bound makes no sense."""
    known = {f.name: f for f in fields(TrainConfig)}
    for name, about in space.items():
        if name not in known:
            raise BadInput(f"search: unknown option {name!r}; it may name any field of the configuration")
        if isinstance(about, list):
            if not about:
                raise BadInput(f"search: {name} has no choices")
            for choice in about:
                _check_value(known[name], choice)
            continue
        if not isinstance(about, Mapping) or not {"low", "high"} <= set(about) <= {"low", "high", "log"}:
            raise BadInput(
                f"search: {name} must be a list of choices or a range: {{low: …, high: …, log: true}}"
            )
        low, high = number(name, about["low"]), number(name, about["high"])
        if not low < high or (about.get("log") and low <= 0):
            raise BadInput(f"search: {name} needs low < high, and low above 0 where log is true")
        for bound in (low, high):
            _check_value(known[name], bound)
    return dict(space)


def _check_value(option: Field[Any], value: Any) -> None:
    """A value that the field can never have is refused before the first trial."""
    try:
        check_field(option, coerce(option, value))
    except BadInput as error:
        raise BadInput(f"search: {error}") from error


def suggest(trial: Any, space: Mapping[str, Any]) -> dict[str, Any]:
    """One value a field. Optuna keeps plain values, so a choice that is a list is named by its place."""
    chosen: dict[str, Any] = {}
    for name, about in space.items():
        if isinstance(about, list):
            labels = [label(choice) for choice in about]
            chosen[name] = about[labels.index(trial.suggest_categorical(name, labels))]
            continue
        low, high, log = number(name, about["low"]), number(name, about["high"]), bool(about.get("log"))
        if isinstance(about["low"], int) and isinstance(about["high"], int):
            chosen[name] = trial.suggest_int(name, int(low), int(high), log=log)
        else:
            chosen[name] = trial.suggest_float(name, low, high, log=log)
    return chosen


def label(choice: Any) -> Any:
    """A choice as Optuna may keep it."""
    if isinstance(choice, list):
        return "+".join(map(str, choice)) or "none"
    return choice


def number(name: str, value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        raise BadInput(f"search: {name} has a bound {value!r} that is not a number") from None
