"""Where in a clip it is fake: average precision at overlap, for sets that state their fake segments.

Proposals are runs of neighbouring units at or above a level, for several levels; a proposal's score is the mean of
its units. The figure is that of temporal localisation benchmarks (AP at an intersection over union).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from core.thresholds.intervals import widen_to_hold
from core.thresholds.ranking import share_floor
from core.thresholds.resampling import group_codes

OVERLAPS = (0.5, 0.75, 0.95)
Segment = tuple[float, float]
Proposal = tuple[float, float, float]  # start, end, score


def localisation(
    units: pd.DataFrame,
    segments: Mapping[str, Sequence[Segment]],
    groups: Mapping[str, object] | None = None,
    draws: int = 0,
) -> dict[str, Any] | None:
    """AP at each overlap over the samples that state segments; None where none of them has a fake segment.

    With `draws` also its 95 % interval, from as many draws of `groups` of samples (each its own where not named).
    """
    if not any(len(s) for s in segments.values()):
        return None
    proposals = {
        str(sample): propose(part[["t0", "t1"]].to_numpy(float), part["score"].to_numpy(float))
        for sample, part in units[units["id"].isin(list(segments))].sort_values("t0").groupby("id")
    }
    found: dict[str, Any] = {}
    ends: dict[str, list[float]] = {}
    for overlap in OVERLAPS:
        name, ranked = f"ap_at_{overlap:g}", _ranked(proposals, segments, overlap)
        found[name] = ranked.average_precision(np.ones(len(ranked.truths)))
        if draws:
            ends[name] = list(_interval(ranked, found[name], groups or {}, draws))
    return found | ({"intervals": ends} if draws else {})


def propose(spans: np.ndarray, scores: np.ndarray, levels: int = 10) -> list[Proposal]:
    """Runs of units above each level; the same run found at several levels counts once."""
    found: dict[Segment, float] = {}
    for level in np.unique(np.quantile(scores, np.linspace(0, 1, levels, endpoint=False))):
        above = np.r_[False, scores >= level, False]
        edges = np.flatnonzero(np.diff(above.astype(int)))
        for first, past in zip(edges[::2], edges[1::2], strict=True):
            segment = (float(spans[first, 0]), float(spans[past - 1, 1]))
            found[segment] = max(found.get(segment, -np.inf), float(scores[first:past].mean()))
    return [(start, end, score) for (start, end), score in found.items()]


@dataclass(frozen=True, eq=False)
class Ranked:
    """All proposals, best-scored first: which sample each is of, and whether it finds a true segment
    there."""

    samples: list[str]
    truths: np.ndarray  # true segments of each sample
    sample: np.ndarray  # of each proposal, its place in `samples`
    hits: np.ndarray

    def average_precision(self, weights: np.ndarray) -> float:
        """Area under precision and recall where each sample counts so often."""
        each = weights[self.sample]
        total = float(np.sum(weights * self.truths))
        if not len(self.hits) or not total:
            return 0.0
        counted = np.cumsum(each)
        precision = np.cumsum(each * self.hits) / np.maximum(counted, 1)
        return float(np.sum(precision * each * self.hits) / total)


def average_precision(
    proposals: Mapping[str, Sequence[Proposal]], segments: Mapping[str, Sequence[Segment]], overlap: float
) -> float:
    """Area under precision and recall, each true segment found once, best-scored proposals first."""
    ranked = _ranked(proposals, segments, overlap)
    return ranked.average_precision(np.ones(len(ranked.truths)))


def _ranked(
    proposals: Mapping[str, Sequence[Proposal]], segments: Mapping[str, Sequence[Segment]], overlap: float
) -> Ranked:
    """What a proposal finds depends on its own sample alone, so draws of samples need no new look."""
    samples = list(dict.fromkeys([*segments, *proposals]))
    place = {name: k for k, name in enumerate(samples)}
    ranked = sorted(
        ((p[2], sample, p) for sample, ps in proposals.items() for p in ps), key=lambda r: (-r[0], r[1], r[2])
    )
    taken: set[tuple[str, int]] = set()
    hits = np.zeros(len(ranked))
    for i, (_, sample, proposal) in enumerate(ranked):
        best, index = 0.0, -1
        for k, truth in enumerate(segments.get(sample, ())):
            value = intersection_over_union((proposal[0], proposal[1]), (truth[0], truth[1]))
            if value > best and (sample, k) not in taken:
                best, index = value, k
        if best >= overlap:
            taken.add((sample, index))
            hits[i] = 1
    truths = np.array([len(segments.get(name, ())) for name in samples], np.float64)
    return Ranked(samples, truths, np.array([place[r[1]] for r in ranked], np.intp), hits)


def _interval(ranked: Ranked, here: float, groups: Mapping[str, object], draws: int) -> tuple[float, float]:
    """Of draws of whole groups; no narrower than that of a share among as many groups."""
    codes, count = group_codes([groups.get(name) for name in ranked.samples])
    random = np.random.default_rng(0)
    drawn = []
    for _ in range(draws):
        weight = np.bincount(random.integers(0, count, count), minlength=count)[codes]
        if np.sum(weight * ranked.truths):
            drawn.append(ranked.average_precision(weight.astype(np.float64)))
    with_truth = len(np.unique(codes[ranked.truths > 0]))
    return widen_to_hold(here, np.array(drawn), share_floor(here, with_truth), with_truth, with_truth)


def intersection_over_union(a: Segment, b: Segment) -> float:
    shared = min(a[1], b[1]) - max(a[0], b[0])
    return shared / (max(a[1], b[1]) - min(a[0], b[0])) if shared > 0 else 0.0
