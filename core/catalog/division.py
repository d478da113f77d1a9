"""Dividing a component that holds nearly everything: its identities are dealt, what joins two sides is dropped."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from core.catalog.allocation import FRACTIONS, order_of
from core.catalog.components import incidence

DROPPED = -1
STARTS = 6


def divide(
    groups: Sequence[Sequence[str]],
    labels: NDArray[np.int64],
    seed: int,
    fractions: Sequence[float] = FRACTIONS,
) -> NDArray[np.int64]:
    """The split of each sample of one component, -1 where its keys lie on different sides.

    Keys that only occur together with another key follow it (a clip follows its actor). The rest, the
    identities, are moved between the sides while that keeps more samples, or brings the parts closer to the
    fractions, or gives a part a class that it lacks.
    """
    samples, keys, names = incidence(groups)
    leader = _leaders(samples, keys, len(names), len(groups))
    nodes, node_of_key = np.unique(leader, return_inverse=True)
    pairs = np.unique(np.stack([samples, node_of_key[keys]]), axis=1)
    order = np.argsort(order_of([names[i] for i in nodes], seed), kind="stable")
    share = np.asarray(fractions, np.float64)
    best, best_cost = np.full(len(groups), DROPPED), np.inf
    for start in range(STARTS):
        sides = _start(order, share, start, len(nodes))
        sides, cost = _search(sides, order, pairs, labels, share)
        if cost < best_cost - 1e-12:
            best, best_cost = _place_samples(sides, pairs, len(groups)), cost
    return best


def _leaders(
    samples: NDArray[np.int64], keys: NDArray[np.int64], n_keys: int, n_samples: int
) -> NDArray[np.int64]:
    """For each key the most common key that is on all of its samples: they can only go together."""
    size = np.bincount(keys, minlength=n_keys)
    start = np.searchsorted(samples, np.arange(n_samples + 1))
    by_key = np.argsort(keys, kind="stable")
    first = np.searchsorted(keys[by_key], np.arange(n_keys + 1))
    leader = np.arange(n_keys)
    for key in range(n_keys):
        mine = samples[by_key[first[key] : first[key + 1]]]
        together = keys[start[mine[0]] : start[mine[0] + 1]]
        together = together[size[together] > size[key]]
        for sample in mine[1:]:
            if not len(together):
                break
            together = np.intersect1d(together, keys[start[sample] : start[sample + 1]])
        if len(together):
            leader[key] = together[np.argmax(size[together])]
    while not np.array_equal(leader, leader[leader]):
        leader = leader[leader]
    return leader


def _start(order: NDArray[np.int64], share: NDArray[np.float64], start: int, n: int) -> NDArray[np.int64]:
    """A first division: the square root of a share, since a pair needs both of its ends on one side."""
    root = np.sqrt(share)
    bounds = np.round(np.cumsum(root / root.sum()) * n).astype(int)
    sides = np.empty(n, np.int64)
    turned = np.roll(order, start * max(1, n // STARTS))
    sides[turned] = np.searchsorted(bounds, np.arange(n), side="right").clip(max=len(share) - 1)
    return sides


def _place_samples(sides: NDArray[np.int64], pairs: NDArray[np.int64], n: int) -> NDArray[np.int64]:
    low, high = np.full(n, len(sides) + 9), np.full(n, -1)
    np.minimum.at(low, pairs[0], sides[pairs[1]])
    np.maximum.at(high, pairs[0], sides[pairs[1]])
    return np.where(low == high, low, DROPPED)


def _cost(place: NDArray[np.int64], labels: NDArray[np.int64], share: NDArray[np.float64]) -> float:
    """Dropped share, distance of each class from its fractions, and a fine for a part without a class."""
    kept = place >= 0
    cost = 1.0 - kept.mean()
    for label in np.unique(labels):
        have = np.bincount(place[kept & (labels == label)], minlength=len(share)).astype(float)
        cost += (
            0.5 * np.abs(have / max(1.0, have.sum()) - share).sum() + 2.0 * ((have == 0) & (share > 0)).sum()
        )
    return float(cost)


def _search(
    sides: NDArray[np.int64],
    order: NDArray[np.int64],
    pairs: NDArray[np.int64],
    labels: NDArray[np.int64],
    share: NDArray[np.float64],
) -> tuple[NDArray[np.int64], float]:
    n = len(labels)
    cost = _cost(_place_samples(sides, pairs, n), labels, share)
    for _ in range(4 if len(order) <= 600 else 1):
        before = cost
        for node in order if len(order) <= 4_000 else order[:0]:
            for side in range(len(share)):
                if side == sides[node] or share[side] == 0:
                    continue
                old, sides[node] = sides[node], side
                new = _cost(_place_samples(sides, pairs, n), labels, share)
                if new < cost - 1e-12:
                    cost = new
                else:
                    sides[node] = old
        if cost >= before - 1e-12:
            break
    return sides, cost
