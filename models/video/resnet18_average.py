"""ResNet-18 per frame, a projection, the average over frames. 11,603,650 parameters."""

from __future__ import annotations

import torch
from torch import nn

from models.cards import ModelCard
from models.network import Average, Network, over_frames
from models.registry import register
from models.timm_backbone import TimmEncoder

WIDTH = 256


@register(
    ModelCard(
        name="resnet18_average",
        modality="video",
        about="ResNet-18 per frame, projected to 256 and averaged over frames",
        source="published Celeb-DF baseline (11,603,650 parameters); backbone from timm",
        frames=16,
        cam_layer="encoder.backbone.backbone.layer4",
        pretrained="resnet18.tv_in1k",
        learning_rate=1e-4,
    )
)
class Resnet18Average(Network):
    backbones = ("encoder.backbone",)

    def __init__(self, *, pretrained: bool = False, dropout: float = 0.5) -> None:
        super().__init__()
        self.encoder = FrameEncoder(pretrained, dropout)
        self.aggregation = Average()
        self.head = nn.Sequential(nn.Linear(WIDTH, 128), nn.ReLU(), nn.Dropout(dropout), nn.Linear(128, 2))

    def encode(self, inputs: torch.Tensor, mask: torch.Tensor | None) -> torch.Tensor:
        return over_frames(self.encoder, inputs, mask, WIDTH)


class FrameEncoder(nn.Module):
    def __init__(self, pretrained: bool, dropout: float) -> None:
        super().__init__()
        self.backbone = TimmEncoder("resnet18.tv_in1k", pretrained=pretrained)
        self.project = nn.Sequential(
            nn.Linear(512, 512), nn.ReLU(), nn.Dropout(dropout), nn.Linear(512, WIDTH), nn.ReLU()
        )

    def forward(self, pictures: torch.Tensor) -> torch.Tensor:  # (n, 3, H, W) -> (n, 256)
        return self.project(self.backbone(pictures))
