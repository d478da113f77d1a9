"""CrossModalFusionTransformer: tokens of all modalities attend to each other; a domain head behind reversed
gradients."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

import torch
from torch import nn

from models.cards import ModelCard, Output
from models.domain import DomainDiscriminator
from models.multimodal.asked_options import ASKED
from models.multimodal.base import Inputs, Mask, Multimodal, Plan, batch_of
from models.multimodal.encoders import Tokens
from models.registry import register

DOMAIN_WEIGHT = 0.1  # of the discriminator, where there are several datasets


class CrossModalFusionTransformer(nn.Module):
    """Tokens of all modalities, each with its learned modality embedding, in one transformer; z is what they give.

    A missing token is masked out of every attention and of the mean; a learned token is always there.
    """

    def __init__(self, parts: tuple[str, ...], width: int, layers: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.start = nn.Parameter(torch.randn(1, 1, width) * 0.02)
        self.modality = nn.ParameterDict({part: torch.randn(width) * 0.02 for part in parts})
        self.layers = nn.ModuleList(
            nn.TransformerEncoderLayer(
                width, heads, 4 * width, dropout, activation="gelu", batch_first=True, norm_first=True
            )
            for _ in range(layers)
        )
        self.norm = nn.LayerNorm(width)

    def forward(self, found: dict[str, Tokens], batch: int) -> tuple[torch.Tensor, torch.Tensor]:
        """z (batch, width), and the tokens of the first modality that has units (batch, units, width)."""
        rows = [self.start.expand(batch, -1, -1)]
        there = [torch.ones(batch, 1, dtype=torch.bool, device=self.start.device)]
        for part, (tokens, present) in found.items():
            rows.append(tokens + self.modality[part])
            there.append(present)
        present = torch.cat(there, 1)
        tokens = torch.cat(rows, 1).masked_fill(~present.unsqueeze(-1), 0.0)
        for layer in self.layers:
            tokens = layer(tokens, src_key_padding_mask=~present)
        share = present.unsqueeze(-1).to(tokens.dtype)
        z = self.norm((tokens.masked_fill(share == 0, 0.0)).sum(1) / share.sum(1))
        first = next(iter(found.values()))[0].shape[1] if found else 0
        return z, self.norm(tokens[:, 1 : 1 + first] if first else tokens[:, :1])


class CrossAttention(Multimodal):
    """The transformer and a classifier on z, without a domain head."""

    def assemble(self, plan: Plan) -> None:
        self.aggregation = CrossModalFusionTransformer(
            self.parts, plan.width, plan.layers, plan.heads, plan.dropout
        )
        self.head = nn.Sequential(nn.Dropout(plan.dropout), nn.Linear(plan.width, 2))

    def fuse(self, inputs: Inputs, mask: Mask) -> Output:
        batch, _ = next(batch_of(value) for value in inputs.values() if value is not None)
        z, units = self.aggregation(self.tokens(inputs, mask), batch)
        return Output(self.head(z), z, self.head(units))


class Fusion(CrossAttention):
    """`domains` is the number of datasets to tell apart; 0 leaves the domain head out."""

    def __init__(self, *, size: str = "auto", domains: int = 0, **options: Any) -> None:
        super().__init__(size=size, **options)
        self.options["domains"] = domains
        self.domain_head = DomainDiscriminator(self.width, domains) if domains else None

    def fuse(self, inputs: Inputs, mask: Mask) -> Output:
        output = super().fuse(inputs, mask)
        if self.domain_head is None:
            return output
        return replace(output, extras={"domain_logits": self.domain_head(output.embedding)})


CARD = ModelCard(
    name="fusion",
    modality="multimodal",
    about="cross-modal transformer over picture, sound, text and metadata, LARGE or SMALL by device memory",
    source="this workbench; gradient reversal of Ganin and Lempitsky 2015",
    frames=8,
    cam_layer="encoder.image.backbone.backbone.layer4",
    pretrained="resnet50.a1_in1k + wav2vec2_fairseq_base_ls960 + all-MiniLM-L6-v2",
    learning_rate=1e-4,
    objectives={"domain": DOMAIN_WEIGHT},
)
register(CARD, ASKED)(Fusion)
register(
    ModelCard(
        name="fusion_tiny",
        modality="multimodal",
        about="the fusion transformer with small encoders, for a CPU",
        source=CARD.source,
        size=112,
        frames=8,
        cam_layer="encoder.image.backbone.backbone.blocks",
        pretrained="mobilenetv3_small_050.lamb_in1k",
        learning_rate=1e-3,
        objectives={"domain": DOMAIN_WEIGHT},
    ),
    ASKED,
)(partial(Fusion, size="tiny"))
register(
    ModelCard(
        name="fusion_forensic",
        modality="multimodal",
        about="the fusion transformer over the compact forensic encoders; learns from little data, the quick one for a CPU",
        source="this workbench; see Forensic residual and Forensic sound",
        size=96,
        frames=4,
        resize="native",
        mean=(0.5, 0.5, 0.5),
        std=(0.5, 0.5, 0.5),
        cam_layer="encoder.image.backbone.local",
        learning_rate=1e-3,
        objectives={"domain": DOMAIN_WEIGHT},
    ),
    ASKED,
)(partial(Fusion, size="forensic"))
register(
    ModelCard(
        name="cross_attention",
        modality="multimodal",
        about="the fusion transformer without its domain head",
        source="baseline beside the fusion transformer; encoders as there",
        size=112,
        frames=8,
        cam_layer="encoder.image.backbone.backbone.blocks",
        pretrained="mobilenetv3_small_050.lamb_in1k",
        learning_rate=1e-3,
        objectives={},
    ),
    ASKED,
)(CrossAttention)
