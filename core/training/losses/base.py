"""What every loss is: a mean over the batch of a term per sample, from logits (batch, 2) and labels (batch,).

Pages read names and settings of losses, and pages run without torch: tensors bring their own arithmetic.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

from core.training.options.settings import NoSettings

if TYPE_CHECKING:
    import torch


class Loss(ABC):
    """`weights` (2,) of the classes come from balancing; what they mean is the loss's own affair."""

    name: ClassVar[str] = ""  # of the option; the file's name where none is stated
    title: ClassVar[str] = ""  # its name for people; empty: `name` without underscores
    about: ClassVar[str] = ""  # a few words for the form
    needs_class_weights: ClassVar[bool] = False  # whether balancing names them or not
    Settings: ClassVar[type] = (
        NoSettings  # a dataclass of `option`s, which become fields of the configuration
    )

    def __init__(
        self, class_weights: torch.Tensor | None = None, smoothing: float = 0.0, settings: Any = None
    ) -> None:
        self.class_weights, self.smoothing = class_weights, smoothing
        self.settings = self.Settings() if settings is None else settings

    def to(self, device: torch.device) -> Self:
        if self.class_weights is not None:
            self.class_weights = self.class_weights.to(device)
        return self

    @abstractmethod
    def terms(self, log_p: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        """The term of each sample, from the log-probabilities (batch, 2) of the classes."""

    def weights(self, labels: torch.Tensor) -> torch.Tensor | None:
        """How much each sample counts; None: all the same."""
        chosen = self.class_weights
        return None if chosen is None else chosen.to(labels.device)[labels]

    def each(self, logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        """The weighted term of each sample. In single precision: half of it has no log-probabilities to speak
        of."""
        terms = self.terms(logits.float().log_softmax(dim=1), labels)
        weights = self.weights(labels)
        return terms if weights is None else terms * weights

    def __call__(self, logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        return self.each(logits, labels).mean()

    def of_scores(self, labels: np.ndarray, scores: np.ndarray) -> float:
        """The same mean from P(fake) of whole samples, whose logits nobody has."""
        import torch

        clipped = np.clip(scores, 1e-12, 1 - 1e-12)
        ahead = torch.from_numpy(np.log(clipped) - np.log1p(-clipped)).float()
        logits = torch.stack([torch.zeros_like(ahead), ahead], dim=1)
        return float(self(logits, torch.from_numpy(labels)))

    def targets(self, labels: torch.Tensor) -> torch.Tensor:
        """(batch, 2) shares of the classes: one-hot, or smoothed the usual way, (1 - s)·onehot + s/2."""
        from torch.nn import functional

        hot = functional.one_hot(labels, 2).float()
        return hot * (1 - self.smoothing) + self.smoothing / 2
