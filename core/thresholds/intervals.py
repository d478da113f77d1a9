"""95 % intervals of every figure, of the chosen threshold, and of the difference of two detectors.

Where samples are independent, figures at a threshold have intervals from their counts (Wilson's, and what follows from
it). Where they hang together in groups (a person, a source clip), whole groups are drawn, and the interval is the wider
of that bootstrap and of Wilson's for as many samples as the groups are worth. Figures of the ranking are drawn too.
Every interval holds its figure, and none of a finite sample has no width.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from core.errors import BadInput
from core.thresholds import proportions, ranking
from core.thresholds.at_threshold import AT_THRESHOLD, COST_PARTS, cost_ends, figure_ends
from core.thresholds.methods import choose
from core.thresholds.point import Costs
from core.thresholds.proportions import Ends
from core.thresholds.resampling import Groups, Resampled
from core.thresholds.sweep import check, sweep

RANKING = tuple(ranking.FIGURES)
FIGURES = (*RANKING, *AT_THRESHOLD)
LEVEL = 0.95

Interval = tuple[float, float]


def bootstrap(
    labels: np.ndarray,
    scores: np.ndarray,
    groups: Groups,
    figures: Sequence[str] = FIGURES,
    threshold: float | None = None,
    n: int = 1000,
    seed: int = 0,
) -> dict[str, Interval]:
    """The 95 % interval of each figure; those `at_threshold` are of calling fake what scores >= np.float64(threshold)
    (None: nothing). A figure that does not exist is left out."""
    _refuse_unknown(figures)
    ranked = [name for name in figures if name in RANKING]
    found = ranking_intervals(labels, scores, groups, ranked, n, seed) if ranked else {}
    if len(ranked) < len(figures):
        at = [name for name in figures if name in AT_THRESHOLD]
        found |= along(labels, scores, groups, [threshold], at, n, seed)[0]
    return {name: found[name] for name in figures if name in found}


def along(
    labels: np.ndarray,
    scores: np.ndarray,
    groups: Groups,
    thresholds: Sequence[float | None],
    figures: Sequence[str] = tuple(AT_THRESHOLD),
    n: int = 1000,
    seed: int = 0,
    costs: Sequence[Costs] = (),
) -> list[dict[str, Interval]]:
    """The intervals at each of several thresholds, exactly there; `costs`, one a threshold, add that of cost.

    `n` draws of groups; none are needed where all samples are independent, and 0 leaves them out.
    """
    resampled = Resampled(labels, scores, groups, n, seed)
    counts = resampled.counts(thresholds)
    worth = None if resampled.independent else resampled.worth(thresholds)
    ends = figure_ends(counts, tuple(dict.fromkeys((*figures, *(COST_PARTS if costs else ())))), worth)
    if worth is not None and n:
        cells = resampled.cells(thresholds)
        ends = {name: _wider(here, _columns(AT_THRESHOLD[name](*cells))) for name, here in ends.items()}
    wanted = {name: ends[name] for name in figures}
    if costs:
        wanted["cost"] = cost_ends(counts, costs, ends)
    found: list[dict[str, Interval]] = [{} for _ in thresholds]
    for name, (low, high) in wanted.items():
        for here, a, b in zip(found, low.tolist(), high.tolist(), strict=True):
            if a == a and b == b:
                here[name] = (a, b)
    return found


def ranking_intervals(
    labels: np.ndarray,
    scores: np.ndarray,
    groups: Groups,
    figures: Sequence[str] = RANKING,
    n: int = 1000,
    seed: int = 0,
) -> dict[str, Interval]:
    """Of figures that need no threshold; empty where a class is missing."""
    resampled = Resampled(labels, scores, groups, n, seed)
    fakes, reals = resampled.groups_of(1), resampled.groups_of(0)
    if not fakes or not reals:
        return {}
    swept = sweep(resampled.labels, resampled.scores)
    drawn = resample_figures(resampled, {name: ranking.FIGURES[name] for name in figures})
    return {
        name: widen_to_hold(
            float(getattr(swept, name)), drawn[name], ranking.floor(name, swept, fakes, reals), fakes, reals
        )
        for name in figures
    }


def resample_figures(resampled: Resampled, figures: dict[str, ranking.Figure]) -> dict[str, np.ndarray]:
    """Each figure in each draw; NaN where the draw lost a class."""
    found: dict[str, list[np.ndarray]] = {name: [np.zeros(0)] for name in figures}
    for tp, fp in resampled.ranked():
        whole = (tp[:, -1] > 0) & (fp[:, -1] > 0)
        for name, figure in figures.items():
            values = np.full(len(tp), np.nan)
            values[whole] = figure(tp[whole], fp[whole])
            found[name].append(values)
    return {name: np.concatenate(parts) for name, parts in found.items()}


def widen_to_hold(value: float, drawn: np.ndarray, least: Interval, fakes: int, reals: int) -> Interval:
    """The interval of the draws, with the figure in it; no narrower than `least` where draws say too little: few
    samples, or draws that end at the best or the worst there is."""
    ends = _interval(drawn) or (value, value)
    low, high = min(ends[0], value), max(ends[1], value)
    if min(fakes, reals) < ranking.FEW or low <= 0 or high >= 1 or low == high:
        low, high = min(low, least[0]), max(high, least[1])
    return low, high


def threshold_intervals(
    labels: np.ndarray,
    scores: np.ndarray,
    groups: Groups,
    words: Sequence[str],
    n: int = 200,
    seed: int = 0,
) -> dict[str, Interval]:
    """The 95 % interval of the threshold that each method chooses; a draw in which it calls nothing fake counts as
    the highest score. It never ends at the chosen score on both sides: every score down to the next one under it
    calls the same samples fake."""
    resampled = Resampled(labels, scores, groups, n, seed)
    whole = sweep(resampled.labels, resampled.scores)
    chosen: dict[str, list[float]] = {word: [] for word in words}
    for drawn in resampled.sweeps():
        if drawn is not None:
            for word in words:
                point = choose(drawn, word)
                highest = float(drawn.thresholds[-1])
                chosen[word].append(highest if point.threshold is None else point.threshold)
    found = {}
    for word, values in chosen.items():
        here = choose(whole, word).threshold
        here = float(whole.thresholds[-1]) if here is None else here
        ends = _interval(np.array(values)) or (here, here)
        place = whole.index(here)
        under = float(whole.thresholds[place - 1]) if place else float(np.nextafter(here, -np.inf))
        low, high = min(ends[0], here), max(ends[1], here)
        found[word] = (low if low < high else under, high)
    return found


def difference(
    labels: np.ndarray,
    first: np.ndarray,
    second: np.ndarray,
    groups: Groups,
    figures: Sequence[str] = RANKING,
    thresholds: tuple[float | None, float | None] = (None, None),
    n: int = 1000,
    seed: int = 0,
) -> dict[str, tuple[float, float, float]]:
    """Paired, on the same samples: figure -> (first less second, low, high). Zero inside: no difference shown.

    Two detectors that err on the same samples differ by 0 here; how far they may differ elsewhere is Wilson's upper
    end of no such sample among all.
    """
    a = replicates(labels, first, groups, figures, thresholds[0], n, seed)
    b = replicates(labels, second, groups, figures, thresholds[1], n, seed)
    resampled = Resampled(labels, first, groups, 0, 0)
    smaller = min(resampled.groups_of(0), resampled.groups_of(1)) or resampled.groups
    unseen = float(proportions.wilson(np.array(0.0), np.array(float(smaller)))[1])
    found = {}
    for name in figures:
        here = value(labels, first, name, thresholds[0]) - value(labels, second, name, thresholds[1])
        ends = _interval(a[name] - b[name])
        if ends is not None and here == here:
            low, high = min(ends[0], here), max(ends[1], here)
            found[name] = (here, low, high) if low < high else (here, here - unseen, here + unseen)
    return found


def value(labels: np.ndarray, scores: np.ndarray, figure: str, threshold: float | None) -> float:
    """The figure itself; NaN where it does not exist."""
    y, s = check(labels, scores)
    if figure in RANKING:
        return float(getattr(sweep(y, s), figure)) if 0 < y.sum() < len(y) else float("nan")
    called = np.zeros(len(y), bool) if threshold is None else s >= np.float64(threshold)
    cells = (called & (y == 1), called & (y == 0), ~called & (y == 0), ~called & (y == 1))
    return float(AT_THRESHOLD[figure](*(np.array(float(cell.sum())) for cell in cells)))


def replicates(
    labels: np.ndarray,
    scores: np.ndarray,
    groups: Groups,
    figures: Sequence[str],
    threshold: float | None,
    n: int = 1000,
    seed: int = 0,
) -> dict[str, np.ndarray]:
    """Each figure in each of `n` draws (NaN where it does not exist). The draws depend on seed and groups alone."""
    _refuse_unknown(figures)
    resampled = Resampled(labels, scores, groups, n, seed)
    found: dict[str, np.ndarray] = {}
    ranked = [name for name in figures if name in RANKING]
    if ranked:
        found |= resample_figures(resampled, {name: ranking.FIGURES[name] for name in ranked})
    if len(ranked) < len(figures):
        cells = resampled.cells([threshold])
        found |= {name: AT_THRESHOLD[name](*cells)[:, 0] for name in figures if name in AT_THRESHOLD}
    return {name: found[name] for name in figures}


def _refuse_unknown(figures: Sequence[str]) -> None:
    unknown = [name for name in figures if name not in FIGURES]
    if unknown:
        raise BadInput(f"unknown figure {unknown[0]!r}; known are {', '.join(FIGURES)}")


def _interval(values: np.ndarray) -> Interval | None:
    values = values[np.isfinite(values)]
    if not len(values):
        return None
    low, high = np.quantile(values, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(low), float(high)


def _columns(drawn: np.ndarray) -> Ends:
    """The interval of each column of draws; NaN where it has none."""
    found = [_interval(column) or (np.nan, np.nan) for column in drawn.T]
    return np.array([low for low, _ in found]), np.array([high for _, high in found])


def _wider(one: Ends, other: Ends) -> Ends:
    """Of both; where the figure itself does not exist there is none."""
    low, high = np.fmin(one[0], other[0]), np.fmax(one[1], other[1])
    missing = np.isnan(one[0])
    return np.where(missing, np.nan, low), np.where(missing, np.nan, high)
