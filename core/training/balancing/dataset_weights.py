"""How often each dataset is drawn against the others (`dataset_weights`), whatever draws the samples."""

from __future__ import annotations

import numpy as np

from core.training.balancing.base import TrainingSet


def draw_rows(samples: TrainingSet, rows: np.ndarray, count: int, rng: np.random.Generator) -> np.ndarray:
    """`count` draws among these rows, not yet shuffled: everything once before anything twice, and where datasets are
    weighed, of each dataset as many as its weight says, whatever its size.

        A has 1,000 samples, B has 50; weights 1 and 1, 1,050 draws:    A 525 of its samples once
                                                                        B 525: all ten times, half of them once more
    """
    if samples.datasets is None:
        return cycle(rows, count, rng)
    numbers, firsts, place = np.unique(samples.datasets[rows], return_index=True, return_inverse=True)
    quotas = share_out(samples.dataset_weights[rows][firsts], count, rng)
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
