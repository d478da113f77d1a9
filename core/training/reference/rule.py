"""The rule that calls a file foreign: up to five distances joined into one, with a conformal limit.

    nearest   cosine distance to the nearest files in the network's embedding ─┐
    rest      what the main axes of the embeddings leave over (ViM)            ├─▶ the farthest ─▶ limit
    media     statistics of picture and sound, Mahalanobis, averaged           │
    size      logarithms of width and height                                   │
    rate      logarithm of the sample rate that the file came with            ─┘

Each is scaled by the run's own files: 0 is the middle one, 1 the mean of the tenth that lies farthest. A file is
measured against those that share no group with it (cross-conformal; Vovk 2015), so a new file of the same kind is as
likely as any to be the farthest. The limit is the k-th smallest of n, k = ⌈(n + 1)·0.96⌉: with 24 files the largest.
Where files come in groups (a speaker, a source), each group counts once and n is their number: the limit is for a file
of a new group (Dunn, Wasserman and Ramdas 2022, pooled distributions).
Which distances, and how joined, was settled on the folders that `python -m benchmarks.domain` judges: its figures there
describe the choice and do not confirm it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from core.training.reference.statistics import FLOORS, USUAL_FLOOR, statistics_of
from core.training.reference.views import View, axes_for, fit_view

AIMED, FALSE_ALARMS = 0.04, 0.05  # of the run's own kind; the difference is for what groups have in common
FEWEST = 19  # files: with fewer, no limit keeps false alarms to 5 %
FOLDS = 5
NEIGHBOURS = 5
TAIL = 0.1  # the share of files that gives the scale
SMALLEST_STEP = 0.05  # of a logarithm: distances that hardly differ are no scale to measure by
MOST_POINTS = 200
NETWORK, SIZE, RATE = "network", "size", "rate"  # blocks that are no statistics of the medium
CONTAINER = (SIZE, RATE)  # each joins as a distance of its own
DIRECTION = "direction"  # a block that is in no distance: marks of processing alone are looked for in it

Figures = dict[str, np.ndarray]  # block: (files, width)


class Scale(NamedTuple):
    centre: np.ndarray
    spread: np.ndarray

    def of(self, values: np.ndarray) -> np.ndarray:
        return (values - self.centre) / self.spread


@dataclass(frozen=True)
class Processed:
    """A mild change that files undergo, where it moves them, and what it costs the detector."""

    name: str
    shift: dict[str, np.ndarray]  # block: (width,)
    limit: float  # of the joined distance, once the shift is taken back
    files: int
    auc: float | None = None  # on the changed files
    auc_before: float | None = None  # on the same files as they are
    agreement: float | None = None  # share of them whose verdict stayed the same
    mark: float | None = None  # how far along the shift a file bears its mark; null where no limit is known
    auc_interval: tuple[float, float] | None = None
    auc_before_interval: tuple[float, float] | None = None


@dataclass(frozen=True)
class Reference:
    """Everything needed to say how far a file lies from those of a run. Holds no file of them."""

    points: np.ndarray  # (files, width): embeddings of the run's files, each of length 1
    views: dict[str, View]
    media: Scale  # of each statistic's distance in turn
    scale: Scale  # of the joined distances
    own: np.ndarray  # (n, distances): of the run's own files, scaled, each from what had not seen it
    files: dict[str, int]  # split: how many were used
    spans: dict[str, tuple[float, float]] = field(default_factory=dict)
    codecs: tuple[str, ...] = ()
    processed: tuple[Processed, ...] = ()
    weights: np.ndarray | None = None  # of the own files, 1 a group together; null: each stands for itself

    @property
    def count(self) -> int:
        return len(self.own)

    @property
    def limit(self) -> float | None:
        return conformal_limit(join_distances(self.own), self.weights)

    def parts(self, figures: Figures) -> np.ndarray:
        """(files, distances), each scaled by the run's own files."""
        return self.scale.of(_joinable(_raw(self.points, self.views, figures), self.media))

    def distance(self, figures: Figures) -> np.ndarray:
        """(files,) joined, always above 0."""
        return join_distances(self.parts(figures))

    def farthest(self, figures: Figures) -> str:
        """The block in which one file lies farthest out."""
        raw = _raw(self.points, self.views, figures)
        parts = self.scale.of(_joinable(raw, self.media))[0]
        if parts[:2].max() >= parts.max():
            return NETWORK
        beside = [name for name in CONTAINER if name in self.views]
        for name, part in zip(beside, parts[len(parts) - len(beside) :], strict=True):
            if part >= parts.max():
                return name
        columns = [name for name in statistics(self.views) for _ in range(1 + self.views[name].left_over)]
        return columns[int(np.argmax(self.media.of(raw.media)[0]))]


class _Raw(NamedTuple):
    """Logarithms of distances, not yet scaled."""

    network: np.ndarray  # (files, 2)
    media: np.ndarray  # (files, statistics)
    container: np.ndarray  # (files, 0 to 2)


def _raw(points: np.ndarray, views: Mapping[str, View], figures: Figures) -> _Raw:
    embeddings = figures[NETWORK]
    near = nearest(embeddings, points)
    rest = views[NETWORK].distances(embeddings)[:, -1]
    columns = [views[name].distances(figures[name]) for name in statistics(views)]
    beside = [views[name].distances(figures[name]) for name in CONTAINER if name in views]
    container = np.concatenate(beside, axis=1) if beside else np.zeros((len(near), 0))
    media = np.concatenate(columns, axis=1) if columns else np.zeros((len(near), 0))
    return _Raw(np.stack([np.log(near + 1e-9), np.log1p(rest)], axis=1), np.log1p(media), np.log1p(container))


