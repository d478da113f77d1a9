"""DeepfakeBench's ResNet-34 (CNN-Aug): torchvision's layers numbered in a row."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import nn

from models.published.base import Figure, Given, Match
from models.published.deepfakebench import PROTOCOL, READING, DeepfakeBenchFamily
from models.timm_library import compiler_later


class Resnet34(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        with compiler_later():
            from torchvision.models import resnet34

        self.resnet = nn.Sequential(*list(resnet34(weights=None).children())[:-2])
        self.fc = nn.Linear(512, 2)

    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        return self.fc(self.resnet(pictures).mean((2, 3)))


class Resnet34Family(DeepfakeBenchFamily):
    name = "deepfakebench_resnet34"
    about = "DeepfakeBench CNN-Aug: ResNet-34"
    classifier = "fc"
    unused = ("adjust_channel.",)
    cam_layer = "encoder.resnet.7"

    def recognise(self, given: Given) -> Match | None:
        names: Mapping[str, torch.Tensor] = self.rename(given.tensors)
        if "resnet.0.weight" not in names or "resnet.6.5.conv2.weight" not in names:
            return None
        return Match({}, "DeepfakeBench ResNet-34 (CNN-Aug)", READING, (Figure("AUC 0.702", PROTOCOL),))

    def build(self, **options: Any) -> nn.Module:
        return Resnet34()


FAMILY = Resnet34Family()
