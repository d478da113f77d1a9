"""What a balancing technique can change: the draws of an epoch, the loss, the augmentation, the embeddings.

Each technique changes one of these and leaves the others alone, so they combine freely.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np

from core.training.options.settings import NoSettings


@dataclass(frozen=True)
class TrainingSet:
    """What the techniques may know of the training rows; nothing of validation or test ever comes here."""

    labels: np.ndarray  # (n,) 0 real, 1 fake
    dataset_weights: np.ndarray  # (n,) how often its dataset is drawn against the others
    groups: list[frozenset[str]] = field(default_factory=list)  # the keys that tie samples together
    datasets: np.ndarray | None = None  # (n,) number of its dataset; None: nobody weighs them

    @property
    def counts(self) -> np.ndarray:
        return np.bincount(self.labels, minlength=2)

    @property
    def minority(self) -> int:
        """The rarer label; fake where both are equally many."""
        return 0 if self.counts[0] < self.counts[1] else 1


class Balancing:
    """Nothing is changed unless a technique says so."""

    name: ClassVar[str] = ""  # of the option; the file's name where none is stated
    title: ClassVar[str] = ""  # its name for people; empty: `name` without underscores
    about: ClassVar[str] = ""  # a few words for the form
    order: ClassVar[int] = 100  # the first technique that draws decides the draws of an epoch
    together: ClassVar[int] = 1  # draws in a row that stay in one batch
    needs_embeddings: ClassVar[bool] = False  # works on those of a frozen backbone (tune: head) alone
    Settings: ClassVar[type] = (
        NoSettings  # a dataclass of `option`s, which become fields of the configuration
    )

    def __init__(self, samples: TrainingSet, settings: Any = None) -> None:
        self.samples = samples
        self.settings = self.Settings() if settings is None else settings

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
