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
    weights: np.ndarray  # (n,) how often its dataset is drawn against the others
    groups: list[frozenset[str]] = field(default_factory=list)  # the keys that tie samples together
    datasets: np.ndarray | None = None  # (n,) number of its dataset; None: nobody weighs them

    @property
    def counts(self) -> np.ndarray:
        return np.bincount(self.labels, minlength=2)

    @property
    def minority(self) -> int:
        """The rarer label; fake where both are equally many."""
        return 0 if self.counts[0] < self.counts[1] else 1


def draw_rows(samples: TrainingSet, rows: np.ndarray, count: int, rng: np.random.Generator) -> np.ndarray:
    """`count` draws among these rows, not yet shuffled: everything once before anything twice, and where datasets are
    weighed, of each dataset as many as its weight says, whatever its size.

        A has 1,000 samples, B has 50; weights 1 and 1, 1,050 draws:    A 525 of its samples once
                                                                        B 525: all ten times, half of them once more
    """
    if samples.datasets is None:
        return cycle(rows, count, rng)
    numbers, firsts, place = np.unique(samples.datasets[rows], return_index=True, return_inverse=True)
    quotas = share_out(samples.weights[rows][firsts], count, rng)
    parts = [cycle(rows[place == k], quotas[k], rng) for k in range(len(numbers))]
    return np.concatenate(parts)


def cycle(rows: np.ndarray, count: int, rng: np.random.Generator) -> np.ndarray:
    full, rest = divmod(int(count), len(rows))
    some = rng.permutation(rows)[:rest] if rest else rows[:0]
    return np.concatenate([np.tile(rows, full), some])


def share_out(weights: np.ndarray, count: int, rng: np.random.Generator) -> np.ndarray:
    """Whole numbers in proportion to the weights that add up to `count`; what is left over goes by lot."""
    exact = weights / weights.sum() * count
    quotas = np.floor(exact).astype(np.int64)
    left = count - int(quotas.sum())
    if left:
        rest = exact - quotas
        quotas[
            rng.choice(len(weights), size=left, replace=False, p=(rest + 1e-12) / (rest + 1e-12).sum())
        ] += 1
    return quotas


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
