"""UniversalFakeDetect (Ojha et al. 2023, arXiv 2302.10174): a linear layer on frozen CLIP ViT-L/14 embeddings.

The file holds the linear layer alone. The backbone's own file has to be here, and is packed into the detector.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import nn

from models.published import clip_backbone
from models.published.base import Given, Match, Reading


class ClipLinear(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.backbone = clip_backbone.build(projection=True)
        self.fc = nn.Linear(clip_backbone.JOINT, 1)

    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        return self.fc(self.backbone(pictures))


class ClipLinearFamily(clip_backbone.ClipFamily):
    name = "clip_linear"
    about = "UniversalFakeDetect: a linear layer on CLIP ViT-L/14"
    source = "Ojha et al. 2023, github.com/WisconsinAIVision/UniversalFakeDetect"
    licence = "MIT"
    classifier = "fc"

    def recognise(self, given: Given) -> Match | None:
        names = {name.removeprefix("fc.") for name in given.tensors}
        if not names or names - {"weight", "bias"}:
            return None
        weight = given.shape("weight") or given.shape("fc.weight")
        if weight is not None and weight != (1, clip_backbone.JOINT):
            return None
        words = "the authors' code takes the sigmoid of the one output for P(synthetic)"
        return Match({}, "UniversalFakeDetect", Reading(1, (0,), words, "a high output"))

    def build(self, **options: Any) -> nn.Module:
        return ClipLinear()

    def rename(self, tensors: Mapping[str, torch.Tensor], **options: Any) -> dict[str, torch.Tensor]:
        """The linear layer with its backbone."""
        backbone = clip_backbone.tensors("a linear layer")
        found = {f"backbone.{name}": tensor for name, tensor in backbone.items()}
        return found | {f"fc.{name.removeprefix('fc.')}": tensor for name, tensor in tensors.items()}


FAMILY = ClipLinearFamily()
