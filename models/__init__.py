"""Networks and their cards. Nothing here knows of core/."""

from __future__ import annotations

from models.cards import BadOption, MissingWeights, ModelCard, ModelOption, Output, UnknownModel
from models.registry import asked_options, card, count_parameters, create, list_models, register

__all__ = [
    "BadOption",
    "MissingWeights",
    "ModelCard",
    "ModelOption",
    "Output",
    "UnknownModel",
    "asked_options",
    "card",
    "count_parameters",
    "create",
    "list_models",
    "register",
]
