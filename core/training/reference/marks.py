"""Marks of processing on a file that lies no farther out than its like: how far it goes the way that a change moves files.

figures ── views, whitened ──▶ z ──▶ along the step that a kind of processing makes on average (Fisher's discriminant
                                     with the blocks taken as independent) ──▶ limit

One limit holds for all kinds together, so that at most one own file in a hundred is named without cause. That takes
99 own files; with fewer no mark is used.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from core.training.reference import rule
from core.training.reference.rule import Figures, Processed, Reference
from core.training.reference.views import View

NAMED_WITHOUT_CAUSE = 0.01  # of the run's own files, by any kind
FEWEST = 99  # own files
SMALLEST_STEP = 1.0  # in deviations of own files: what moves them less cannot be seen on one


def along(views: Mapping[str, View], figures: Figures, shift: Mapping[str, np.ndarray]) -> np.ndarray:
    """(files,): how far each file lies out in the direction of a shift; 0 where the shift is too small to see."""
    step = np.concatenate([_whitened(views[name], shift[name]) for name in sorted(views)])
    length = float(np.linalg.norm(step))
    even = [_whitened(views[name], figures[name] - views[name].mean) for name in sorted(views)]
    if length < SMALLEST_STEP:
        return np.zeros(len(even[0]))
    return np.asarray(np.concatenate(even, axis=-1) @ step / length)


def _whitened(view: View, difference: np.ndarray) -> np.ndarray:
    return np.asarray((difference / view.spread) @ view.axes @ view.whitening)


def with_marks(known: Reference, figures: Figures, groups: Sequence[Any], own: np.ndarray) -> Reference:
    """The reference whose kinds of processing have the limit from which a file bears their mark."""
    if not known.processed or own.sum() < FEWEST:
        return known
    found = np.zeros((len(groups), len(known.processed)))
    most = rule.axes_for(len(groups))
    for learned, left_out in rule.folds(groups):
        views = rule.fit_views({name: values[learned] for name, values in figures.items()}, most)
        asked = {name: values[left_out] for name, values in figures.items()}
        for k, kind in enumerate(known.processed):
            found[left_out, k] = along(views, asked, kind.shift)
    scale = rule.scale_of(found[own])
    farthest = scale.of(found[own]).max(axis=1)
    limit = rule.conformal_limit(farthest, known.weights, aimed=NAMED_WITHOUT_CAUSE)
    assert limit is not None
    limits = scale.centre + limit * scale.spread
    kinds = (replace(kind, mark=float(at)) for kind, at in zip(known.processed, limits, strict=True))
    return replace(known, processed=tuple(kinds))


def marked(known: Reference, figures: Figures) -> Processed | None:
    """The kind whose mark one file bears most clearly; None where it bears none."""
    best, most = None, 0.0
    for kind in known.processed:
        if kind.mark is None:
            continue
        beyond = float(along(known.views, figures, kind.shift)[0]) - kind.mark
        if beyond > most:
            best, most = kind, beyond
    return best
