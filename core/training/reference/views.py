"""One block of figures of many files, and how far another file's block lies from them.

figures (width,) ── standardised ──┬── along the main axes: Mahalanobis distance, shrunk (Ledoit and Wolf 2004)
                                   └── what the axes leave over: its length (the residual of ViM, Wang et al. 2022)
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

MOST_AXES = 48
SMALLEST_SHARE = 0.05  # of the middle spread of its block: what a figure that is the same in every file gets
TINY = 1e-9


@dataclass(frozen=True)
class View:
    """How files lie in one block: what is needed to place another, without the files themselves."""

    mean: np.ndarray  # (width,)
    spread: np.ndarray  # (width,)
    axes: np.ndarray  # (width, k)
    whitening: np.ndarray  # (k, k): main axes to coordinates in which the files have variance 1
    left_over: bool  # whether the axes leave something over

    @property
    def width(self) -> int:
        return len(self.mean)

    def distances(self, figures: np.ndarray) -> np.ndarray:
        """(files, width) -> (files, 1 or 2): along the axes and, where there is any, what they leave over."""
        even = (figures - self.mean) / self.spread
        along = even @ self.axes
        inside = np.linalg.norm(along @ self.whitening, axis=1)
        if not self.left_over:
            return inside[:, None]
        rest = np.sqrt(np.maximum((even**2).sum(axis=1) - (along**2).sum(axis=1), 0.0))
        return np.stack([inside, rest], axis=1)


def axes_for(files: int) -> int:
    """So few that each stands on several files, also where a fifth of them is left out."""
    return min(MOST_AXES, max(1, files * 4 // 5 // 3))


def fit_view(figures: np.ndarray, most: int, floor: float = 0.0) -> View:
    """From (files, width), with `most` axes where the block is wider than that.

    `floor` is a spread that is too small to mean anything: files differ by more without being another kind.
    """
    from sklearn.covariance import ledoit_wolf  # slow to import; who judges files needs no new view

    mean = figures.mean(axis=0)
    spread = figures.std(axis=0)
    spread = np.maximum(spread, max(floor, SMALLEST_SHARE * float(np.median(spread)), TINY))
    even = (figures - mean) / spread
    width = figures.shape[1]
    left_over = width > most
    axes = _main_axes(even, most) if left_over else np.eye(width)
    along = even @ axes
    covariance, _ = ledoit_wolf(along, assume_centered=True)
    covariance = np.atleast_2d(covariance)
    values, vectors = np.linalg.eigh(covariance)
    # A figure that is the same in every file has no variance; it counts as if it had that of its floor.
    values = np.maximum(values, SMALLEST_SHARE * max(float(values.mean()), SMALLEST_SHARE))
    return View(mean, spread, axes, vectors / np.sqrt(values), left_over)


def _main_axes(even: np.ndarray, most: int) -> np.ndarray:
    """(width, most) orthonormal, by the small side: a block may be far wider than there are files."""
    values, vectors = np.linalg.eigh(even @ even.T)
    chosen = np.flatnonzero(values > values[-1] * 1e-12)[::-1][:most]
    return even.T @ (vectors[:, chosen] / np.sqrt(values[chosen]))
