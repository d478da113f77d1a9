"""Display names for pages: one for every key that a registry, an option or a state has.

Techniques, losses, augmentations, threshold methods and explanations bring theirs; core.words has the others.
"""

from __future__ import annotations

from core import words
from core.detection import explanations
from core.runs.presets import Preset
from core.thresholds import methods
from core.training import augmentation, losses
from core.training.balancing import TECHNIQUES

figure, split, state, modality, network = (
    words.figure,
    words.split,
    words.state,
    words.modality,
    words.network,
)
capital, plain = words.capital, words.plain
# The options whose values are registered: each value's file states its title.
REGISTERED = {
    "balancing": {name: kind.title for name, kind in TECHNIQUES.items()},
    "loss": {name: kind.title for name, kind in losses.LOSSES.items()},
    "augmentation": {name: kind.title for name, kind in augmentation.AUGMENTATIONS.items()},
}
EXPLANATIONS = {
    explanations.AUTO: "Automatic",
    **explanations.PICTURE_METHODS,
    **explanations.TIME_METHODS,
}


def option(name: str) -> str:
    return words.option(name)


def choice(name: str, value: object) -> str:
    """A value of an option, as lists, pills and tables show it."""
    if value is None or value == "":
        return "automatic"
    if name == "model":
        return network(str(value))
    if name == "threshold_method":
        return threshold_method(str(value))
    return REGISTERED.get(name, {}).get(str(value)) or words.choice(name, value)


def threshold_method(text: str) -> str:
    return methods.title(text)


def preset(one: Preset) -> str:
    return capital(one.name)


def value(name: str, found: object) -> str:
    """What an option is set to, in words: lists joined, names for keys."""
    if isinstance(found, (list, tuple)):
        return ", ".join(choice(name, one) for one in found) or "none"
    if isinstance(found, dict):
        return ", ".join(f"{key} {one}" for key, one in found.items()) or "none"
    return choice(name, found)
