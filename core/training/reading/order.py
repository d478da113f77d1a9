"""In which order the samples come: the same for the same seed and epoch, on any number of processes and after
a resume."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from core.training.balancing import Balancing, TrainingSet, draw_rows

Draw = tuple[int, int, int]  # epoch, place in the epoch, sample


def epoch_order(samples: TrainingSet, techniques: Sequence[Balancing], seed: int, epoch: int) -> np.ndarray:
    """The draws of one epoch: by the first technique that draws, else every sample once (or as datasets are
    weighed)."""
    rng = np.random.default_rng([seed, epoch, 1])
    for technique in techniques:
        drawn = technique.draws(rng)
        if drawn is not None:
            return drawn
    n = len(samples.labels)
    return rng.permutation(draw_rows(samples, np.arange(n), n, rng))


def share_of_rank(
    order: np.ndarray, labels: np.ndarray, rank: int, world: int, together: int = 1
) -> np.ndarray:
    """The part of one process. Every process gets as many draws and, to one sample, as many of each class.

    `together` draws stay side by side (2 for pairs). What does not divide evenly starts again from the front.
    """
    if world == 1:
        return order
    blocks = order.reshape(-1, together)
    if together == 1:
        blocks = _deal_by_class(blocks, labels, world)
    missing = -len(blocks) % world
    blocks = np.concatenate([blocks, blocks[:missing]])
    return blocks[rank::world].reshape(-1)


def _deal_by_class(blocks: np.ndarray, labels: np.ndarray, world: int) -> np.ndarray:
    """Reordered so that every run of `world` draws is of one class as far as it goes, in the order of
    arrival."""
    waiting: dict[int, list[np.ndarray]] = {0: [], 1: []}
    dealt: list[np.ndarray] = []
    for block in blocks:
        queue = waiting[int(labels[block[0]])]
        queue.append(block)
        if len(queue) == world:
            dealt += queue
            queue.clear()
    return np.array(dealt + waiting[0] + waiting[1])


def batches(order: np.ndarray, epoch: int, size: int, together: int = 1) -> list[list[Draw]]:
    """The epoch's draws in batches; the last one may be smaller. Pairs are never torn apart."""
    size = max(together, size - size % together)
    draws = [(epoch, place, int(sample)) for place, sample in enumerate(order)]
    return [draws[start : start + size] for start in range(0, len(draws), size)]
