"""What every method is: a name, an argument where it takes one, and a choice among the thresholds of a sweep."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import ClassVar, Self

import numpy as np

from core.errors import BadInput
from core.thresholds.point import Costs
from core.thresholds.sweep import Sweep

NEAR = 1e-12  # values this close (relative) are compared again as fractions
MOST_NEAR = 10_000
BLOCK = 4_096  # thresholds that share one bound


@dataclass(frozen=True)
class Choice:
    """An index into the sweep; None stands behind the last: nothing is called fake."""

    index: int | None
    reachable: bool = True


class Method(ABC):
    """Among equal optima every method takes the lowest threshold."""

    name: ClassVar[str]
    argument: ClassVar[str] = ""  # how the option writes it, e.g. P
    about: ClassVar[str]  # one line for the page
    costs: Costs | None = None

    @classmethod
    def parse(cls, value: str) -> Self:
        return cls()

    @abstractmethod
    def choose(self, sweep: Sweep) -> Choice: ...


def number(option: str, text: str, low: float, high: float = math.inf) -> float:
    """The number of an option, within its bounds."""
    try:
        value = float(text)
    except ValueError:
        raise BadInput(f"{option} ({text!r}) must be a number") from None
    if not (math.isfinite(value) and low <= value <= high):
        bounds = f"at least {low:g}" if math.isinf(high) else f"between {low:g} and {high:g}"
        raise BadInput(f"{option} ({text}) must be {bounds}")
    return value


Value = Callable[[np.ndarray, np.ndarray], np.ndarray]  # (tp, fp) -> value, higher is better
Exact = Callable[[int, int], Fraction]


def best(
    sweep: Sweep, value: Value, exact: Exact, *, nothing: bool = True, stop: int | None = None
) -> int | None:
    """The best threshold (up to index `stop`), the lowest among equals; with `nothing`, calling nothing fake competes.

    `value` must not fall with more true positives nor rise with more false ones. Then no threshold of a block is
    better than the block's most true with its least false positives, and few blocks need a look. Floats find the
    few thresholds that may be best; fractions decide between these, so that rounding never does.
    """
    tp, fp = sweep.tp[:stop], sweep.fp[:stop]
    starts = np.arange(0, len(tp), BLOCK)
    ends = np.minimum(starts + BLOCK, len(tp)) - 1
    bounds = value(tp[starts].astype(np.float64), fp[ends].astype(np.float64))
    top = float(value(np.zeros(1), np.zeros(1))[0]) if nothing else -math.inf
    found: list[tuple[np.ndarray, np.ndarray]] = []
    for block in np.argsort(-bounds, kind="stable"):
        if bounds[block] < _slack(top):
            break
        part = slice(int(starts[block]), int(ends[block]) + 1)
        values = value(tp[part].astype(np.float64), fp[part].astype(np.float64))
        top = max(top, float(values.max()))
        near = np.flatnonzero(values >= _slack(top))
        found.append((near + part.start, values[near]))
    places = np.concatenate([np.zeros(0, np.intp), *(p for p, _ in found)])
    values = np.concatenate([np.zeros(0), *(v for _, v in found)])
    return _exactly(sweep, np.sort(places[values >= _slack(top)]), exact, nothing)


def _slack(top: float) -> float:
    return top - abs(top) * NEAR - 1e-300


def _exactly(sweep: Sweep, places: np.ndarray, exact: Exact, nothing: bool) -> int | None:
    """The best of a few as whole fractions; the lowest among equals."""
    winner: int | None = None
    highest: Fraction | None = None
    for place in places[:MOST_NEAR].tolist():
        candidate = exact(int(sweep.tp[place]), int(sweep.fp[place]))
        if highest is None or candidate > highest:
            winner, highest = place, candidate
    if nothing and (highest is None or exact(0, 0) > highest):
        return None
    return winner
