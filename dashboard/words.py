"""Display names for pages: one for every key that a registry, an option or a state has.

Techniques, losses, augmentations, threshold rules and explanations bring theirs; core.words and core.option_words
have the others. The values of options are core's (core/training/options/display.py): commands and reports write them
too.
"""

from __future__ import annotations

import re
from dataclasses import fields

from core import option_words, words
from core.detection import explanations
from core.runs.presets import Preset
from core.thresholds import methods
from core.training.options import display
from core.training.options.config import TrainConfig

figure, split, state, modality, network, family = (
    words.figure,
    words.split,
    words.state,
    words.modality,
    words.network,
    words.family,
)
architecture, input_of, measured = words.architecture, words.input_of, words.measured
capital, plain, spelled_out, listed = words.capital, words.plain, words.spelled_out, words.listed
with_unit, UNITS = words.with_unit, words.UNITS
choice, value, REGISTERED = display.choice, display.value, display.REGISTERED
_HELP = {field.name: field.metadata["help"] for field in fields(TrainConfig)}
EXPLANATIONS = {
    explanations.AUTO: "Automatic",
    **explanations.PICTURE_METHODS,
    **explanations.TIME_METHODS,
}


def option(name: str) -> str:
    return option_words.option(name)


def threshold_method(text: str) -> str:
    return methods.title(text)


def help_text(name: str) -> str:
    """What an option is for, with its values under the names that the form shows; a sentence or several."""
    text = str(_HELP[name]).partition(": macro_f1")[0]
    titles = {str(key): title for key, title in option_words.CHOICES.get(name, {}).items()} | REGISTERED.get(
        name, {}
    )
    if titles:  # all at once: one name may hold another's key
        keys = "|".join(map(re.escape, titles))
        text = re.sub(rf"(?<![\w-])({keys}):", lambda found: f"{titles[found[1]]}:", text)
    text = re.sub(r"\bauto:", "automatic:", text)
    text = text.replace("empty:", "left empty:").replace("(tune: head)", "(where the head alone learns)")
    return f"{capital(text)}."


def message(text: str) -> str:
    """A line about the configuration under the names that the form shows; an error line begins with an option's key."""
    text = re.sub(r"\btune: (\w+)", lambda found: f"“{option('tune')}: {choice('tune', found[1])}”", text)
    name, colon, rest = text.partition(":")
    return f"{option(name)}:{rest}" if colon and name in _HELP else text


def preset(one: Preset) -> str:
    return capital(one.name)
