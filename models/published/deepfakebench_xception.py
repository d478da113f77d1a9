"""DeepfakeBench's Xception, and SPSL: the same network with the picture's phase as a fourth channel (arXiv 2103.01856)."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import torch
from torch import nn
from torch.nn import functional

from models.published.base import Figure, Given, Match
from models.published.deepfakebench import PROTOCOL, READING, DeepfakeBenchFamily


class Separable(nn.Module):
    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, inputs, 3, padding=1, groups=inputs, bias=False)
        self.pointwise = nn.Conv2d(inputs, outputs, 1, bias=False)

    def forward(self, maps: torch.Tensor) -> torch.Tensor:
        return self.pointwise(self.conv1(maps))


class Block(nn.Module):
    """Separable convolutions beside a shortcut. The widths say where it grows; `relu_first` is off in the first."""

    def __init__(self, widths: list[int], *, stride: int, relu_first: bool = True) -> None:
        super().__init__()
        steps: list[nn.Module] = []
        for inputs, outputs in pairwise(widths):
            steps += [nn.ReLU(), Separable(inputs, outputs), nn.BatchNorm2d(outputs)]
        if not relu_first:
            steps = steps[1:]
        if stride > 1:
            steps.append(nn.MaxPool2d(3, stride, 1))
            self.skip = nn.Conv2d(widths[0], widths[-1], 1, stride=stride, bias=False)
            self.skipbn = nn.BatchNorm2d(widths[-1])
        self.rep = nn.Sequential(*steps)
        self.strided = stride > 1

    def forward(self, maps: torch.Tensor) -> torch.Tensor:
        shortcut = self.skipbn(self.skip(maps)) if self.strided else maps
        return self.rep(maps) + shortcut


class Xception(nn.Module):
    """(batch, 3, H, W) -> (batch, 2). With four channels the phase spectrum is made here, as SPSL does."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.with_phase = channels == 4
        self.conv1, self.bn1 = nn.Conv2d(channels, 32, 3, 2, bias=False), nn.BatchNorm2d(32)
        self.conv2, self.bn2 = nn.Conv2d(32, 64, 3, bias=False), nn.BatchNorm2d(64)
        self.block1 = Block([64, 128, 128], stride=2, relu_first=False)
        self.block2 = Block([128, 256, 256], stride=2)
        self.block3 = Block([256, 728, 728], stride=2)
        for number in range(4, 12):
            setattr(self, f"block{number}", Block([728] * 4, stride=1))
        self.block12 = Block([728, 728, 1024], stride=2)
        self.conv3, self.bn3 = Separable(1024, 1536), nn.BatchNorm2d(1536)
        self.conv4, self.bn4 = Separable(1536, 2048), nn.BatchNorm2d(2048)
        self.last_linear = nn.Linear(2048, 2)

    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        if self.with_phase:
            pictures = torch.cat([pictures, phase_picture(pictures)], dim=1)
        maps = functional.relu(self.bn1(self.conv1(pictures)))
        maps = functional.relu(self.bn2(self.conv2(maps)))
        for number in range(1, 13):
            maps = getattr(self, f"block{number}")(maps)
        maps = functional.relu(self.bn3(self.conv3(maps)))
        maps = functional.relu(self.bn4(self.conv4(maps)))
        return self.last_linear(maps.mean((2, 3)))


def phase_picture(pictures: torch.Tensor) -> torch.Tensor:
    """(batch, 1, H, W): the grey picture with every frequency at amplitude 1, so that only the phase is left."""
    spectrum = torch.fft.fft2(pictures.mean(1, keepdim=True))
    return torch.fft.ifft2(torch.polar(torch.ones_like(spectrum.real), spectrum.angle())).real


class XceptionFamily(DeepfakeBenchFamily):
    name = "deepfakebench_xception"
    about = "DeepfakeBench Xception, and SPSL with the phase as a fourth channel"
    classifier = "last_linear"
    unused = ("adjust_channel.",)
    cam_layer = "encoder.bn4"

    def recognise(self, given: Given) -> Match | None:
        names = self.rename(given.tensors)
        stem, block = names.get("conv1.weight"), names.get("block12.rep.1.conv1.weight")
        if stem is None or block is None or tuple(stem.shape) not in ((32, 3, 3, 3), (32, 4, 3, 3)):
            return None
        channels = int(stem.shape[1])
        title, auc = ("SPSL", "0.788") if channels == 4 else ("Xception", "0.772")
        figures = (Figure(f"AUC {auc}", PROTOCOL),)
        return Match({"channels": channels}, f"DeepfakeBench {title}", READING, figures)

    def build(self, **options: Any) -> nn.Module:
        return Xception(int(options["channels"]))

    def defaults(self) -> dict[str, Any]:
        return {"channels": 3}


FAMILY = XceptionFamily()
