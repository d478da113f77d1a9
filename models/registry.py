"""The registry of networks: a card beside each, from which pages, commands and tests are generated."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import torch
from torch import nn

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)


@dataclass(frozen=True)
class ModelCard:
    """What everybody needs to know of a network without building it."""

    name: str
    modality: str  # image | audio | video | multimodal
    about: str  # one line: what it is
    source: str  # one line: where it comes from
    size: int = 224  # pixels, the side of a square picture
    frames: int = 1
    sample_rate: int = 16_000
    seconds: float = 64_600 / 16_000
    resize: str = "fit"  # fit: scaled to size x size | native: unresized crops of size x size
    mean: tuple[float, float, float] = IMAGENET_MEAN
    std: tuple[float, float, float] = IMAGENET_STD
    cam_layer: str = ""  # dotted name of the layer for Grad-CAM; empty: attribution over time instead
    pretrained: str = ""  # tag of the pre-trained weights; empty: there are none
    learning_rate: float = 1e-4
    options: dict[str, object] = field(
        default_factory=dict
    )  # further arguments of the builder, with defaults


@dataclass(frozen=True)
class Output:
    """What `forward(…, details=True)` gives."""

    logits: torch.Tensor  # (batch, 2), column 1 = fake
    embedding: torch.Tensor  # (batch, width): `head(embedding)` are the logits
    unit_logits: torch.Tensor | None = None  # (batch, units, 2)
    extras: dict[str, torch.Tensor] = field(default_factory=dict)  # e.g. domain logits


Builder = Callable[..., nn.Module]
_registry: dict[str, tuple[ModelCard, Builder]] = {}


def register(model_card: ModelCard) -> Callable[[Builder], Builder]:
    raise RuntimeError("written by the models room")


def list_models(modality: str | None = None) -> list[str]:
    raise RuntimeError("written by the models room")


def card(name: str) -> ModelCard:
    raise RuntimeError("written by the models room")


def create(name: str, *, pretrained: bool = False, **options: object) -> nn.Module:
    raise RuntimeError("written by the models room")
