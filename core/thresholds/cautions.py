"""What an analyst must hear beside the figures: too few samples, a turned polarity, a baseline that is as good."""

from __future__ import annotations

from collections.abc import Callable

from core import numbers, words
from core.thresholds import methods
from core.thresholds.intervals import Interval
from core.thresholds.own_scale import own
from core.thresholds.point import Point
from core.thresholds.sweep import Sweep

FEW = 30  # samples of a class
OF_A_RUN = "A detector scores fakes high: are real and fake swapped in the labels of its data?"


def about_scores(
    sweep: Sweep,
    where: str = "",
    if_turned: str = OF_A_RUN,
    turned: bool = False,
    auc: Callable[[], Interval | None] = lambda: None,
) -> list[str]:
    """Warnings that the scores deserve whatever the threshold; `if_turned` is what to do about a turned polarity.

    `auc` works out the interval of the AUC, and is asked only where this lies under 0.5: chance alone puts it there for
    every second detector that learned nothing.
    """
    place = f" in {words.split(where)}" if where else ""
    found = []
    few = [(n, name) for n, name in ((sweep.negatives, "real"), (sweep.positives, "fake")) if n < FEW]
    if few:
        some = " and ".join(f"{n} {name}" for n, name in few)
        samples = "sample" if few[-1][0] == 1 else "samples"
        found.append(
            f"There {'is' if [n for n, _ in few] == [1] else 'are'} only {some} {samples}{place}: "
            f"with fewer than {FEW} of a class every figure is uncertain."
        )
    if len(sweep.thresholds) == 1:
        found.append(
            f"All scores{place} are {numbers.threshold(own(float(sweep.thresholds[0]), turned))}: "
            "no threshold separates anything."
        )
    elif sweep.auc < 0.5 and (ends := auc()) is not None and ends[1] < 0.5:
        shown = numbers.interval(sweep.auc, *ends, never=(0.0, 0.5, 1.0))
        found.append(f"The AUC{place} is {shown}, under 0.5: do low scores mean fake here? {if_turned}")
    return found


def about_point(point: Point) -> list[str]:
    """Warnings that one chosen point deserves."""
    found = []
    if not point.reachable:
        found.append(f"{methods.title(point.method)} cannot be reached: what is shown is the best there is.")
    majority = max(point.tp + point.fn, point.fp + point.tn) / (point.tp + point.fp + point.tn + point.fn)
    if point.accuracy is not None and point.accuracy <= majority:
        found.append(
            f"{_named(point.method)}: its accuracy of {numbers.number(point.accuracy)} is no better than always "
            f"answering with the larger class ({numbers.number(majority)})."
        )
    return found


def about_transfer(
    method: str, chosen: dict[str, Interval], seen: dict[str, Interval], on: str, at: str
) -> list[str]:
    """Figures of one threshold on the split it was chosen on and on another, where their intervals part."""
    apart = [
        name
        for name in chosen
        if name in seen and (chosen[name][1] < seen[name][0] or seen[name][1] < chosen[name][0])
    ]
    if not apart:
        return []
    return [
        f"{_named(method)}: the intervals of {words.listed(map(words.figure, apart))} on {words.split(at)} do not meet those "
        f"on {words.split(on)}, so the threshold may not carry over."
    ]


def _named(method: str) -> str:
    return "The threshold set by hand" if method == "by hand" else methods.title(method)
