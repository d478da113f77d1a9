"""Our compact forensic network: statistics of high-frequency residuals, from scratch on little data.

What a generator leaves behind is in the finest detail, which resizing destroys: so it sees unresized crops, takes
high-pass residuals of them, never shrinks them before its last stage, and pools mean and deviation.
"""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional

from models.network import Average, Network
from models.registry import ModelCard, register

# High-pass kernels of steganalysis (SRM): first and second differences both ways, and the 3x3 and 5x5 squares.
SRM = (
    [[0, 0, 0], [0, -1, 1], [0, 0, 0]],
    [[0, 0, 0], [0, -1, 0], [0, 1, 0]],
    [[0, 0, 0], [1, -2, 1], [0, 0, 0]],
    [[0, 1, 0], [0, -2, 0], [0, 1, 0]],
    [[-1, 2, -1], [2, -4, 2], [-1, 2, -1]],
)


@register(
    ModelCard(
        name="forensic_residual",
        modality="image",
        about="compact: statistics of high-frequency residuals of unresized crops; trains from scratch",
        source="this workbench; filters of Fridrich and Kodovsky 2012",
        size=112,
        resize="native",
        mean=(0.5, 0.5, 0.5),
        std=(0.5, 0.5, 0.5),
        cam_layer="encoder.body.3",
        learning_rate=2e-3,
    )
)
class ForensicResidual(Network):
    backbones = ()

    def __init__(self, *, pretrained: bool = False, dropout: float = 0.3, width: int = 32) -> None:
        super().__init__()
        self.encoder = ResidualEncoder(width)
        self.aggregation = Average()  # of one unit, the picture
        self.head = nn.Sequential(nn.Dropout(dropout), nn.Linear(self.encoder.width, 2))

    def encode(self, inputs: torch.Tensor, mask: torch.Tensor | None) -> torch.Tensor:
        return self.encoder(inputs).unsqueeze(1)  # (batch, 1, width)


class ResidualEncoder(nn.Module):
    """(n, 3, H, W) -> (n, width): residuals, four convolution stages, mean and deviation over the crop."""

    def __init__(self, width: int) -> None:
        super().__init__()
        kernels = torch.tensor(SRM, dtype=torch.float32)[:, None]  # (5, 1, 3, 3)
        self.register_buffer("kernels", kernels / kernels.abs().sum((2, 3), keepdim=True), persistent=False)
        self.body = nn.Sequential(
            stage(3 * len(SRM), width, 1),
            stage(width, width, 1),
            stage(width, 2 * width, 2),
            stage(2 * width, 2 * width, 1),
        )
        self.norm = nn.BatchNorm1d(4 * width)
        self.width = 4 * width

    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        n, channels, height, width = pictures.shape
        single = pictures.reshape(n * channels, 1, height, width)
        residuals = functional.conv2d(single, self.kernels.to(pictures.dtype))
        maps = self.body(torch.tanh(8 * residuals).unflatten(0, (n, channels)).flatten(1, 2))
        deviation = maps.float().var((2, 3), correction=0).add(1e-5).sqrt()
        return self.norm(torch.cat([maps.float().mean((2, 3)), deviation], 1))


def stage(inputs: int, outputs: int, stride: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, stride=stride, padding=1, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU(),
    )