def _joinable(raw: _Raw, media: Scale) -> np.ndarray:
    mean = media.of(raw.media).mean(axis=1, keepdims=True) if raw.media.shape[1] else raw.media
    return np.concatenate([raw.network, mean, raw.container], axis=1)


def statistics(views: Mapping[str, View] | Figures) -> list[str]:
    return sorted(name for name in views if name not in (NETWORK, DIRECTION, *CONTAINER))


def join_distances(parts: np.ndarray) -> np.ndarray:
    return np.logaddexp(0.0, parts.max(axis=1))


def conformal_limit(
    distances: np.ndarray, weights: np.ndarray | None = None, aimed: float = AIMED
) -> float | None:
    """The k-th smallest, k = ⌈(n + 1)·0.96⌉, or the largest where there is none; None for fewer than 5 % takes.

    With weights, of which each group's make 1 together, n is the number of groups and k counts weight.

    >>> conformal_limit(np.arange(1.0, 25.0)), conformal_limit(np.arange(1.0, 101.0))
    (24.0, 97.0)
    """
    if len(distances) < FEWEST:
        return None
    each = np.ones(len(distances)) if weights is None else weights
    order = np.argsort(distances, kind="stable")
    reached = np.cumsum(each[order])
    place = np.searchsorted(reached, (reached[-1] + 1) * (1 - aimed) - 1e-9)
    return float(distances[order[min(int(place), len(distances) - 1)]])


def weights_of(groups: Sequence[Any]) -> np.ndarray:
    """Of each file: 1 over the number of files in its group."""
    _, place, count = np.unique([str(group) for group in groups], return_inverse=True, return_counts=True)
    return 1.0 / count[place]


def figures_of(embedding: np.ndarray, prepared: Any, rate: int | None) -> dict[str, np.ndarray]:
    """The blocks that the rule compares: what the network makes of a file, and its statistics."""
    return {NETWORK: np.asarray(embedding, dtype=np.float64).ravel(), **statistics_of(prepared, rate)}


def fit(
    figures: Figures, groups: Sequence[Any], own: np.ndarray, files: Mapping[str, int], **facts: Any
) -> Reference:
    """From figures of the run's files. `own` marks those that are as new to the network as any other file."""
    raw = cross_fitted(figures, groups)
    raw = _Raw(*(part[own] for part in raw))
    media = scale_of(raw.media)
    values = _joinable(raw, media)
    scale = scale_of(values)
    views = fit_views(figures, axes_for(len(groups)))
    own_parts = scale.of(values)
    weights = weights_of([group for group, counts in zip(groups, own, strict=True) if counts])
    points = points_of(figures[NETWORK])
    return Reference(points, views, media, scale, own_parts, dict(files), weights=weights, **facts)


def cross_fitted(figures: Figures, groups: Sequence[Any]) -> _Raw:
    """Each file's distances from views and points that its group had no part in."""
    most = axes_for(len(groups))
    rows, found = [], []
    for learned, left_out in folds(groups):
        known = {name: values[learned] for name, values in figures.items()}
        asked = {name: values[left_out] for name, values in figures.items()}
        found.append(_raw(points_of(known[NETWORK]), fit_views(known, most), asked))
        rows.append(left_out)
    order = np.argsort(np.concatenate(rows))
    return _Raw(*(np.concatenate(parts)[order] for parts in zip(*found, strict=True)))


def scale_of(values: np.ndarray) -> Scale:
    """By column: the middle, and how far the outermost tenth lies from it on average."""
    if not values.shape[1]:
        return Scale(np.zeros(0), np.ones(0))
    centre = np.median(values, axis=0)
    tail = np.sort(values, axis=0)[int(len(values) * (1 - TAIL)) :].mean(axis=0)
    return Scale(centre, np.maximum(tail - centre, SMALLEST_STEP))


def points_of(embeddings: np.ndarray) -> np.ndarray:
    """Of length 1, and evenly chosen where there are many."""
    chosen = np.unique(np.linspace(0, len(embeddings) - 1, MOST_POINTS).astype(int))
    return _unit(embeddings[chosen])


def nearest(embeddings: np.ndarray, points: np.ndarray) -> np.ndarray:
    """The mean cosine distance to the nearest points."""
    distance = np.maximum(1 - _unit(embeddings) @ points.T, 0.0)
    return np.sort(distance, axis=1)[:, :NEIGHBOURS].mean(axis=1)


def _unit(rows: np.ndarray) -> np.ndarray:
    return rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9)


def folds(groups: Sequence[Any]) -> list[tuple[np.ndarray, np.ndarray]]:
    """Rows to fit on and rows to measure, in turn; a group never stands on both sides."""
    from sklearn.model_selection import GroupKFold

    names = np.array([str(group) for group in groups])
    several = min(FOLDS, len(set(names)))
    if several < 2:
        names = np.arange(len(groups)).astype(str)
        several = min(FOLDS, len(groups))
    return list(GroupKFold(several).split(names, groups=names))


def fit_views(figures: Figures, most: int) -> dict[str, View]:
    return {name: fit_view(values, most, floor_of(name)) for name, values in figures.items()}


def floor_of(block: str) -> float:
    """The network's figures have a scale of their own; that of the statistics is known."""
    return 0.0 if block == NETWORK else FLOORS.get(block, USUAL_FLOOR)
