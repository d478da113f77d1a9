"""Decode once what several steps of one file ask for: within `decoding_once` probing, preparing and drawing share it."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Hashable, Iterator
from contextvars import ContextVar
from pathlib import Path
from typing import Any, TypeVar

from core.media import shards

MOST_BYTES = 256_000_000  # of what is kept; more is decoded again
T = TypeVar("T")
_kept: ContextVar[dict[Hashable, Any] | None] = ContextVar("kept", default=None)


@contextlib.contextmanager
def decoding_once() -> Iterator[None]:
    """Only this thread's calls share, and nothing is kept after it. What is shared must not be written into."""
    token = _kept.set({})
    try:
        yield
    finally:
        _kept.reset(token)


def once(what: Hashable, path: Path, size: Callable[[T], int], decode: Callable[[], T]) -> T:
    """`decode()`, or what it gave before in this context for the same, unchanged file."""
    kept = _kept.get()
    if kept is None:
        return decode()
    status = shards.status(path)
    key = (what, str(path), status.st_size, status.st_mtime_ns)
    if key in kept:
        return kept[key]
    found = decode()
    if size(found) <= MOST_BYTES:
        kept.clear()  # the latest decoding only
        kept[key] = found
    return found
