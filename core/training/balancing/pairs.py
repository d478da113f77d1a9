"""Pairs: a real and a fake from the same source come in the same batch, so only the manipulation tells them
apart."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import numpy as np

from core.training.balancing.base import Balancing, TrainingSet
from core.training.balancing.dataset_weights import draw_rows


class Pairs(Balancing):
    """An epoch is as many pairs as the larger class has samples, each sample of it once.

    A partner shares a group key (source clip, identity, utterance); where nobody does, any of the other class.
    """

    name = "pairs"
    title = "Matched pairs"
    about = "a real and a fake from the same source in one batch"
    order = 10  # balanced already, so they go before the sampler
    together = 2

    def __init__(self, samples: TrainingSet, settings: Any = None) -> None:
        super().__init__(samples, settings)
        self.other = samples.minority  # the class that partners are drawn from
        by_key: dict[str, list[int]] = defaultdict(list)
        for i, keys in enumerate(samples.groups):
            if samples.labels[i] == self.other:
                for key in keys:
                    by_key[key].append(i)
        self.partners = {key: np.array(found) for key, found in by_key.items()}

    def draws(self, rng: np.random.Generator) -> np.ndarray:
        """Flat: leader, partner, leader, partner, …"""
        labels = self.samples.labels
        leaders = np.flatnonzero(labels != self.other)
        everyone = np.flatnonzero(labels == self.other)
        leaders = rng.permutation(draw_rows(self.samples, leaders, len(leaders), rng))
        pairs = [(leader, rng.choice(self._partners(int(leader), everyone))) for leader in leaders]
        return np.array(pairs).reshape(-1)

    def _partners(self, leader: int, everyone: np.ndarray) -> np.ndarray:
        keys = self.samples.groups[leader] if self.samples.groups else frozenset()
        shared = [self.partners[key] for key in sorted(keys) if key in self.partners]
        return np.unique(np.concatenate(shared)) if shared else everyone
