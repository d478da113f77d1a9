"""Networks and their cards. Nothing here knows of core/."""

from __future__ import annotations

from models.registry import ModelCard, Output, card, create, list_models, register

__all__ = ["ModelCard", "Output", "card", "create", "list_models", "register"]
