"""Weighted random sampler: an epoch draws both classes equally often."""

from __future__ import annotations

import numpy as np

from core.training.balancing.base import Balancing
from core.training.balancing.dataset_weights import draw_rows


class Sampler(Balancing):
    """As many draws as there are samples, half of each class; a rare class comes round several times."""

    name = "sampler"
    title = "Weighted sampler"
    about = "draws both classes equally often"
    order = 20

    def draws(self, rng: np.random.Generator) -> np.ndarray:
        n, labels = len(self.samples.labels), self.samples.labels
        present = [label for label in (0, 1) if self.samples.counts[label]]
        quotas = [n // len(present) + (k < n % len(present)) for k in range(len(present))]
        parts = [
            draw_rows(self.samples, np.flatnonzero(labels == label), quota, rng)
            for label, quota in zip(present, quotas, strict=True)
        ]
        return rng.permutation(np.concatenate(parts))
