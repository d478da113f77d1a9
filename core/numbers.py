"""How a number is written, everywhere: pages, reports, summaries, commands. dashboard/numbers.js is its twin.

    number    0.913   12.4   1,230   0.9996   0.0000444     three significant digits, more where three would lie
    interval  0.913 [0.88, 0.94]   0.0532 [0.052, 0.055]    as many as tell the figure from its ends
    below 0   −0.133   −0.250 [−0.30, −0.20]                with the minus sign that charts write, no hyphen

A text never reads 1 for what is not 1 nor 0 for what is not 0, and there is no exponent.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

NOTHING = "–"
MINUS = "\N{MINUS SIGN}"  # a hyphen is shorter, and some screen readers leave it out
TINY, HUGE = 1e-9, 1e15  # beyond these a decimal number is a row of zeros
UNIT = (0.0, 1.0, -1.0)  # whose text is kept for themselves alone
MOST_PLACES = 17  # decimals; a double has no more that mean anything


def count(n: float | None) -> str:
    """61,204"""
    return NOTHING if n is None else f"{int(n):,}".replace("-", MINUS)


def count_of(n: int, thing: str, things: str = "") -> str:
    """1 dataset, 9 datasets; 1 sample is, 9 samples are: `things` where an s alone does not make many of it."""
    return f"{count(n)} {thing if n == 1 else things or f'{thing}s'}"


def in_millions(n: int) -> str:
    """26,633, 1.52 million: the size of a network."""
    return count(n) if n < 1e6 else f"{number(n / 1e6, never=())} million"


def number(x: float | None, digits: int = 3, never: tuple[float, ...] = UNIT) -> str:
    """`never` are the values whose text is kept for themselves alone."""
    if x is None or not math.isfinite(x):
        return NOTHING
    if x == 0:
        return "0"
    if abs(x) < TINY:
        return f"under {_write(TINY, 9)}" if x > 0 else f"over {_write(-TINY, 9)}"
    if abs(x) >= HUGE:
        return f"over {_write(HUGE, 0)}" if x > 0 else f"under {_write(-HUGE, 0)}"
    places = _places(x, digits)
    while places < MOST_PLACES and _lies(x, places, never):
        places += 1
    return _write(x, places)


def short(x: float | None, digits: int = 3, never: tuple[float, ...] = UNIT) -> str:
    """12.3, 4, 1,230: without zeros at its end."""
    text = number(x, digits, never)
    return text.rstrip("0").rstrip(".") if "." in text else text


def ratio(x: float | None, between: str = ":") -> str:
    """19:1, 3.17:1, 1,230:1: how many there are of one for each of the other."""
    text = short(x)
    return text if text == NOTHING else f"{text}{between}1"


def change(x: float | None) -> str:
    """+0.0312, −0.250, 0: a number with its sign."""
    return f"+{number(x)}" if x is not None and x > 0 else number(x)


def percent(x: float | None) -> str:
    """91.3 %; 100 % and 0 % are said of all and of none alone."""
    if x is None or not math.isfinite(x):
        return NOTHING
    return f"{number(100 * x, never=(0.0, 100.0, -100.0))} %"


def short_percent(x: float) -> str:
    """5 %, 93.3 %: for shares that were set, or are counted out of few."""
    return f"{short(100 * x)} %"


def duration(seconds: float | None) -> str:
    """A time an analyst can feel: 48 s, 14 min, 2 h 05 min."""
    if seconds is None or not math.isfinite(seconds):
        return NOTHING
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60:02d} min"


def threshold(t: float | None) -> str:
    """A score to call fake from, six significant digits: 0.44, −0.990823, none."""
    return "none" if t is None else short(t, 6)


def interval(x: float | None, low: float | None, high: float | None, never: tuple[float, ...] = UNIT) -> str:
    """The figure with its ends; the figure alone where it has none."""
    ends = ends_of(x, low, high, never)
    if ends is None:
        return number(x)
    return f"{ends[0]} [{ends[1]}, {ends[2]}]"


def percent_interval(x: float | None, low: float | None, high: float | None) -> str:
    """12.5 % [9.8, 15.7]; the share alone where it has no ends."""
    if x is None or low is None or high is None:
        return percent(x)
    texts = ends_of(100 * x, 100 * low, 100 * high, (0.0, 100.0, -100.0))
    return percent(x) if texts is None else f"{texts[0]} % [{texts[1]}, {texts[2]}]"


def share_with_interval(figures: Mapping[str, Any], name: str) -> str:
    """A share as results keep it: `{"queue": 0.125, "intervals": {"queue": [0.098, 0.157]}}`."""
    return percent_interval(figures[name], *((figures.get("intervals") or {}).get(name) or (None, None)))


def ends_of(
    x: float | None, low: float | None, high: float | None, never: tuple[float, ...] = UNIT
) -> tuple[str, str, str] | None:
    """The three texts of an interval: in the order of their numbers, and apart where these are."""
    if x is None or low is None or high is None or not all(map(math.isfinite, (x, low, high))):
        return None
    three = (x, low, high)
    if any(v != 0 and (abs(v) < TINY or abs(v) >= HUGE) for v in three):
        return number(x), number(low), number(high)
    largest = max(map(abs, three))
    figure = _places(x if x else largest or 1.0, 3)
    first = max(figure - 1, 2) if largest <= 1 else figure
    for more in range(MOST_PLACES + 1):
        ends = min(first + more, MOST_PLACES)
        mine = min(max(figure, ends) if more else figure, MOST_PLACES)
        places = mine, _of_end(low, ends, more), _of_end(high, ends, more)
        texts = _write(x, places[0]), _write(low, places[1]), _write(high, places[2])
        honest = not any(_lies(v, p, never) for v, p in zip(three, places, strict=True))
        if honest and _are_distinct(three, texts):
            return texts
    return texts


def _of_end(end: float, places: int, more: int) -> int:
    """An end far larger than its figure has no more digits than a figure: 0.00000208 [0, 0.0196]."""
    return min(places, _places(end, 3) + more) if end else places


def _are_distinct(three: tuple[float, float, float], texts: tuple[str, str, str]) -> bool:
    x, low, high = three
    at, lowest, highest = (Decimal(text.replace(",", "").replace(MINUS, "-")) for text in texts)
    under = lowest < at if low < x else lowest <= at
    over = at < highest if x < high else at <= highest
    return under and over


def _places(x: float, digits: int) -> int:
    """Decimals of so many significant digits; under zero for tens and hundreds: 1,230 has -1."""
    return digits - 1 - math.floor(math.log10(abs(x)))


def _lies(x: float, places: int, never: tuple[float, ...] = UNIT) -> bool:
    rounded = float(_round(x, places))
    return any(rounded == value and x != value for value in never)


def _round(x: float, places: int) -> Decimal:
    """Half away from zero of what the double is, as JavaScript's toFixed does."""
    return Decimal(x).quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)


def _write(x: float, places: int) -> str:
    return "0" if x == 0 else f"{_round(x, places):,.{max(places, 0)}f}".replace("-", MINUS)
