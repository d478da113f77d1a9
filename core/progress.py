"""How far something is that takes its time, how fast it goes, and how long it will yet take."""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from core import numbers

LINE_EVERY = 5.0  # seconds, where no bar can be drawn
_COUNTS = re.compile(r"([\d,]+) of ([\d,]+) files?, ")


@dataclass(frozen=True)
class Pace:
    """How far it is."""

    done: int
    total: int
    seconds: float
    network: bool = False  # that looks at files which are prepared

    @property
    def rate(self) -> float | None:
        """Files a second; None before the first."""
        return self.done / self.seconds if self.done and self.seconds > 0 else None

    @property
    def seconds_left(self) -> float | None:
        return None if self.rate is None else (self.total - self.done) / self.rate

    def to_dict(self) -> dict[str, Any]:
        """As status.json has it."""
        found = {"done": self.done, "total": self.total, "seconds_left": self.seconds_left, "rate": self.rate}
        return found | ({"network": True} if self.network else {})

    def __str__(self) -> str:
        return words(self.to_dict())


def words(found: Mapping[str, Any]) -> str:
    """Preparing 212 of 740 files, 3 min left, 3.1 files/s"""
    what = "Running the network on" if found.get("network") is True else "Preparing"
    text = f"{what} {numbers.count(found['done'])} of {numbers.count_of(found['total'], 'file')}"
    if isinstance(found.get("seconds_left"), (int, float)):
        text += f", {numbers.duration(found['seconds_left'])} left"
    if isinstance(found.get("rate"), (int, float)):
        text += f", {numbers.number(found['rate'])} files/s"
    return text


def read(line: str) -> tuple[int, int] | None:
    """How many files of how many a line says, as `words` writes it; None of any other line."""
    found = _COUNTS.search(line)
    return None if found is None else (_count(found[1]), _count(found[2]))


def _count(text: str) -> int:
    return int(text.replace(",", ""))


class Clock:
    """Counts what is done since it was made."""

    def __init__(self, total: int, *, network: bool = False) -> None:
        self.total, self.done, self.network = total, 0, network
        self._began = time.monotonic()

    def one_more(self, count: int = 1) -> Pace:
        self.done += count
        return self.pace

    @property
    def pace(self) -> Pace:
        return Pace(min(self.done, self.total), self.total, time.monotonic() - self._began, self.network)


class Shown:
    """A clock for who started the work: a bar in a terminal, else a line on stderr now and then."""

    def __init__(self, total: int, what: str | None = None, *, network: bool = False) -> None:
        from tqdm import tqdm

        self._clock, self._spoke = Clock(total, network=network), time.monotonic()
        self._bar: tqdm[Any] = tqdm(
            total=total, desc=what, unit="file", file=sys.stderr, disable=not sys.stderr.isatty(), leave=False
        )

    def add(self, count: int = 1) -> None:
        self._bar.update(count)
        pace = self._clock.one_more(count)
        if self._bar.disable and time.monotonic() - self._spoke > LINE_EVERY:
            self._spoke = time.monotonic()
            print(pace, file=sys.stderr, flush=True)

    def close(self) -> None:
        self._bar.close()
