"""Meso4 and MesoInception4 (Afchar et al. 2018, arXiv 1809.00888): shallow networks on aligned faces, Keras weights."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import torch
from torch import nn
from torch.nn import functional

from models.cards import ModelCard
from models.published.base import Family, Given, Match, Reading

SIZE = 256
CONVOLUTIONS = {4: "Meso4", 16: "MesoInception4"}
LAYERS = {"conv2d": "conv", "batch_normalization": "norm", "dense": "dense"}
TENSORS = {
    "kernel": "weight",
    "bias": "bias",
    "gamma": "weight",
    "beta": "bias",
    "moving_mean": "running_mean",
    "moving_variance": "running_var",
}


class Inception(nn.Module):
    """Four branches side by side, two of them dilated; `convs` are numbered in the order Keras made them."""

    def __init__(self, convs: nn.ModuleDict, first: int, inputs: int, widths: tuple[int, ...]) -> None:
        super().__init__()
        self.first, self.convs = first, [convs]  # in a list: the tensors belong to the network
        number = first
        for branch, width in enumerate(widths):
            convs[f"conv{number}"] = nn.Conv2d(inputs, width, 1)
            number += 1
            if branch:
                convs[f"conv{number}"] = nn.Conv2d(width, width, 3, padding=branch, dilation=branch)
                number += 1

    def forward(self, maps: torch.Tensor) -> torch.Tensor:
        convs, n = self.convs[0], self.first
        outputs = [functional.relu(convs[f"conv{n}"](maps))]
        for start in (n + 1, n + 3, n + 5):
            inner = functional.relu(convs[f"conv{start}"](maps))
            outputs.append(functional.relu(convs[f"conv{start + 1}"](inner)))
        return torch.cat(outputs, dim=1)


class MesoNet(nn.Module):
    """(batch, 3, 256, 256) in 0..1 -> one logit, high = real."""

    def __init__(self, convolutions: int) -> None:
        super().__init__()
        self.layers = nn.ModuleDict()
        plain = convolutions == 4
        widths = (8, 8, 16, 16) if plain else (11, 12, 16, 16)
        self.stages: list[nn.Module] = []  # of the first two stages of MesoInception4
        if plain:
            self.layers["conv1"] = nn.Conv2d(3, 8, 3, padding=1)
            self.layers["conv2"] = nn.Conv2d(8, 8, 5, padding=2)
        else:
            self.stages = [
                Inception(self.layers, 1, 3, (1, 4, 4, 2)),
                Inception(self.layers, 8, 11, (2, 4, 4, 2)),
            ]
        last = convolutions - 1
        self.layers[f"conv{last}"] = nn.Conv2d(widths[1], 16, 5, padding=2)
        self.layers[f"conv{last + 1}"] = nn.Conv2d(16, 16, 5, padding=2)
        for stage, width in enumerate(widths, start=1):
            self.layers[f"norm{stage}"] = nn.BatchNorm2d(width, eps=1e-3)
        self.layers["dense1"], self.layers["dense2"] = nn.Linear(1024, 16), nn.Linear(16, 1)
        self.numbers = [1, 2, last, last + 1]

    def forward(self, maps: torch.Tensor) -> torch.Tensor:
        for stage, number in enumerate(self.numbers):
            if stage < len(self.stages):
                maps = self.stages[stage](maps)
            else:
                maps = functional.relu(self.layers[f"conv{number}"](maps))
            maps = functional.max_pool2d(self.layers[f"norm{stage + 1}"](maps), 4 if stage == 3 else 2)
        flat = maps.permute(0, 2, 3, 1).flatten(1)  # Keras keeps channels last
        return self.layers["dense2"](functional.leaky_relu(self.layers["dense1"](flat), 0.1))


class MesoNetFamily(Family):
    name = "mesonet"
    about = "Meso4 and MesoInception4: shallow convolutional networks on faces"
    source = "Afchar et al. 2018, github.com/DariusAf/MesoNet"
    licence = "Apache-2.0"
    modality = "image"
    compared = True
    classifier = "layers.dense2"

    def recognise(self, given: Given) -> Match | None:
        if given.config.get("format") != "keras":
            return None
        count = sum(bool(re.fullmatch(r"conv2d(_\d+)?/kernel", name)) for name in given.tensors)
        if count not in CONVOLUTIONS:
            return None
        words = "the authors trained their one sigmoid towards 1 for real faces"
        return Match({"convolutions": count}, CONVOLUTIONS[count], Reading(1, (), words, "a low output"))

    def build(self, **options: Any) -> nn.Module:
        return MesoNet(int(options["convolutions"]))

    def card(self, **options: Any) -> ModelCard:
        last = int(options["convolutions"])
        return ModelCard(
            name=self.name,
            modality="image",
            about=self.about,
            source=self.source,
            size=SIZE,
            mean=(0.0, 0.0, 0.0),
            std=(1.0, 1.0, 1.0),
            cam_layer=f"encoder.layers.conv{last}",
        )

    def recipe(self, **options: Any) -> dict[str, Any]:
        return {"faces": True}

    def rename(self, tensors: Mapping[str, torch.Tensor], **options: Any) -> dict[str, torch.Tensor]:
        """Keras numbers layers on through a session, so their order counts, not their numbers."""
        numbers: dict[str, set[int]] = {kind: set() for kind in LAYERS}
        parsed = []
        for name, tensor in tensors.items():
            found = re.fullmatch(r"(conv2d|batch_normalization|dense)(?:_(\d+))?/(\w+)", name)
            if found is None or found[3] not in TENSORS:
                parsed.append((name, "", 0, "", tensor))
                continue
            numbers[found[1]].add(int(found[2] or 0))
            parsed.append((name, found[1], int(found[2] or 0), found[3], tensor))
        renamed = {}
        for name, kind, number, part, tensor in parsed:
            if not kind:
                renamed[name] = tensor
                continue
            place = sorted(numbers[kind]).index(number) + 1
            renamed[f"layers.{LAYERS[kind]}{place}.{TENSORS[part]}"] = _transpose(tensor, part)
        return renamed

    def defaults(self) -> dict[str, Any]:
        return {"convolutions": 4}


def _transpose(tensor: torch.Tensor, part: str) -> torch.Tensor:
    """A kernel (height, width, inputs, outputs) or (inputs, outputs) with the outputs first."""
    if part != "kernel":
        return tensor
    return tensor.permute(3, 2, 0, 1).contiguous() if tensor.ndim == 4 else tensor.T.contiguous()


FAMILY = MesoNetFamily()
