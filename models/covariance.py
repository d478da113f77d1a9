"""Covariance pooling, shared by the forensic networks: patches, their covariances' logarithms, a standardised
head."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from models.network import Average, Network

AT_ONCE = 2  # samples
PLACES = 1024  # whose products are summed at once


class CovarianceNetwork(Network):
    """The patches are analytic, so that the encoder may stay as it is and the head learn in seconds."""

    def __init__(self, encoder: nn.Module, width: int, dropout: float) -> None:
        super().__init__()
        self.encoder = encoder
        self.aggregation = Average()
        self.head = nn.Sequential(Standardised(width), nn.Dropout(dropout), nn.Linear(width, 2))

    def encode(self, inputs: torch.Tensor, mask: torch.Tensor | None) -> torch.Tensor:
        """A picture or a window is one unit: (batch, …) -> (batch, 1, width)."""
        return self.encoder(inputs).unsqueeze(1)


def patches(side: int, spacing: int, channels: int) -> nn.Conv2d:
    """Each point of a square patch less the patch's mean, for each channel; points stand `spacing` apart."""
    taps = side * side
    layer = nn.Conv2d(channels, channels * taps, side, groups=channels, dilation=spacing, bias=False)
    with torch.no_grad():
        each = (torch.eye(taps) - 1 / taps).reshape(taps, 1, side, side)
        layer.weight.copy_(each.repeat(channels, 1, 1, 1))
    return layer


class Standardised(nn.Module):
    """Each component with the running mean and deviation that it has in training, without the noise of a
    batch."""

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
        """At first the plain average of what was seen, then the recent past. Nobody asks the device for the count."""
        self.batches += 1
        share = self.batches.to(self.mean.dtype).reciprocal().clamp(min=self.momentum)
        new = embedding.mean(0)
        apart = (embedding - torch.where(self.batches > 1, self.mean, new)).square().mean(0)
        self.mean.lerp_(new, share)
        self.variance.lerp_(apart, share)


class SymmetricLog(torch.autograd.Function):
    """Logarithm of symmetric matrices plus a floor; the gradient is stable where eigenvalues meet (Daleckii,
    Krein)."""

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


class LocalEncoder(nn.Module):
    """Describes each sample by covariances; `local` is the layer in which they still have a place."""

    local: nn.Module

    def describe(self, inputs: torch.Tensor) -> torch.Tensor:
        raise NotImplementedError

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        """On a CPU a few samples at a time: they stay in its cache, take half as long and a fraction of the memory.

        A batch stays whole where gradients go through it, and while exporting.
        """
        whole = self.is_looked_into(inputs) or torch.jit.is_tracing() or torch.compiler.is_compiling()
        if whole or inputs.device.type != "cpu" or len(inputs) <= AT_ONCE:
            return self.describe(inputs)
        return torch.cat([self.describe(part) for part in inputs.split(AT_ONCE)])

    def is_looked_into(self, inputs: torch.Tensor) -> bool:
        """Whether gradients or hooks ask where in the picture or the sound a covariance comes from: explanations do."""
        if self.local._forward_hooks or self.local._forward_pre_hooks:
            return True
        learns = inputs.requires_grad or any(weights.requires_grad for weights in self.parameters())
        return learns and torch.is_grad_enabled()


def covariance(maps: torch.Tensor) -> torch.Tensor:
    """Second moments of the channels over all places: (n, d, height, width) -> (n, d, d), in double precision.

    A few places at a time: they stay in the cache.
    """
    flat = maps.flatten(2)
    if torch.jit.is_tracing() or torch.compiler.is_compiling():
        return flat.double() @ flat.double().transpose(1, 2) / flat.shape[2]
    total = flat.new_zeros(len(flat), flat.shape[1], flat.shape[1], dtype=torch.float64)
    for part in flat.split(PLACES, dim=2):
        part = part.double()
        total += part @ part.transpose(1, 2)
    return total / flat.shape[2]


def upper_half(matrices: torch.Tensor) -> torch.Tensor:
    """(…, d, d) -> (…, d(d+1)/2), with lengths kept: what is off the diagonal stands for two."""
    d = matrices.shape[-1]
    row, column = torch.triu_indices(d, d, device=matrices.device)
    weight = torch.where(row == column, 1.0, 2.0**0.5).to(matrices.dtype)
    return matrices[..., row, column] * weight
