"""Our compact forensic network: how the finest detail of neighbouring pixels varies together, and in which colours.

Generators and cameras correlate neighbouring pixels differently, in ways that resizing destroys. So it sees unresized
crops, takes from each 5x5 patch its mean, pools the covariance of what is left over the crop (as it is, and evened
out so that flat skin counts as much as hair), and learns on the logarithms of both covariances.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import nn
from torch.nn import functional

from models.network import Average, Network
from models.registry import ModelCard, register

PATCH = 5  # pixels, the side of a patch
CELL = 32  # pixels, the side of a square of the local map
EVENING = (
    2.0  # grey levels of 255: patches with less contrast than this stay quiet when contrast is evened out
)
LEVEL = 127.5  # grey levels in one unit of the network's input
SMALLEST = 1e-2  # squared grey levels, what the logarithm of a plain covariance sees of nothing
SMALLEST_EVEN = 1e-5  # the same where contrast is evened out


@register(
    ModelCard(
        name="forensic_residual",
        modality="image",
        about="compact: log-covariances of high-frequency residuals of unresized crops; learns from little data",
        source="this workbench; after covariance pooling (Li et al. 2017) and rich models (Fridrich and Kodovsky 2012)",
        size=224,
        resize="native",
        mean=(0.5, 0.5, 0.5),
        std=(0.5, 0.5, 0.5),
        cam_layer="encoder.local",
        learning_rate=1e-3,
        tune="head",
    )
)
class ForensicResidual(Network):
    """The patches are analytic, so that the encoder may stay as it is and the head learn in seconds."""

    def __init__(self, *, pretrained: bool = False, dropout: float = 0.3) -> None:
        super().__init__()
        self.encoder = CovarianceEncoder()
        self.aggregation = Average()  # of one unit, the picture
        self.head = nn.Sequential(
            Standardised(self.encoder.width), nn.Dropout(dropout), nn.Linear(self.encoder.width, 2)
        )

    def encode(self, inputs: torch.Tensor, mask: torch.Tensor | None) -> torch.Tensor:
        return self.encoder(inputs).unsqueeze(1)  # (batch, 1, width)


class Standardised(nn.Module):
    """Each component with the running mean and deviation that it has in training, without the noise of a batch."""

    def __init__(self, width: int, momentum: float = 0.05) -> None:
        super().__init__()
        self.momentum = momentum
        self.register_buffer("mean", torch.zeros(width))
        self.register_buffer("variance", torch.ones(width))
        self.register_buffer("batches", torch.zeros((), dtype=torch.long))

    def forward(self, embedding: torch.Tensor) -> torch.Tensor:  # (batch, width)
        if self.training and len(embedding) > 1:
            self._follow(embedding.detach().float())
        return ((embedding.float() - self.mean) / (self.variance + 1e-6).sqrt()).to(embedding.dtype)

    def _follow(self, embedding: torch.Tensor) -> None:
        """At first the plain average of what was seen, then the recent past."""
        self.batches += 1
        share = max(self.momentum, 1 / int(self.batches))
        new = embedding.mean(0)
        apart = (embedding - (self.mean if int(self.batches) > 1 else new)).square().mean(0)
        self.mean.lerp_(new, share)
        self.variance.lerp_(apart, share)


class CovarianceEncoder(nn.Module):
    """(n, 3, H, W) -> (n, width): the logarithms of both covariances, each the upper half of a matrix."""

    def __init__(self) -> None:
        super().__init__()
        taps = PATCH * PATCH
        self.channels = 3 * taps
        self.residuals = nn.Conv2d(3, self.channels, PATCH, groups=3, bias=False)
        patches = torch.eye(taps) - 1 / taps  # each pixel of the patch, less the patch's mean
        with torch.no_grad():
            self.residuals.weight.copy_(patches.reshape(taps, 1, PATCH, PATCH).repeat(3, 1, 1, 1))
        self.local = LocalCovariance()
        self.width = self.channels * (self.channels + 1)

    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        with torch.autocast(
            pictures.device.type, enabled=False
        ):  # energies span more than half precision holds
            maps = self.local(self.residuals(pictures.float() * LEVEL))
            both = maps.mean((2, 3)).unflatten(1, (2, self.channels, self.channels)).double()
            floor = torch.tensor([SMALLEST, SMALLEST_EVEN], device=both.device, dtype=both.dtype)
            logs = SymmetricLog.apply(both, floor[:, None]).float()
            return upper_half(logs).flatten(1)


class LocalCovariance(nn.Module):
    """(n, d, H, W) -> (n, 2·d·d, rows, columns): the covariances in each cell, whose mean is that of the whole.

    Grad-CAM at this layer is exact: the score is nearly linear in what each cell adds.
    """

    def forward(self, maps: torch.Tensor) -> torch.Tensor:
        even = maps / (maps.square().mean(1, keepdim=True) + EVENING**2).sqrt()
        return torch.cat([self.by_cell(maps), self.by_cell(even)], 1)

    @staticmethod
    def by_cell(maps: torch.Tensor) -> torch.Tensor:
        n, d, height, width = maps.shape
        rows, columns = -(-height // CELL), -(-width // CELL)
        # Cells at the edge are filled with zeros, which add nothing; the share makes up for their size.
        filled = functional.pad(maps, (0, columns * CELL - width, 0, rows * CELL - height))
        cells = filled.reshape(n, d, rows, CELL, columns, CELL).permute(0, 2, 4, 1, 3, 5).flatten(4)
        products = torch.matmul(cells, cells.transpose(3, 4)) * (rows * columns / (height * width))
        return products.flatten(3).permute(0, 3, 1, 2)


class SymmetricLog(torch.autograd.Function):
    """Logarithm of symmetric matrices plus a floor; the gradient is stable where eigenvalues meet (Daleckii, Krein)."""

    @staticmethod
    def forward(ctx: Any, matrices: torch.Tensor, floor: torch.Tensor) -> torch.Tensor:
        values, vectors = torch.linalg.eigh(matrices)
        values = values.clamp(min=0) + floor
        ctx.save_for_backward(values, vectors)
        return (vectors * values.log().unsqueeze(-2)) @ vectors.transpose(-1, -2)

    @staticmethod
    def backward(ctx: Any, gradient: torch.Tensor) -> tuple[torch.Tensor, None]:
        values, vectors = ctx.saved_tensors
        across, down = values.unsqueeze(-1), values.unsqueeze(-2)
        apart = across - down
        near = apart.abs() < 1e-6 * torch.maximum(across, down)
        slope = torch.where(
            near,
            2 / (across + down),
            (across.log() - down.log()) / torch.where(near, torch.ones_like(apart), apart),
        )
        gradient = (gradient + gradient.transpose(-1, -2)) / 2
        inner = vectors.transpose(-1, -2) @ gradient @ vectors
        return vectors @ (slope * inner) @ vectors.transpose(-1, -2), None


def upper_half(matrices: torch.Tensor) -> torch.Tensor:
    """(…, d, d) -> (…, d(d+1)/2), with lengths kept: what is off the diagonal stands for two."""
    d = matrices.shape[-1]
    row, column = torch.triu_indices(d, d, device=matrices.device)
    weight = torch.where(row == column, 1.0, 2.0**0.5).to(matrices.dtype)
    return matrices[..., row, column] * weight
