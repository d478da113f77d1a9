"""Techniques against imbalance, one file each behind one protocol, freely combined."""

from __future__ import annotations

from core.training.balancing.base import Balancing, TrainingSet
from core.training.balancing.class_weights import ClassWeights
from core.training.balancing.minority_augmentation import MinorityAugmentation
from core.training.balancing.pairs import Pairs
from core.training.balancing.sampler import Sampler
from core.training.balancing.smote import Smote

# In the order in which they are asked to draw: pairs are balanced already, so they go before the sampler.
TECHNIQUES: dict[str, type[Balancing]] = {
    kind.name: kind for kind in (Pairs, Sampler, ClassWeights, MinorityAugmentation, Smote)
}

__all__ = ["TECHNIQUES", "Balancing", "TrainingSet", "make_balancing"]


def make_balancing(names: list[str], samples: TrainingSet, neighbours: int = 5) -> list[Balancing]:
    return [kind(samples, neighbours) for name, kind in TECHNIQUES.items() if name in names]
