"""Connected components over the group keys of samples: what must stay on one side of a split."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components


def incidence(groups: Sequence[Sequence[str]]) -> tuple[NDArray[np.int64], NDArray[np.int64], list[str]]:
    """Pairs (sample, key) as two arrays, keys numbered in sorted order, and the keys."""
    lengths = np.fromiter((len(g) for g in groups), np.int64, len(groups))
    flat = [key for keys in groups for key in keys]
    names = sorted(set(flat))
    number = {name: i for i, name in enumerate(names)}
    keys = np.fromiter((number[key] for key in flat), np.int64, len(flat))
    return np.repeat(np.arange(len(groups)), lengths), keys, names


def components(groups: Sequence[Sequence[str]]) -> NDArray[np.int64]:
    """The component of each sample, numbered from 0 by first appearance.

    Samples share a component if they share a key, directly or through others; one without keys stands alone.
    """
    samples, keys, names = incidence(groups)
    return join_components(len(groups), samples, keys, len(names))


def join_components(
    n: int, samples: NDArray[np.int64], keys: NDArray[np.int64], n_keys: int
) -> NDArray[np.int64]:
    """The same from (sample, key) pairs: samples and keys are the nodes of one graph."""
    if n == 0:
        return np.zeros(0, np.int64)
    size = n + n_keys
    graph = coo_matrix((np.ones(len(samples), np.int8), (samples, n + keys)), shape=(size, size))
    labels = connected_components(graph, directed=False)[1][:n]
    _, first, inverse = np.unique(labels, return_index=True, return_inverse=True)
    rank = np.empty(len(first), np.int64)
    rank[np.argsort(first)] = np.arange(len(first))
    return rank[inverse]


def names(ids: Sequence[str], groups: Sequence[Sequence[str]], labels: NDArray[np.int64]) -> list[str]:
    """A name for each sample's component that does not depend on order: its smallest key, else the smallest id."""
    smallest: dict[int, tuple[int, str]] = {}
    for sample, keys, label in zip(ids, groups, labels.tolist(), strict=True):
        candidate = (0, min(keys)) if len(keys) else (1, sample)
        if label not in smallest or candidate < smallest[label]:
            smallest[label] = candidate
    return [smallest[label][1] for label in labels.tolist()]
