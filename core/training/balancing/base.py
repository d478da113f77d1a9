"""What a balancing technique can change: the draws of an epoch, the loss, the augmentation, the embeddings.

Each technique changes one of these and leaves the others alone, so they combine freely.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np


@dataclass(frozen=True)
class TrainingSet:
    """What the techniques may know of the training rows; nothing of validation or test ever comes here."""

    labels: np.ndarray  # (n,) 0 real, 1 fake
    weights: np.ndarray  # (n,) how often each is drawn, by its dataset
    groups: list[frozenset[str]] = field(default_factory=list)  # the keys that tie samples together

    @property
    def counts(self) -> np.ndarray:
        return np.bincount(self.labels, minlength=2)

    @property
    def minority(self) -> int:
        """The rarer label; fake where both are equally many."""
        return 0 if self.counts[0] < self.counts[1] else 1


class Balancing:
    """Nothing is changed unless a technique says so."""

    name = ""

    def __init__(self, samples: TrainingSet, neighbours: int = 5) -> None:
        self.samples = samples
        self.neighbours = neighbours

    def draws(self, rng: np.random.Generator) -> np.ndarray | None:
        """The samples of one epoch in their order; None: this technique does not draw."""
        return None

    def class_weights(self) -> np.ndarray | None:
        """Weights of real and fake in the loss; None: this technique does not weigh."""
        return None

    def strengthens(self, label: int) -> bool:
        """Whether samples of this label are augmented more strongly."""
        return False

    def resample(
        self, embeddings: np.ndarray, labels: np.ndarray, seed: int
    ) -> tuple[np.ndarray, np.ndarray, str | None]:
        """Embeddings and labels to train on, and a warning where the technique could not be used."""
        return embeddings, labels, None
