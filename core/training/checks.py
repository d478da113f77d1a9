"""What a configuration may hold: types, ranges, choices, and options that contradict each other."""

from __future__ import annotations

import math
import re
from dataclasses import Field, fields
from typing import TYPE_CHECKING, Any, NoReturn

from core.errors import BadInput
from core.thresholds import methods

if TYPE_CHECKING:
    from core.training.config import TrainConfig

_NUMBER = r"(?:\d+\.?\d*(?:[eE][-+]?\d+)?|\.\d+(?:[eE][-+]?\d+)?)"
THRESHOLD_METHOD = re.compile(
    r"default|f1|macro_f1|balanced_accuracy|youden|eer"
    rf"|(?:fbeta|precision|recall|fpr)={_NUMBER}|cost={_NUMBER}:{_NUMBER}(?:@{_NUMBER})?"
)


def coerce(option: Field[Any], value: Any) -> Any:
    """The value as the field's type knows it: YAML reads 1e-3 as a text, and one name may stand for a list."""
    kind = str(option.type)
    if value is None:
        if "None" in kind:
            return None
        _refuse(option.name, value, f"must be {_wanted(option)}")
    if kind.startswith("list"):
        value = [value] if isinstance(value, str) else value
        if not isinstance(value, (list, tuple)) or not all(isinstance(v, str) for v in value):
            _refuse(option.name, value, f"must be {_wanted(option)}")
        return list(value)
    if kind.startswith("dict"):
        return _mapping(option, value)
    if kind == "bool" or (option.name == "faces" and not isinstance(value, str)):
        if not isinstance(value, bool):
            _refuse(option.name, value, f"must be {_wanted(option)}")
        return value
    if kind.startswith("int"):
        return _integer(option, value)
    if kind.startswith("float"):
        return _real(option, value)
    if not isinstance(value, str):
        _refuse(option.name, value, f"must be {_wanted(option)}")
    return {"true": True, "false": False}.get(value, value) if option.name == "faces" else value


def check(config: TrainConfig) -> None:
    """Every field inside its choices and range, and no two options against each other."""
    for option in fields(config):
        check_field(option, coerce(option, getattr(config, option.name)))
    _check_together(config)
    if config.tune is not None:
        check_tune(config, config.tune)


def check_tune(config: TrainConfig, tune: str) -> None:
    """What needs a learning backbone, or a frozen one, once the network's card has said which it is."""
    if tune != "head":
        if "smote" in config.balancing:
            _refuse("balancing", "smote", f"works on embeddings and needs tune: head (it is {tune})")
        if config.head != "linear":
            _refuse("head", config.head, f"needs tune: head (it is {tune})")
        return
    for name in ("domain_weight", "contrastive_weight"):
        if getattr(config, name):
            _refuse(name, getattr(config, name), "needs a backbone that learns; set tune: all")
    if config.devices > 1:
        _refuse(
            "devices", config.devices, "must be 1 with tune: head, which trains in seconds in one process"
        )


def check_field(option: Field[Any], value: Any) -> None:
    meta = option.metadata
    if value is None:
        return
    if meta["choices"]:
        values = value if isinstance(value, list) else [value]
        for one in values:
            if not any(one is c or (one == c and type(one) is type(c)) for c in meta["choices"]):
                _refuse(option.name, one, f"must be one of {_listed(meta['choices'])}")
        if isinstance(value, list) and len(set(value)) != len(value):
            _refuse(option.name, value, "names something twice")
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        low, high = meta["low"], meta["high"]
        if (low is not None and value < low) or (high is not None and value > high):
            _refuse(option.name, value, f"must be {_wanted(option)}")


def _check_together(config: TrainConfig) -> None:
    from core.training.config import AUDIO_AUGMENTATIONS, IMAGE_AUGMENTATIONS

    if config.heldout and config.protocol != "heldout_method":
        _refuse("heldout", config.heldout, f"needs protocol: heldout_method (it is {config.protocol})")
    strangers = sorted(set(config.dataset_weights) - set(config.datasets))
    if config.datasets and strangers:
        _refuse("dataset_weights", strangers[0], f"must be one of datasets: {', '.join(config.datasets)}")
    if len(set(config.datasets)) != len(config.datasets):
        _refuse("datasets", config.datasets, "names a dataset twice")
    for name in ("domain_weight", "contrastive_weight"):
        if getattr(config, name) and config.modality != "multimodal":
            _refuse(
                name, getattr(config, name), f"must be 0 for modality {config.modality}; it is for multimodal"
            )
    fitting = {"image": IMAGE_AUGMENTATIONS, "video": IMAGE_AUGMENTATIONS, "audio": AUDIO_AUGMENTATIONS}
    allowed = fitting.get(config.modality, IMAGE_AUGMENTATIONS + AUDIO_AUGMENTATIONS)
    for name in config.augmentation:
        if name not in allowed:
            _refuse(
                "augmentation",
                name,
                f"does not fit modality {config.modality}; it may be {', '.join(allowed)}",
            )
    if not THRESHOLD_METHOD.fullmatch(config.threshold_method):
        _refuse(
            "threshold_method",
            config.threshold_method,
            "must be f1, fbeta=B, macro_f1, balanced_accuracy, youden, eer, precision=P, recall=R, fpr=F or "
            "cost=FP:FN[@PREVALENCE]",
        )
    try:
        if config.threshold_method != "default":
            methods.parse(config.threshold_method)
    except BadInput as error:
        raise BadInput(f"threshold_method: {config.threshold_method!r}: {error}") from error


def _mapping(option: Field[Any], value: Any) -> dict[str, Any]:
    if not isinstance(value, dict) or not all(isinstance(key, str) for key in value):
        _refuse(option.name, value, f"must be {_wanted(option)}")
    if option.name != "dataset_weights":
        return dict(value)
    weights = {}
    for key, weight in value.items():
        number = _number(weight)
        if number is None or number <= 0:
            _refuse(option.name, weight, f"must be a number above 0 for {key}")
        weights[key] = number
    return weights


def _integer(option: Field[Any], value: Any) -> int:
    number = _number(value)
    if number is None or number != int(number):
        _refuse(option.name, value, f"must be {_wanted(option)}")
    return int(number)


def _real(option: Field[Any], value: Any) -> float:
    number = _number(value)
    if number is None:
        _refuse(option.name, value, f"must be {_wanted(option)}")
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


def _refuse(name: str, value: Any, why: str) -> NoReturn:
    raise BadInput(f"{name}: {value!r} {why}")
