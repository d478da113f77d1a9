"""DeepfakeBench's F3Net: its frequency branch alone (FAD of arXiv 2007.09355) before an Xception with twelve channels.

picture ─DCT─▶ low | middle | high | all frequencies, each weighted by a fixed and a learned mask ─inverse DCT─▶ 4 x 3 channels
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import torch
from torch import nn

from models.published.base import Figure, Given, Match
from models.published.deepfakebench import PROTOCOL, READING, SIZE, DeepfakeBenchFamily
from models.published.deepfakebench_xception import Xception

BANDS = 4
BESIDE = ("FAD_head.", "backbone.")


def cosine_matrix(size: int) -> torch.Tensor:
    """The orthonormal type-II discrete cosine transform: row k is the wave of frequency k."""
    place = (torch.arange(size, dtype=torch.float64) + 0.5) * math.pi / size
    waves = torch.cos(torch.arange(size, dtype=torch.float64)[:, None] * place) * math.sqrt(2 / size)
    waves[0] /= math.sqrt(2)
    return waves.float()


def band(size: int, low: float, high: float) -> torch.Tensor:
    """1 where the sum of both frequencies lies between the ends, both included."""
    steps = torch.arange(size)
    total = steps[:, None] + steps
    return ((total >= low) & (total <= high)).float()


class Mask(nn.Module):
    def __init__(self, size: int, low: float, high: float) -> None:
        super().__init__()
        self.base = nn.Parameter(band(size, low, high))
        self.learnable = nn.Parameter(torch.zeros(size, size))

    def forward(self, spectrum: torch.Tensor) -> torch.Tensor:
        return spectrum * (self.base + 2 * torch.sigmoid(self.learnable) - 1)


class Frequencies(nn.Module):
    """(batch, 3, size, size) -> (batch, 12, size, size). The transform is stored in the published files."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self._DCT_all = nn.Parameter(cosine_matrix(size))
        self._DCT_all_T = nn.Parameter(cosine_matrix(size).T.contiguous())
        low, middle = size // 2.82, size // 2
        ends = ((0, low), (low, middle), (middle, 2 * size), (0, 2 * size))
        self.filters = nn.ModuleList(Mask(size, *one) for one in ends)

    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        spectrum = self._DCT_all @ pictures @ self._DCT_all_T
        return torch.cat([self._DCT_all_T @ one(spectrum) @ self._DCT_all for one in self.filters], dim=1)


class F3Net(nn.Module):
    def __init__(self, size: int) -> None:
        super().__init__()
        self.FAD_head = Frequencies(size)
        self.backbone = Xception(3 * BANDS)

    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        return self.backbone(self.FAD_head(pictures))


class F3NetFamily(DeepfakeBenchFamily):
    name = "deepfakebench_f3net"
    about = "DeepfakeBench F3Net: Xception over four bands of frequencies"
    classifier = "backbone.last_linear"
    unused = ("backbone.adjust_channel.",)
    cam_layer = "encoder.backbone.bn4"

    def recognise(self, given: Given) -> Match | None:
        names = self.rename(given.tensors)
        stem, cosines = names.get("backbone.conv1.weight"), names.get("FAD_head._DCT_all")
        if stem is None or cosines is None or tuple(stem.shape) != (32, 3 * BANDS, 3, 3) or cosines.ndim != 2:
            return None
        figures = (Figure("AUC 0.765", PROTOCOL),)
        return Match({}, "DeepfakeBench F3Net", READING, figures)

    def build(self, **options: Any) -> nn.Module:
        return F3Net(SIZE)

    def rename(self, tensors: Mapping[str, torch.Tensor], **options: Any) -> dict[str, torch.Tensor]:
        """The frequency branch stands beside the backbone, so `backbone.` stays."""
        named = super().rename(tensors)
        return {n if n.startswith(BESIDE) else f"backbone.{n}": tensor for n, tensor in named.items()}


FAMILY = F3NetFamily()
