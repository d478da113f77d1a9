"""Which dataset a sample came from, learned against the network (Ganin and Lempitsky 2015), for every network.

verdict <── embedding ──> reversal (-strength) ──> discriminator ──> one logit a dataset
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import torch
from torch import nn

from models.cards import BadOption, Output


class GradientReversal(torch.autograd.Function):
    """Passes forward unchanged; the gradient comes back negated and scaled."""

    @staticmethod
    def forward(ctx: Any, value: torch.Tensor, strength: float) -> torch.Tensor:
        ctx.strength = strength
        return value.view_as(value)

    @staticmethod
    def backward(ctx: Any, gradient: torch.Tensor) -> tuple[torch.Tensor, None]:
        return -ctx.strength * gradient, None


class DomainDiscriminator(nn.Module):
    """`strength` follows the training schedule; `domains` are the datasets to tell apart."""

    def __init__(self, width: int, domains: int) -> None:
        super().__init__()
        self.strength = 1.0
        hidden = min(width, 512)
        self.net = nn.Sequential(
            nn.Linear(width, hidden), nn.ReLU(), nn.Dropout(0.1), nn.Linear(hidden, domains)
        )

    def forward(self, embedding: torch.Tensor) -> torch.Tensor:
        return self.net(GradientReversal.apply(embedding, self.strength))


MOST_DOMAINS = 10_000


def number(value: object) -> int:
    """How many datasets there are to tell apart; a checkpoint from elsewhere may say anything."""
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= MOST_DOMAINS:
        raise BadOption(f"domains {value!r} must be a whole number from 0 to {MOST_DOMAINS:,}")
    return value


def attach(network: nn.Module, domains: int) -> None:
    """Give a network a domain head beside its own: where details are asked for, `extras` has domain_logits
    then."""
    network.domain_head = DomainDiscriminator(embedding_width(network), domains)
    network.register_forward_hook(_add_domain_logits)


def _add_domain_logits(network: Any, inputs: tuple[Any, ...], output: Any) -> Any:
    if not isinstance(output, Output):
        return output
    return replace(output, extras={**output.extras, "domain_logits": network.domain_head(output.embedding)})


def embedding_width(network: nn.Module) -> int:
    """What goes into the head: its first layer says how wide it is."""
    head = getattr(network, "head", None)
    layers = [m for m in head.modules() if isinstance(m, nn.Linear)] if isinstance(head, nn.Module) else []
    if not layers:
        raise BadOption(
            f"{type(network).__name__} has no linear head to set a domain head beside; set domains to 0"
        )
    return layers[0].in_features
