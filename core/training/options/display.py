"""An option's value as a person reads it: registered techniques, losses and methods by the titles in their files.

balancing  ["sampler", "smote"]  ->  Weighted sampler, SMOTE on embeddings
model      "simple_cnn"          ->  Simple CNN
"""

from __future__ import annotations

from core import option_words, words
from core.thresholds import methods
from core.training import augmentation, losses
from core.training.balancing import TECHNIQUES

REGISTERED = {
    "balancing": {name: kind.title for name, kind in TECHNIQUES.items()},
    "loss": {name: kind.title for name, kind in losses.LOSSES.items()},
    "augmentation": {name: kind.title for name, kind in augmentation.AUGMENTATIONS.items()},
}


def choice(name: str, value: object) -> str:
    """A value of an option, as lists, pills and tables show it."""
    if value is None or value == "":
        return "automatic"
    if name == "model":
        return words.network(str(value))
    if name == "threshold_method":
        return methods.title(str(value))
    return REGISTERED.get(name, {}).get(str(value)) or option_words.choice(name, value)


def value(name: str, found: object) -> str:
    """What an option is set to, in words: lists joined, names for keys."""
    if isinstance(found, (list, tuple)):
        # Names of datasets are names already.
        return ", ".join(str(one) if name == "datasets" else choice(name, one) for one in found) or "none"
    if isinstance(found, dict):
        return ", ".join(f"{key} {one}" for key, one in found.items()) or "none"
    # A name, a person's own text, keeps its underscores.
    return str(found) if name in ("name", "heldout") and found else choice(name, found)
