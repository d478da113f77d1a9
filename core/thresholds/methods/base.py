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
from core.thresholds.packed import CHUNK
from core.thresholds.point import Costs
from core.thresholds.sweep import Sweep

NEAR = 1e-12  # values this close (relative) are compared again as fractions
MOST_NEAR = 10_000


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
    """The best of the frontier (up to its place `stop`), the lowest among equals; with `nothing`, calling nothing
    fake competes. Floats find the few that may be best; fractions decide between these, so that rounding never does.
    """
    indices = sweep.frontier[:stop]
    values = _in_chunks(sweep, len(indices), value)
    top = float(values.max())
    if nothing:
        none = float(value(np.zeros(1), np.zeros(1))[0])
        top = max(top, none)
    near = np.flatnonzero(values >= top - abs(top) * NEAR - 1e-300)
    winner: int | None = None
    highest: Fraction | None = None
    for position in near[:MOST_NEAR]:
        index = int(indices[position])
        candidate = exact(int(sweep.tp[index]), int(sweep.fp[index]))
        if highest is None or candidate > highest:
            winner, highest = index, candidate
    if nothing and (highest is None or exact(0, 0) > highest):
        return None
    return winner


def _in_chunks(sweep: Sweep, count: int, value: Value) -> np.ndarray:
    tp, fp = sweep.frontier_counts
    values = np.empty(count)
    for start in range(0, count, CHUNK):
        stop = min(start + CHUNK, count)
        values[start:stop] = value(tp[start:stop], fp[start:stop])
    return values
