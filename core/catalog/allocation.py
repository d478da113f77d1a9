"""Dealing whole components to train, val and test so that every label and method gets its share of each."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

SPLITS = ("train", "val", "test")
FRACTIONS = (0.64, 0.16, 0.20)
MANY = 20  # components alike from which most are dealt in proportion, without search
LABELS = slice(1, 3)  # the strata that are the two labels; those after them repeat and refine
FINE = 1e9  # above any misfit of counts
SEARCHED = 3_000  # components up to which single moves and swaps are tried afterwards


def order_of(names: Sequence[str], seed: int) -> NDArray[np.uint64]:
    """A number for each name that shuffles them by seed, whatever order they come in."""
    salt = str(seed).encode()
    digests = b"".join(
        hashlib.blake2b(n.encode("utf-8", "surrogatepass"), digest_size=8, key=salt).digest() for n in names
    )
    return np.frombuffer(digests, np.uint64)


def allocate(
    counts: NDArray[np.int64], names: Sequence[str], seed: int, fractions: Sequence[float] = FRACTIONS
) -> NDArray[np.int64]:
    """The split of each component. `counts` (components, strata) are its samples by label and method.

    Components alike are dealt in proportion; the others go, largest first, where they are missed most; at last
    single components move or change places while that brings the counts closer to the fractions.
    """
    share = np.asarray(fractions, np.float64)
    shuffle = order_of(names, seed)
    target = share[:, None] * counts.sum(0)[None]  # (splits, strata)
    place = np.full(len(counts), -1, np.int64)
    filled = np.zeros_like(target)
    for members in _alike(counts):
        if len(members) >= MANY:
            members = members[np.argsort(shuffle[members], kind="stable")]
            for s, part in enumerate(_proportional(members, share)):
                place[part] = s
                filled[s] += counts[part].sum(0)
    rest = np.flatnonzero(place < 0)
    rest = rest[np.lexsort((shuffle[rest], -counts[rest].sum(1)))]
    weight = 1 / (target + 1)
    for i in rest:
        added = _cost_of_adding(filled, target, weight, counts[i])
        added[share == 0] = np.inf
        place[i] = int(np.argmin(added))
        filled[place[i]] += counts[i]
    if len(rest) <= SEARCHED:
        _improve(place, filled, target, weight, counts, rest, share)
    return place


def _alike(counts: NDArray[np.int64]) -> list[NDArray[np.int64]]:
    """Components with the same counts, in a fixed order."""
    if not len(counts):
        return []
    unique, inverse = np.unique(counts, axis=0, return_inverse=True)
    order = np.argsort(inverse.ravel(), kind="stable")
    bounds = np.searchsorted(inverse.ravel()[order], np.arange(len(unique) + 1))
    return [order[a:b] for a, b in pairwise(bounds)]


def _proportional(members: NDArray[np.int64], share: NDArray[np.float64]) -> list[NDArray[np.int64]]:
    """Whole shares of the members; what is left over is placed by search."""
    whole = np.floor(share * len(members) + 1e-9).astype(int)
    bounds = np.concatenate([[0], np.cumsum(whole)])
    return [members[a:b] for a, b in pairwise(bounds)]


def _cost_of_adding(
    filled: NDArray[np.float64],
    target: NDArray[np.float64],
    weight: NDArray[np.float64],
    one: NDArray[np.int64],
) -> NDArray[np.float64]:
    """How much worse each split fits its target with the component in it (negative: better)."""
    before = (filled - target) ** 2 * weight
    after = (filled + one - target) ** 2 * weight
    return (after - before).sum(1) - _fine(filled, target) + _fine(filled + one, target)


def _fine(filled: NDArray[np.float64], target: NDArray[np.float64]) -> NDArray[np.float64]:
    """For each split, what it costs that it lacks a whole class: such a part can choose and report nothing."""
    lacking = (filled[..., LABELS] <= 0) & (target[..., LABELS] > 0)
    return FINE * lacking.sum(-1)


def _improve(
    place: NDArray[np.int64],
    filled: NDArray[np.float64],
    target: NDArray[np.float64],
    weight: NDArray[np.float64],
    counts: NDArray[np.int64],
    free: NDArray[np.int64],
    share: NDArray[np.float64],
) -> None:
    """Moves and swaps among the freely placed components until none helps (at most eight rounds)."""
    for _ in range(8):
        moved = False
        for i in free:
            here = place[i]
            filled[here] -= counts[i]
            costs = _cost_of_adding(filled, target, weight, counts[i])
            costs[share == 0] = np.inf
            best = int(np.argmin(costs))
            if costs[best] >= costs[here] - 1e-9:
                best = int(here)
            filled[best] += counts[i]
            place[i] = best
            moved |= best != here
        if len(free) <= 400:
            moved |= _swap(place, filled, target, weight, counts, free)
        if not moved:
            return


def _swap(
    place: NDArray[np.int64],
    filled: NDArray[np.float64],
    target: NDArray[np.float64],
    weight: NDArray[np.float64],
    counts: NDArray[np.int64],
    free: NDArray[np.int64],
) -> bool:
    swapped = False
    for i in free:
        others = free[place[free] != place[i]]
        if not len(others):
            continue
        change = counts[others] - counts[i]  # what place[i] would gain
        a, b = place[i], place[others]
        gain_a = ((filled[a] + change - target[a]) ** 2 - (filled[a] - target[a]) ** 2) * weight[a]
        gain_b = ((filled[b] - change - target[b]) ** 2 - (filled[b] - target[b]) ** 2) * weight[b]
        total = (gain_a + gain_b).sum(1)
        total += _fine(filled[a] + change, target[a]) - _fine(filled[a], target[a])
        total += _fine(filled[b] - change, target[b]) - _fine(filled[b], target[b])
        best = int(np.argmin(total))
        if total[best] < -1e-9:
            j = others[best]
            filled[place[i]] += change[best]
            filled[place[j]] -= change[best]
            place[i], place[j] = place[j], place[i]
            swapped = True
    return swapped
