"""The heads that learn on embeddings; part of the detector, so that a checkpoint can build its own again."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import nn

from core.errors import BadInput
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
    """`linear` and `logistic` are one layer (they differ in how they are fitted); `mlp` has one hidden layer."""
    if kind == "mlp":
        layers = [nn.Linear(width, hidden), nn.GELU(), nn.Dropout(dropout), nn.Linear(hidden, 2)]
    elif kind in ("linear", "logistic"):
        layers = [nn.Dropout(dropout), nn.Linear(width, 2)]
    else:
        raise BadInput(f"head: {kind!r} must be one of linear, mlp, logistic")
    return nn.Sequential(Standardised(width), *layers)


class OnEmbeddings(nn.Module):
    """The head as a network of its own, so that the loop trains it like any other."""

    def __init__(self, head: nn.Module) -> None:
        super().__init__()
        self.head = head

    def forward(self, inputs: torch.Tensor, mask: Any = None, *, details: bool = False) -> Any:
        logits = self.head(inputs)
        return Output(logits, inputs) if details else logits
