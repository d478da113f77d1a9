"""DeepfakeBench's EfficientNet-B4: the names and paddings of efficientnet_pytorch, computed by timm's blocks.

That package pads for pictures of 380 px whatever comes in, and DeepfakeBench's own first convolution pads nothing:
both are kept, since the weights were trained so.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import torch
from torch import nn
from torch.nn import functional

from models import timm_library
from models.published.base import Figure, Given, Match
from models.published.deepfakebench import PROTOCOL, READING, DeepfakeBenchFamily

PADDED_FOR = 380  # pixels
# Of a block: efficientnet_pytorch's name, timm's. The first stage
# has no expansion, and its norms are numbered otherwise.
EXPANDED = {
    "_expand_conv": "conv_pw",
    "_bn0": "bn1",
    "_depthwise_conv": "conv_dw",
    "_bn1": "bn2",
    "_se_reduce": "se.conv_reduce",
    "_se_expand": "se.conv_expand",
    "_project_conv": "conv_pwl",
    "_bn2": "bn3",
}
UNEXPANDED = {**EXPANDED, "_bn1": "bn1", "_project_conv": "conv_pw", "_bn2": "bn2"}
OUTER = {"_conv_stem": "conv_stem", "_bn0": "bn1", "_conv_head": "conv_head", "_bn1": "bn2"}


class FixedPadding(nn.Conv2d):
    """A strided convolution padded as for a picture of one size: (left and top, right and bottom)."""

    def pad_for(self, side: int) -> int:
        """Set the padding for this side of input; the side of its output."""
        stride, kernel = self.stride[0], self.kernel_size[0]
        out = -(-side // stride)
        total = max((out - 1) * stride + kernel - side, 0)
        self.fixed = (total // 2, total - total // 2)
        return out

    def forward(self, maps: torch.Tensor) -> torch.Tensor:
        maps = functional.pad(maps, (*self.fixed, *self.fixed))
        return functional.conv2d(maps, self.weight, self.bias, self.stride, 0, self.dilation, self.groups)


class EfficientNetB4(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        timm = timm_library.load()

        self.net = timm.create_model("tf_efficientnet_b4", pretrained=False, num_classes=0)
        self.net.conv_stem = nn.Conv2d(3, 48, 3, stride=2, bias=False)
        side = -(-PADDED_FOR // 2)
        for stage in self.net.blocks:
            for block in stage:
                block.conv_dw.__class__ = FixedPadding
                side = block.conv_dw.pad_for(side)
        self.last_layer = nn.Linear(1792, 2)

    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        return self.last_layer(self.net.forward_features(pictures).mean((2, 3)))


class EfficientNetFamily(DeepfakeBenchFamily):
    name = "deepfakebench_efficientnet"
    compared = False  # its files have other names
    about = "DeepfakeBench EfficientNet-B4"
    classifier = "last_layer"
    unused = ("adjust_channel.", "efficientnet._fc.")
    cam_layer = "encoder.net.conv_head"

    def recognise(self, given: Given) -> Match | None:
        names = super().rename(given.tensors)
        stem, last = names.get("efficientnet._conv_stem.weight"), names.get("efficientnet._conv_head.weight")
        if stem is None or last is None or tuple(last.shape) != (1792, 448, 1, 1):
            return None
        return Match({}, "DeepfakeBench EfficientNet-B4", READING, (Figure("AUC 0.772", PROTOCOL),))

    def build(self, **options: Any) -> nn.Module:
        return EfficientNetB4()

    def rename(self, tensors: Mapping[str, torch.Tensor], **options: Any) -> dict[str, torch.Tensor]:
        numbered = list(block_places())
        renamed = {}
        for name, tensor in super().rename(tensors).items():
            renamed[_timm_name(name, numbered)] = tensor
        return renamed


def block_places() -> Iterator[tuple[int, int]]:
    """Stage and place of each of B4's 32 blocks, which efficientnet_pytorch counts in a row."""
    for stage, count in enumerate((2, 4, 4, 6, 6, 8, 2)):
        yield from ((stage, place) for place in range(count))


def _timm_name(name: str, numbered: list[tuple[int, int]]) -> str:
    block = re.fullmatch(r"efficientnet\._blocks\.(\d+)\.(\w+)\.(\w+)", name)
    if block is not None and int(block[1]) < len(numbered):
        stage, place = numbered[int(block[1])]
        known = UNEXPANDED if stage == 0 else EXPANDED
        if block[2] in known:
            return f"net.blocks.{stage}.{place}.{known[block[2]]}.{block[3]}"
    outer = re.fullmatch(r"efficientnet\.(\w+)\.(\w+)", name)
    if outer is not None and outer[1] in OUTER:
        return f"net.{OUTER[outer[1]]}.{outer[2]}"
    return name


FAMILY = EfficientNetFamily()
