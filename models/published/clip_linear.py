"""UniversalFakeDetect (Ojha et al. 2023, arXiv 2302.10174): a linear layer on frozen CLIP ViT-L/14 embeddings.

The file holds the linear layer alone. The backbone's own file has to be here, and is packed into the detector.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import nn

from models import weights
from models.cards import ModelCard
from models.published.base import Family, Figure, Given, Match, Reading, Refused

BACKBONE = "vit_large_patch14_clip_quickgelu_224"
STEM = f"{BACKBONE}.openai"
WIDTH = 768
CLIP_MEAN = (0.48145466, 0.4578275, 0.40821073)
CLIP_STD = (0.26862954, 0.26130258, 0.27577711)
PROTOCOL = "mean over 19 generators, trained on ProGAN alone (Ojha et al. 2023)"


class ClipLinear(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        import timm

        # Its head is CLIP's projection.
        self.backbone = timm.create_model(BACKBONE, pretrained=False, num_classes=WIDTH)
        self.fc = nn.Linear(WIDTH, 1)

    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        return self.fc(self.backbone(pictures))


class ClipLinearFamily(Family):
    name = "clip_linear"
    about = "UniversalFakeDetect: a linear layer on CLIP ViT-L/14"
    source = "Ojha et al. 2023, github.com/WisconsinAIVision/UniversalFakeDetect"
    licence = "MIT"
    modality = "image"
    classifier = "fc"

    def recognise(self, given: Given) -> Match | None:
        names = {name.removeprefix("fc.") for name in given.tensors}
        if not names or names - {"weight", "bias"}:
            return None
        weight = given.shape("weight") or given.shape("fc.weight")
        if weight is not None and weight != (1, WIDTH):
            return None
        words = "the authors' code takes the sigmoid of the one output for P(synthetic)"
        figures = (Figure("mAP 93.38 %", PROTOCOL),)
        return Match({}, "UniversalFakeDetect", Reading(1, (0,), words, "a high output"), figures)

    def build(self, **options: Any) -> nn.Module:
        return ClipLinear()

    def card(self, **options: Any) -> ModelCard:
        return ModelCard(
            name=self.name, modality="image", about=self.about, source=self.source, size=224, resize="crop",
            mean=CLIP_MEAN, std=CLIP_STD, cam_layer="encoder.backbone.blocks.23.norm1",
        )  # fmt: skip

    def rename(self, tensors: Mapping[str, torch.Tensor], **options: Any) -> dict[str, torch.Tensor]:
        """The linear layer with its backbone."""
        path = weights.local_file(STEM)
        if path is None:
            place = weights.folder() or f"a folder named by {weights.FOLDER_VARIABLE}"
            raise Refused(
                f"this is a linear layer on CLIP ViT-L/14 and needs its backbone: put the model.safetensors of "
                f"huggingface.co/timm/vit_large_patch14_clip_224.openai into {place} as {STEM}.safetensors"
            )
        backbone = {f"backbone.{name}": tensor for name, tensor in weights.read(path).items()}
        return backbone | {f"fc.{name.removeprefix('fc.')}": tensor for name, tensor in tensors.items()}


FAMILY = ClipLinearFamily()
