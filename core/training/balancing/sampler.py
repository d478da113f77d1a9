"""Weighted random sampler: an epoch draws both classes equally often."""

from __future__ import annotations

import numpy as np

from core.training.balancing.base import Balancing, TrainingSet


class Sampler(Balancing):
    """As many draws as there are samples, half of each class; a rare class comes round several times."""

    name = "sampler"
    about = "draws both classes equally often"
    order = 20

    def draws(self, rng: np.random.Generator) -> np.ndarray:
        n = len(self.samples.labels)
        present = [label for label in (0, 1) if self.samples.counts[label]]
        quotas = [n // len(present) + (k < n % len(present)) for k in range(len(present))]
        parts = [
            rounds(self.samples, label, quota, rng) for label, quota in zip(present, quotas, strict=True)
        ]
        return rng.permutation(np.concatenate(parts))


def rounds(samples: TrainingSet, label: int, count: int, rng: np.random.Generator) -> np.ndarray:
    """`count` draws of one class: everything once before anything twice; by weight where datasets are weighted."""
    own = np.flatnonzero(samples.labels == label)
    weights = samples.weights[own]
    if not np.allclose(weights, weights[0]):
        return rng.choice(own, size=count, p=weights / weights.sum())
    full, rest = divmod(count, len(own))
    return np.concatenate([np.tile(own, full), rng.permutation(own)[:rest]])
