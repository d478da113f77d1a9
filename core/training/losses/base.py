"""What every loss is: a mean over the batch of a term per sample, from logits (batch, 2) and labels (batch,)."""

from __future__ import annotations

from abc import ABC, abstractmethod

import numpy as np
import torch
from torch import nn
from torch.nn import functional


class Loss(nn.Module, ABC):
    """`class_weights` (2,) come from balancing; what they mean is the loss's own affair."""

    def __init__(
        self,
        *,
        class_weights: torch.Tensor | None = None,
        smoothing: float = 0.0,
        alpha: float = 0.25,
        gamma: float = 2.0,
    ) -> None:
        super().__init__()
        self.register_buffer("class_weights", class_weights, persistent=False)
        self.smoothing, self.alpha, self.gamma = smoothing, alpha, gamma

    @abstractmethod
    def terms(self, log_p: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        """The term of each sample, from the log-probabilities (batch, 2) of the classes."""

    def weights(self, labels: torch.Tensor) -> torch.Tensor | None:
        """How much each sample counts; None: all the same."""
        chosen = self.class_weights
        return None if chosen is None else chosen.to(labels.device)[labels]

    def each(self, logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        """The weighted term of each sample. In single precision: half of it has no log-probabilities to speak of."""
        terms = self.terms(functional.log_softmax(logits.float(), dim=1), labels)
        weights = self.weights(labels)
        return terms if weights is None else terms * weights

    def forward(self, logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        return self.each(logits, labels).mean()

    def of_scores(self, labels: np.ndarray, scores: np.ndarray) -> float:
        """The same mean from P(fake) of whole samples, whose logits nobody has."""
        clipped = np.clip(scores, 1e-12, 1 - 1e-12)
        ahead = torch.from_numpy(np.log(clipped) - np.log1p(-clipped)).float()
        logits = torch.stack([torch.zeros_like(ahead), ahead], dim=1)
        return float(self(logits, torch.from_numpy(labels)))

    def targets(self, labels: torch.Tensor) -> torch.Tensor:
        """(batch, 2) shares of the classes: one-hot, or smoothed the usual way, (1 - s)·onehot + s/2."""
        hot = functional.one_hot(labels, 2).float()
        return hot * (1 - self.smoothing) + self.smoothing / 2
