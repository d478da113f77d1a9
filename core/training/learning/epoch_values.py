"""The events of an epoch: loss and figures of training, over all ranks, beside those of validation."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from core.training.learning.last_checkpoint import Seen
from core.training.losses import Loss
from core.training.process.ranks import Ranks
from core.training.scoring.aggregation import probability
from core.training.scoring.epoch_metrics import epoch_metrics, side_by_side


def epoch_values(
    seen: Seen,
    ranks: Ranks,
    validation: tuple[np.ndarray, np.ndarray],
    loss: Loss,
    domains: Callable[[], np.ndarray],
) -> dict[str, float]:
    """`train/…`, `val/…` and the gap between them. `validation`: labels and scores; `domains`: of the training
    samples, asked for only where a discriminator named them."""
    parts = ranks.gather((seen.loss, *seen.arrays(), seen.domains))
    labels, margins = (np.concatenate([part[place] for part in parts]) for place in (1, 2))
    mean_loss = sum(part[0] for part in parts) / max(1, len(labels))
    return _domain_values([part[3] for part in parts], domains) | side_by_side(
        {"loss": mean_loss, **epoch_metrics(labels, probability(margins))},
        {"loss": loss.of_scores(*validation), **epoch_metrics(*validation)},
    )


def _domain_values(counts: list[tuple[int, int]], domains: Callable[[], np.ndarray]) -> dict[str, float]:
    """How often the discriminator named the dataset, and chance: a network that hides it brings both
    together."""
    right, seen = (sum(side) for side in zip(*counts, strict=True))
    if not seen:
        return {}
    samples = np.bincount(domains())
    chance = float(samples.max() / samples.sum())
    return {"train/domain_accuracy": right / seen, "chance/domain_accuracy": chance}
