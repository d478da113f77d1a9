"""EfficientNet-B0 per frame, a projection, a bidirectional LSTM over frames. 5,619,966 parameters."""

from __future__ import annotations

import torch
from torch import nn

from models.cards import ModelCard
from models.network import Network, Recurrent, over_frames
from models.registry import register
from models.timm_backbone import TimmEncoder

WIDTH = 256


@register(
    ModelCard(
        name="efficientnet_lstm",
        modality="video",
        about="EfficientNet-B0 per frame, then a two-layer bidirectional LSTM over frames",
        source="published Celeb-DF baseline (5,619,966 parameters); backbone from timm",
        frames=16,
        cam_layer="encoder.backbone.backbone.bn2",
        pretrained="efficientnet_b0.ra_in1k",
        learning_rate=1e-4,
    )
)
class EfficientnetLstm(Network):
    backbones = ("encoder.backbone",)

    def __init__(self, *, pretrained: bool = False, dropout: float = 0.5) -> None:
        super().__init__()
        self.encoder = FrameEncoder(pretrained, dropout)
        self.aggregation = Recurrent(WIDTH, hidden=128, layers=2, dropout=dropout)
        self.head = nn.Sequential(nn.Linear(256, 128), nn.ReLU(), nn.Dropout(dropout), nn.Linear(128, 2))

    def encode(self, inputs: torch.Tensor, mask: torch.Tensor | None) -> torch.Tensor:
        return over_frames(self.encoder, inputs, mask, WIDTH)


class FrameEncoder(nn.Module):
    def __init__(self, pretrained: bool, dropout: float) -> None:
        super().__init__()
        self.backbone = TimmEncoder("efficientnet_b0.ra_in1k", pretrained=pretrained)
        self.project = nn.Sequential(
            nn.Linear(1280, 512),
            nn.BatchNorm1d(512),
            nn.ReLU(),
            nn.Dropout(dropout),
            nn.Linear(512, WIDTH),
            nn.BatchNorm1d(WIDTH),
            nn.ReLU(),
        )

    def forward(self, pictures: torch.Tensor) -> torch.Tensor:  # (n, 3, H, W) -> (n, 256)
        return self.project(self.backbone(pictures))
