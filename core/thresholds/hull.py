"""The convex hull of a ROC: the only thresholds that any pair of costs, at any prevalence, can prefer."""

from __future__ import annotations

import numpy as np

from core.thresholds.sweep import Sweep

SMALL = 4_096  # points that a plain loop may walk


def hull(sweep: Sweep) -> np.ndarray:
    """Indices of the hull's corners, ascending in the threshold; calling nothing fake is understood behind the last."""
    indices = sweep.frontier
    x = np.append(sweep.fp[indices], 0).astype(np.int64)
    y = np.append(sweep.tp[indices], 0).astype(np.int64)
    kept = np.arange(len(x))
    while len(kept) > SMALL:  # whoever lies on or under the line between both neighbours is no corner
        turn = _turn(x[kept], y[kept])
        drop = np.zeros(len(kept), bool)
        drop[1:-1] = turn <= 0
        drop[2:] &= ~drop[1:-1]  # of two neighbours at most one goes at a time, roughly
        if not drop.any():
            break
        kept = kept[~drop]
    corners: list[int] = []
    for point in kept.tolist():
        while len(corners) > 1 and _turn(x[[*corners[-2:], point]], y[[*corners[-2:], point]])[0] <= 0:
            corners.pop()
        corners.append(point)
    return indices[[c for c in corners if c < len(indices)]]


def _turn(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Over 0 where the middle of three neighbours lies above the line through the other two (x is falling)."""
    left = (x[1:-1] - x[:-2]) * (y[2:] - y[:-2])
    right = (y[1:-1] - y[:-2]) * (x[2:] - x[:-2])
    return left - right
