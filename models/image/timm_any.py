"""Any timm backbone with a linear head: `timm:<name>`, its card made from what timm knows of it."""

from __future__ import annotations

from functools import cache, partial

import torch
from torch import nn

from models import timm_backbone
from models.cards import IMAGENET_MEAN, IMAGENET_STD, TIMM_PREFIX, Builder, ModelCard
from models.network import Average, Network
from models.timm_backbone import TimmEncoder

LARGEST_SIZE = 384  # a network pre-trained on larger pictures that takes any size is used at 224


class TimmImage(Network):
    """A timm backbone, dropout, a linear layer."""

    def __init__(
        self,
        backbone: str,
        *,
        pretrained: bool = False,
        dropout: float = 0.2,
        drop_path: float = 0.0,
    ) -> None:
        super().__init__()
        self.encoder = TimmEncoder(backbone, pretrained=pretrained, drop_path=drop_path)
        self.aggregation = Average()  # of one unit, the picture
        self.head = nn.Sequential(nn.Dropout(dropout), nn.Linear(self.encoder.width, 2))

    def encode(self, inputs: torch.Tensor, mask: torch.Tensor | None) -> torch.Tensor:
        return self.encoder(inputs).unsqueeze(1)  # (batch, 1, width)


@cache
def entry(name: str) -> tuple[ModelCard, Builder]:
    """Card and builder of `timm:<name>`; an unknown name lists the near ones."""
    backbone = name.removeprefix(TIMM_PREFIX)
    config = timm_backbone.pretrained_config(backbone)
    tagged = timm_backbone.has_weights(backbone)
    size = int(config.get("input_size", (3, 224, 224))[-1])
    made = ModelCard(
        name=name,
        modality="image",
        about=f"timm backbone {backbone} with a linear head",
        source=str(config.get("origin_url") or "pytorch-image-models (timm)"),
        size=224 if size > LARGEST_SIZE and timm_backbone.takes_any_size(backbone) else size,
        mean=tuple(config.get("mean", IMAGENET_MEAN)),
        std=tuple(config.get("std", IMAGENET_STD)),
        cam_layer=f"encoder.backbone.{timm_backbone.cam_layer(backbone)}",
        pretrained=timm_backbone.weights_name(backbone) if tagged else "",
        learning_rate=1e-4,
        options={"dropout": 0.2, "drop_path": 0.0},
    )
    return made, partial(TimmImage, backbone)
