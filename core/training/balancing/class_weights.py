"""Class weights n/(k·n_c): a class counts in the loss as if all were equally many."""

from __future__ import annotations

import numpy as np

from core.training.balancing.base import Balancing


def class_weights(labels: np.ndarray) -> np.ndarray:
    """(2,) n/(k·n_c) over the k classes present; 1 for a class that is absent."""
    counts = np.bincount(labels, minlength=2).astype(np.float64)
    present = counts > 0
    weights = np.ones(2)
    weights[present] = counts.sum() / (present.sum() * counts[present])
    return weights


class ClassWeights(Balancing):
    name = "class_weights"
    title = "Class weights"
    about = "errors on the rarer class weigh more in the loss"
    order = 30

    def class_weights(self) -> np.ndarray:
        return class_weights(self.samples.labels)
