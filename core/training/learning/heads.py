"""The heads that learn on embeddings; part of the detector, so that a checkpoint can build its own again."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import nn

from core.errors import BadInput
from core.training.losses.base import Loss
from models.cards import Output

HIDDEN = 128


class Standardised(nn.Module):
    """Every component with the mean and deviation that it has in training."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(width))
        self.register_buffer("deviation", torch.ones(width))

    def fit(self, embeddings: np.ndarray) -> None:
        self.mean.copy_(torch.from_numpy(embeddings.mean(axis=0)))
        spread = embeddings.std(axis=0)
        self.deviation.copy_(torch.from_numpy(np.where(spread > 1e-6, spread, 1.0)))

    def forward(self, embedding: torch.Tensor) -> torch.Tensor:
        return (embedding - self.mean) / self.deviation


def build_head(kind: str, width: int, dropout: float = 0.0, hidden: int = HIDDEN) -> nn.Sequential:
    """`linear` and `logistic` are one layer (they differ in how they are fitted); `mlp` has one hidden
    layer."""
    if kind == "mlp":
        layers = [nn.Linear(width, hidden), nn.GELU(), nn.Dropout(dropout), nn.Linear(hidden, 2)]
    elif kind in ("linear", "logistic"):
        layers = [nn.Dropout(dropout), nn.Linear(width, 2)]
    else:
        raise BadInput(f"head: {kind!r} must be one of linear, mlp, logistic")
    return nn.Sequential(Standardised(width), *layers)


def start_from_shares(offset: nn.Parameter, loss: Loss, labels: np.ndarray) -> None:
    """Set the offset (2,) that is best where nothing but the shares of the classes drawn is known.

    Standardised embeddings say nothing of those shares, so only the offset can learn them; a wide head's rate is too
    small for that, and it would call half of everything fake whatever the imbalance.
    """
    ahead = torch.zeros((), requires_grad=True)
    classes = torch.arange(2)
    shares = torch.from_numpy(np.bincount(labels, minlength=2) / len(labels)).float()
    solver = torch.optim.LBFGS([ahead], max_iter=100, line_search_fn="strong_wolfe")

    def closure() -> torch.Tensor:
        solver.zero_grad()
        logits = torch.stack([-ahead / 2, ahead / 2]).expand(2, 2)
        value = (shares * loss.each(logits, classes)).sum()
        value.backward()
        return value

    solver.step(closure)
    with torch.no_grad():
        offset.copy_(torch.stack([-ahead / 2, ahead / 2]))


class OnEmbeddings(nn.Module):
    """The head as a network of its own, so that the loop trains it like any other."""

    def __init__(self, head: nn.Module) -> None:
        super().__init__()
        self.head = head

    def forward(self, inputs: torch.Tensor, mask: Any = None, *, details: bool = False) -> Any:
        logits = self.head(inputs)
        return Output(logits, inputs) if details else logits
