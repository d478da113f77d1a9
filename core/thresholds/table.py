"""A small table in place of a large sweep: some hundred thresholds with exact counts, for drawing in a browser.

Between two rows the drawn ROC is a straight line. Rows go where that line would miss the most area, and to every
corner of the hull, so that the optimum of any costs is among them.
"""

from __future__ import annotations

import heapq
from itertools import pairwise

import numpy as np

from core.thresholds.hull import hull
from core.thresholds.sweep import Sweep

ROWS = 512
CORNERS = 320
CANDIDATES = 16_384


def rows(sweep: Sweep, limit: int = ROWS) -> np.ndarray:
    """Indices of the thresholds to show, ascending: all of them where there are few."""
    count = len(sweep.thresholds)
    if count <= limit:
        return np.arange(count)
    corners = hull(sweep)
    most = min(CORNERS, limit * 4 // 5)
    if len(corners) > most:
        corners = corners[np.unique(np.linspace(0, len(corners) - 1, most).astype(np.intp))]
    spread = np.linspace(0, count - 1, limit // 4).astype(np.intp)
    even = np.searchsorted(
        sweep.thresholds, np.linspace(sweep.thresholds[0], sweep.thresholds[-1], limit // 4)
    ).clip(0, count - 1)
    kept = np.unique(np.concatenate([corners, spread, even]))
    return _refine(sweep, kept, limit) if len(kept) < limit else kept


def counts(sweep: Sweep, thresholds: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Exact tp and fp at any thresholds."""
    index = np.searchsorted(sweep.thresholds, thresholds)
    return np.append(sweep.tp, 0)[index], np.append(sweep.fp, 0)[index]


def histogram(sweep: Sweep, bins: int = 60) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Edges, reals and fakes of bins of equal width over the scores; the last holds its upper edge."""
    low, high = float(sweep.thresholds[0]), float(sweep.thresholds[-1])
    high = high if high > low else low + max(1.0, abs(low))
    # Halves: the two may lie further apart than numbers go.
    edges = 2 * np.linspace(low / 2, high / 2, bins + 1)
    edges[0], edges[-1] = low, high
    tp, fp = counts(sweep, edges)
    tp[-1] = fp[-1] = 0
    return edges, fp[:-1] - fp[1:], tp[:-1] - tp[1:]


def _refine(sweep: Sweep, kept: np.ndarray, limit: int) -> np.ndarray:
    """Split, one row at a time, where the straight line misses the most area."""
    count = len(sweep.thresholds)
    candidates = np.unique(
        np.concatenate([kept, np.linspace(0, count - 1, min(CANDIDATES, count)).astype(np.intp)])
    )
    area = _area_from_the_left(sweep, candidates)
    tp, fp = sweep.tp[candidates].astype(np.float64), sweep.fp[candidates].astype(np.float64)

    def missed(a: int, b: int) -> float:
        return abs(area[b] - area[a] - (fp[a] - fp[b]) * (tp[a] + tp[b]) / 2)

    places = np.searchsorted(candidates, kept).tolist()
    heap = [(-missed(a, b), a, b) for a, b in pairwise(places) if b - a > 1]
    heapq.heapify(heap)
    while heap and len(places) < limit:
        _, a, b = heapq.heappop(heap)
        middle = _farthest(tp, fp, a, b)
        places.append(middle)
        for left, right in ((a, middle), (middle, b)):
            if right - left > 1:
                heapq.heappush(heap, (-missed(left, right), left, right))
    return candidates[np.sort(places)]


def _farthest(tp: np.ndarray, fp: np.ndarray, a: int, b: int) -> int:
    """The candidate between a and b that lies farthest from the line through them."""
    x, y = fp[a + 1 : b], tp[a + 1 : b]
    distance = np.abs((x - fp[a]) * (tp[b] - tp[a]) - (y - tp[a]) * (fp[b] - fp[a]))
    return a + 1 + int(distance.argmax()) if distance.max() > 0 else (a + b) // 2


def _area_from_the_left(sweep: Sweep, candidates: np.ndarray) -> np.ndarray:
    """The exact area (in counts) swept between the first threshold and each candidate."""
    total = np.zeros(len(candidates))
    for i in range(1, len(candidates)):
        a, b = int(candidates[i - 1]), int(candidates[i]) + 1
        tp, fp = sweep.tp[a:b].astype(np.float64), sweep.fp[a:b].astype(np.float64)
        total[i] = total[i - 1] + float(np.dot(fp[:-1] - fp[1:], tp[:-1] + tp[1:])) / 2
    return total
