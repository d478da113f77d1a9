"""What every method is: a name, an argument where it takes one, and a choice among the thresholds of a sweep."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import ClassVar, Self

import numpy as np

from core.errors import BadInput
from core.thresholds.point import Costs
from core.thresholds.sweep import Sweep

NEAR = 1e-12  # values this close (relative) are compared again as fractions
MOST_NEAR = 10_000
BLOCK = 512  # thresholds that share one bound
FIRST_LOOK = 64  # blocks that are looked at to know what is good
TOGETHER = 64  # blocks that are looked at together


@dataclass(frozen=True)
class Choice:
    """An index into the sweep; None stands behind the last: nothing is called fake."""

    index: int | None
    reachable: bool = True


class Method(ABC):
    """Among equal optima every method takes the lowest threshold, but never one that another of them dominates: with
    as many true positives and fewer false ones, or more with as few."""

    name: ClassVar[str] = ""  # the file's name where none is stated
    title: ClassVar[str] = ""  # its name for people, {} where the argument goes; empty: as it is written
    argument: ClassVar[str] = ""  # how the option writes it, e.g. P; `parse` reads it
    argument_is_share: ClassVar[bool] = False  # 0.95 is read as 95 %
    about: ClassVar[str] = ""  # one line for the page
    offered: ClassVar[tuple[str, ...]] = ()  # values of the argument that the page offers
    costs: Costs | None = None

    @classmethod
    def parse(cls, value: str) -> Self:
        return cls()

    @abstractmethod
    def choose(self, sweep: Sweep) -> Choice: ...


def number(option: str, text: str, low: float, high: float = math.inf) -> float:
    """The number of an option, within its bounds."""
    try:
        value = float(text.replace("_", "?"))  # Python reads 1_0 as 10
    except ValueError:
        raise BadInput(f"{option} ({text!r}) must be a number") from None
    if not (math.isfinite(value) and low <= value <= high):
        bounds = f"at least {low:g}" if math.isinf(high) else f"between {low:g} and {high:g}"
        raise BadInput(f"{option} ({text}) must be {bounds}")
    return value


def find_undominated(sweep: Sweep, index: int) -> int | None:
    """The highest threshold that calls as many fakes fake: it has the fewest false alarms of all that do.

    threshold   .2  .3  .4  .5
    label        1   0   0   1      from .3 both reals are let go without losing a fake: .5
    """
    tp = int(sweep.tp[index])
    low, high = index, len(sweep.tp) - 1  # true positives fall as thresholds rise
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if int(sweep.tp[middle]) == tp else (low, middle - 1)
    return low if tp else None


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
    whole = len(tp) - len(tp) % BLOCK
    blocks = (tp[:whole].reshape(-1, BLOCK), fp[:whole].reshape(-1, BLOCK))
    rest = value(tp[whole:].astype(np.float64), fp[whole:].astype(np.float64))
    top = float(value(np.zeros(1), np.zeros(1))[0]) if nothing else -math.inf
    top = max(top, float(rest.max(initial=-math.inf)))
    bounds = value(blocks[0][:, 0].astype(np.float64), blocks[1][:, -1].astype(np.float64))
    promising = np.argsort(-bounds, kind="stable")[:FIRST_LOOK]
    for _, values in _look(blocks, promising, value):
        top = max(top, float(values.max()))
    found = [(np.arange(whole, len(tp)), rest)]
    for places, values in _look(blocks, np.flatnonzero(bounds >= _slack(top)), value):
        top = max(top, float(values.max()))
        near = np.flatnonzero(values >= _slack(top))
        found.append((places[near // BLOCK] * BLOCK + near % BLOCK, values[near]))
    places, values = (np.concatenate(part) for part in zip(*found, strict=True))
    return _exactly(sweep, np.sort(places[values >= _slack(top)]), exact, nothing)


def _look(
    blocks: tuple[np.ndarray, np.ndarray], chosen: np.ndarray, value: Value
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Some blocks at a time: their numbers, and the values of all their thresholds in a row."""
    for start in range(0, len(chosen), TOGETHER):
        part = chosen[start : start + TOGETHER]
        tp, fp = (side[part].astype(np.float64).ravel() for side in blocks)
        yield part, value(tp, fp)


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
