"""CLIP ViT-L/14 as heads on it need it: which file it is, how pictures are fed, and its tensors from the folder of weights."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from models import timm_library, weights
from models.cards import ModelCard
from models.published.base import Family, Refused

ARCHITECTURE = "vit_large_patch14_clip_quickgelu_224"
STEM = f"{ARCHITECTURE}.openai"
PLACE = "huggingface.co/timm/vit_large_patch14_clip_224.openai"
SIZES: dict[str, Any] = {"embed_dim": 1024, "depth": 24, "num_heads": 16}
JOINT = 768  # width of CLIP's projection
MEAN = (0.48145466, 0.4578275, 0.40821073)
STD = (0.26862954, 0.26130258, 0.27577711)


def build(*, projection: bool) -> nn.Module:
    """timm's transformer; its classifier is CLIP's projection."""
    timm = timm_library.load()

    return timm.create_model(ARCHITECTURE, pretrained=False, num_classes=JOINT if projection else 0, **SIZES)


def tensors(what: str) -> dict[str, torch.Tensor]:
    """Of the backbone's own file; where it is missing, which file to put where."""
    path = weights.local_file(STEM)
    if path is None:
        place = weights.folder() or f"a folder named by {weights.FOLDER_VARIABLE}"
        raise Refused(
            f"this is {what} on CLIP ViT-L/14 and needs its backbone: put the model.safetensors of "
            f"{PLACE} into {place} as {STEM}.safetensors"
        )
    return weights.read(path)


class ClipFamily(Family):
    """A head behind CLIP: pictures as CLIP takes them, heat maps at its last block."""

    modality = "image"

    def card(self, **options: Any) -> ModelCard:
        last = SIZES["depth"] - 1
        return ModelCard(
            name=self.name,
            modality="image",
            about=self.about,
            source=self.source,
            size=224,
            resize="crop",
            mean=MEAN,
            std=STD,
            cam_layer=f"encoder.backbone.blocks.{last}.norm1",
        )
