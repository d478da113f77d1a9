"""Who is served next: verdicts before heat maps, and sessions in rotation in each."""

from __future__ import annotations

from collections import OrderedDict, deque
from typing import Generic, TypeVar

T = TypeVar("T")
# Verdicts in a row, while a session all of whose own files have theirs waits for heat maps: then it has a
# turn.
PATIENCE = 8


class Queue(Generic[T]):
    """What waits, by session. Not safe for threads: who uses it holds a lock."""

    def __init__(self) -> None:
        self._verdicts: OrderedDict[str, deque[T]] = OrderedDict()
        self._maps: OrderedDict[str, deque[T]] = OrderedDict()
        self._in_a_row = 0

    def add(self, session: str, job: T, *, maps: bool = False) -> None:
        """A file to judge, or one with a verdict whose heat maps were put off."""
        (self._maps if maps else self._verdicts).setdefault(session, deque()).append(job)

    @property
    def verdict_waits(self) -> bool:
        return bool(self._verdicts)

    def take(self) -> T | None:
        """The next one, None where nothing waits."""
        patient = next((s for s in self._maps if s not in self._verdicts), None)
        if self._verdicts and (patient is None or self._in_a_row < PATIENCE):
            self._in_a_row += 1
            return _turn(self._verdicts, next(iter(self._verdicts)))
        self._in_a_row = 0
        session = patient or next(iter(self._maps), None)
        return None if session is None else _turn(self._maps, session)

    def drop(self, session: str) -> tuple[list[T], list[T]]:
        """All of a session out of the queues: those without a verdict, and those without heat maps."""
        return list(self._verdicts.pop(session, ())), list(self._maps.pop(session, ()))

    def waiting(self, session: str | None = None) -> int:
        """Files without a verdict."""
        return sum(len(jobs) for name, jobs in self._verdicts.items() if session in (None, name))


def _turn(queues: OrderedDict[str, deque[T]], session: str) -> T:
    """The session's first; the session goes to the end."""
    jobs = queues[session]
    job = jobs.popleft()
    if jobs:
        queues.move_to_end(session)
    else:
        del queues[session]
    return job
