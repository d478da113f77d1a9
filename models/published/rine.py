"""RINE (Koutlis and Papadopoulos 2024, arXiv 2402.19091): a small head on what every block of CLIP ViT-L/14 says.

class token of each block (24, 1024) ─proj1─▶ (24, width) ─softmax of alpha over blocks, sum─▶ (width) ─proj2─▶ head ─▶ 1

The file holds the head alone. The backbone's own file has to be here, and is packed into the detector.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import torch
from torch import nn

from models.published import clip_backbone
from models.published.base import Given, Match, Reading


def projections(inputs: int, width: int, count: int) -> nn.Sequential:
    """The published places are 1, 4, 7, …: dropout, then linear, ReLU, dropout for each."""
    steps: list[nn.Module] = [nn.Dropout()]
    for number in range(count):
        steps += [nn.Linear(width if number else inputs, width), nn.ReLU(), nn.Dropout()]
    return nn.Sequential(*steps)


class Rine(nn.Module):
    def __init__(self, width: int, count: int) -> None:
        super().__init__()
        sizes = clip_backbone.SIZES
        self.backbone = clip_backbone.build(projection=False)
        self.alpha = nn.Parameter(torch.zeros(1, sizes["depth"], width))
        self.proj1 = projections(sizes["embed_dim"], width, count)
        self.proj2 = projections(width, width, count)
        inner = [nn.Linear(width, width), nn.ReLU(), nn.Dropout()]
        self.head = nn.Sequential(
            *inner, nn.Linear(width, width), nn.ReLU(), nn.Dropout(), nn.Linear(width, 1)
        )

    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        blocks = self.proj1(self._class_tokens(pictures))
        return self.head(self.proj2((self.alpha.softmax(1) * blocks).sum(1)))

    def _class_tokens(self, pictures: torch.Tensor) -> torch.Tensor:
        """(batch, blocks, width): the class token as the second norm of each block gives it."""
        net: Any = self.backbone
        tokens = net.norm_pre(net.patch_drop(net._pos_embed(net.patch_embed(pictures))))
        seen = []
        for block in net.blocks:
            tokens = tokens + block.ls1(block.attn(block.norm1(tokens)))
            inner = block.norm2(tokens)
            seen.append(inner[:, 0])
            tokens = tokens + block.ls2(block.mlp(inner))
        return torch.stack(seen, dim=1)


class RineFamily(clip_backbone.ClipFamily):
    name = "rine"
    about = "RINE: a head on the class tokens of all blocks of CLIP ViT-L/14"
    source = "Koutlis and Papadopoulos 2024, github.com/mever-team/rine"
    licence = "Apache-2.0"
    classifier = "head.6"

    def recognise(self, given: Given) -> Match | None:
        alpha, first = given.shape("alpha"), given.shape("proj1.1.weight")
        if alpha is None or first is None or len(alpha) != 3:
            return None
        if alpha[1] != clip_backbone.SIZES["depth"] or first != (alpha[2], clip_backbone.SIZES["embed_dim"]):
            return None
        count = sum(bool(re.fullmatch(r"proj1\.\d+\.weight", name)) for name in given.tensors)
        words = "the authors' code takes the sigmoid of the one output for P(fake)"
        return Match({"width": alpha[2], "count": count}, "RINE", Reading(1, (0,), words, "a high output"))

    def build(self, **options: Any) -> nn.Module:
        return Rine(int(options["width"]), int(options["count"]))

    def rename(self, tensors: Mapping[str, torch.Tensor], **options: Any) -> dict[str, torch.Tensor]:
        """The head with its backbone, whose projection RINE never uses."""
        backbone = clip_backbone.tensors("a head")
        kept = {f"backbone.{n}": t for n, t in backbone.items() if not n.startswith("head.")}
        return kept | dict(tensors)

    def defaults(self) -> dict[str, Any]:
        return {"width": 128, "count": 4}


FAMILY = RineFamily()
