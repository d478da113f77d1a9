"""Decode once what several steps of one file ask for: within `decoding_once` probing, preparing and drawing share it."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Hashable, Iterator
from contextvars import ContextVar
from pathlib import Path
from typing import Any, TypeVar

from core.media import shards

MOST_BYTES = 256_000_000  # of what is kept; what was decoded first goes first, and is decoded again
T = TypeVar("T")
_Kept = dict[Hashable, tuple[int, Any]]  # bytes and value
_kept: ContextVar[_Kept | None] = ContextVar("kept", default=None)


@contextlib.contextmanager
def decoding_once() -> Iterator[None]:
    """Only this thread's calls share, and nothing is kept after it. What is shared must not be written into."""
    token = _kept.set({})
    try:
        yield
    finally:
        _kept.reset(token)


def decode_once(what: Hashable, path: Path, size: Callable[[T], int], decode: Callable[[], T]) -> T:
    """`decode()`, or what it gave before in this context for the same, unchanged file."""
    kept = _kept.get()
    if kept is None:
        return decode()
    key = _key(what, path)
    if key in kept:
        value: T = kept[key][1]
        return value
    found = decode()
    _put(kept, key, size(found), found)
    return found


def keep(what: Hashable, path: Path, size: int, value: Any) -> None:
    """A decoding that gave more than one thing: what `once` would find for this one."""
    kept = _kept.get()
    if kept is not None:
        _put(kept, _key(what, path), size, value)


def _key(what: Hashable, path: Path) -> Hashable:
    status = shards.status(path)
    return (what, str(path), status.st_size, status.st_mtime_ns)


def _put(kept: _Kept, key: Hashable, size: int, value: Any) -> None:
    if size > MOST_BYTES:
        return
    kept[key] = (size, value)
    while sum(bytes_ for bytes_, _ in kept.values()) > MOST_BYTES:
        del kept[next(iter(kept))]
