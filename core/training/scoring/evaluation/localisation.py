"""Where in a clip it is fake: average precision at overlap, for sets that state their fake segments.

Proposals are runs of neighbouring units at or above a level, for several levels; a proposal's score is the mean of
its units. The figure is that of temporal localisation benchmarks (AP at an intersection over union).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

OVERLAPS = (0.5, 0.75, 0.95)
Segment = tuple[float, float]
Proposal = tuple[float, float, float]  # start, end, score


def localisation(units: pd.DataFrame, segments: Mapping[str, Sequence[Segment]]) -> dict[str, float] | None:
    """AP at each overlap over the samples that state segments; None where none of them has a fake segment."""
    if not any(len(s) for s in segments.values()):
        return None
    proposals = {
        str(sample): propose(part[["t0", "t1"]].to_numpy(float), part["score"].to_numpy(float))
        for sample, part in units[units["id"].isin(list(segments))].sort_values("t0").groupby("id")
    }
    return {f"ap_at_{overlap:g}": average_precision(proposals, segments, overlap) for overlap in OVERLAPS}


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


def average_precision(
    proposals: Mapping[str, Sequence[Proposal]], segments: Mapping[str, Sequence[Segment]], overlap: float
) -> float:
    """Area under precision and recall, each true segment found once, best-scored proposals first."""
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
    total = sum(len(s) for s in segments.values())
    if not len(ranked) or not total:
        return 0.0
    precision = np.cumsum(hits) / np.arange(1, len(hits) + 1)
    return float(np.sum(precision * hits) / total)


def intersection_over_union(a: Segment, b: Segment) -> float:
    shared = min(a[1], b[1]) - max(a[0], b[0])
    return shared / (max(a[1], b[1]) - min(a[0], b[0])) if shared > 0 else 0.0
