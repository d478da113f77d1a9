"""Four convolution blocks per frame, trained from scratch; frame outputs are averaged. 422,530 parameters."""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import nn

from models.cards import ModelCard
from models.network import Average, Network, over_frames
from models.registry import register

WIDTHS = (3, 32, 64, 128, 256)


@register(
    ModelCard(
        name="simple_cnn",
        modality="video",
        about="four convolution blocks per frame, from scratch; frame outputs averaged",
        source="published Celeb-DF baseline (422,530 parameters)",
        frames=16,
        cam_layer="encoder.blocks.3.0",
        learning_rate=1e-3,
    )
)
class SimpleCnn(Network):
    """The last layer is linear, so averaging frame embeddings before it is averaging frame outputs."""

    backbones = ()

    def __init__(self, *, pretrained: bool = False, dropout: float = 0.5) -> None:
        super().__init__()
        self.encoder = FrameEncoder(dropout)
        self.aggregation = Average()
        self.head = nn.Linear(128, 2)

    def encode(self, inputs: torch.Tensor, mask: torch.Tensor | None) -> torch.Tensor:
        return over_frames(self.encoder, inputs, mask, 128)


class FrameEncoder(nn.Module):
    def __init__(self, dropout: float) -> None:
        super().__init__()
        self.blocks = nn.Sequential(*(block(a, b) for a, b in pairwise(WIDTHS)))
        self.project = nn.Sequential(nn.Linear(256, 128), nn.ReLU(), nn.Dropout(dropout))

    def forward(self, pictures: torch.Tensor) -> torch.Tensor:  # (n, 3, H, W) -> (n, 128)
        return self.project(self.blocks(pictures).mean((2, 3)))


def block(inputs: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, padding=1),
        nn.BatchNorm2d(outputs),
        nn.ReLU(inplace=True),  # its input is not needed again: a third less memory in the first blocks
        nn.MaxPool2d(2),
    )
