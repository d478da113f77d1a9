"""One sort for scores and labels together: the label rides in the lowest bit of an order-preserving integer.

Floats of one sign order as their bits do. Shifted to their smallest value they leave the top bit free, so
`2 * rank + label` sorts as the scores sort, at the speed of sorting integers, and nothing is rounded.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

CHUNK = 1 << 15  # elements that stay in the processor's cache between two operations


@dataclass(frozen=True)
class Counts:
    """Calling fake where score >= threshold, at every distinct score, ascending."""

    thresholds: np.ndarray  # (m,) float
    tp: np.ndarray  # (m,) int
    fp: np.ndarray  # (m,) int
    wins: float | None = None  # pairs of a fake over a real, ties counting half
    gained: float | None = None  # precision summed over the fakes


@dataclass(frozen=True)
class _Code:
    """How a float becomes an integer of its width: its magnitude's bits with its sign, less what is unused."""

    base: int  # the lowest value
    gap: int = 0  # magnitudes between zero and the smallest that occurs
    signed: bool = False


def count(labels: np.ndarray, scores: np.ndarray) -> Counts:
    """`labels` (n,) of 0 and 1 as bytes, `scores` (n,) finite float32 or float64."""
    code = _code(scores)
    if code is None:
        return _count_by_argsort(labels, scores)
    keys = _encode(labels, scores, code)
    keys.sort()
    return _count_sorted(keys, int(np.count_nonzero(labels)), code, scores.dtype)


def _ordered(value: float, dtype: np.dtype) -> int:
    """Integers that order as floats do; 0 for both zeros."""
    magnitude = int(np.abs(np.array(value, dtype)).view(f"i{dtype.itemsize}"))
    return -magnitude if value < 0 else magnitude


def _code(scores: np.ndarray) -> _Code | None:
    """The code that fits these scores, or None where even their occupied range needs every bit."""
    room = 1 << (8 * scores.dtype.itemsize - 1)
    low, high = _ordered(scores.min(), scores.dtype), _ordered(scores.max(), scores.dtype)
    if high - low < room:
        return _Code(low, signed=low < 0)
    gap = _unused(scores)
    return _Code(low + gap, gap, signed=True) if high - low - 2 * gap < room else None


def _unused(scores: np.ndarray) -> int:
    """How many magnitudes there are between zero and the smallest score that is not zero: less one and unsigned,
    zero is the largest of all."""
    signed, unsigned = _integers(scores.dtype)
    least = int(np.iinfo(unsigned).max)
    room = np.empty(CHUNK, unsigned)
    for start in range(0, len(scores), CHUNK):
        bits = scores[start : start + CHUNK].view(unsigned)
        part = np.bitwise_and(bits, unsigned.type(np.iinfo(signed).max), out=room[: len(bits)])
        np.subtract(part, 1, out=part)
        least = min(least, int(part.min()))
    return least


def _encode(labels: np.ndarray, scores: np.ndarray, code: _Code) -> np.ndarray:
    signed, unsigned = _integers(scores.dtype)
    keys = np.empty(scores.shape, unsigned)
    room, other = np.empty(CHUNK, signed), np.empty(CHUNK, signed)
    base = _wrapped(code.base, unsigned)
    for start in range(0, len(scores), CHUNK):
        stop = min(start + CHUNK, len(scores))
        bits = scores[start:stop].view(signed)
        order, sign = room[: stop - start], other[: stop - start]
        np.bitwise_and(bits, np.iinfo(signed).max, out=order)
        if code.signed:
            if code.gap:
                np.subtract(order, code.gap, out=order)
                np.maximum(order, 0, out=order)  # zero
            _negate(order, np.right_shift(bits, 8 * signed.itemsize - 1, out=sign))
        key = keys[start:stop]
        np.subtract(order.view(unsigned), base, out=key)
        np.left_shift(key, 1, out=key)
        np.bitwise_or(key, labels[start:stop], out=key)
    return keys


def _decode(keys: np.ndarray, code: _Code, dtype: np.dtype) -> np.ndarray:
    """The scores of `keys`, in place."""
    signed, unsigned = _integers(dtype)
    np.right_shift(keys, 1, out=keys)
    np.add(keys, _wrapped(code.base, unsigned), out=keys)
    if code.signed:
        order = keys.view(signed)
        sign = np.right_shift(order, 8 * signed.itemsize - 1)
        _negate(order, sign)
        if code.gap:
            np.add(order, np.multiply(order > 0, code.gap, dtype=signed), out=order)
        np.bitwise_or(order, np.bitwise_and(sign, np.iinfo(signed).min, out=sign), out=order)
    return keys.view(dtype)


def _negate(order: np.ndarray, sign: np.ndarray) -> None:
    """In place where `sign` is all ones; where it is 0 nothing changes."""
    np.bitwise_xor(order, sign, out=order)
    np.subtract(order, sign, out=order)


def _integers(dtype: np.dtype) -> tuple[np.dtype, np.dtype]:
    return np.dtype(f"i{dtype.itemsize}"), np.dtype(f"u{dtype.itemsize}")


def _wrapped(value: int, unsigned: np.dtype) -> np.unsignedinteger:
    """A whole number as unsigned arithmetic carries it, negative ones from the top."""
    return unsigned.type(value % (1 << (8 * unsigned.itemsize)))


def _count_sorted(keys: np.ndarray, positives: int, code: _Code, dtype: np.dtype) -> Counts:
    """Thresholds overwrite the keys behind the reading head: no second array of that size.

    The areas are summed on the way. Among equal scores the reals come first, so every tied pair is first counted
    as a win of the fake; half of these are taken back.
    """
    total = len(keys)
    whole = np.dtype(np.int32 if total < 2**31 else np.int64)
    tp, fp = np.empty(total, whole), np.empty(total, whole)
    room = _Room(keys.dtype, whole)
    written, seen, last = 0, 0, None
    wins, gained = 0.0, 0.0
    for start in range(0, total, CHUNK):
        size = min(CHUNK, total - start)
        chunk, labels, before, first = room.read(keys[start : start + size], last)
        last = int(chunk[-1])
        passed = int(before[-1]) + int(labels[-1])
        above = positives - seen  # fakes from here on
        # Over the reals of the chunk: how many fakes score higher. `before` runs 0, 1, 2 … over its fakes.
        wins += float(
            (size - passed) * above - (int(before.sum(dtype=np.int64)) - passed * (passed - 1) // 2)
        )
        if first.all():
            end = written + size
            np.subtract(above, before, out=tp[written:end])
            np.subtract(total - start, room.steps[:size], out=fp[written:end])
            np.subtract(fp[written:end], tp[written:end], out=fp[written:end])
            places = np.flatnonzero(labels.astype(bool))  # far faster than of whole numbers
            gained += float(np.sum((above - room.steps[: len(places)]) / (total - start - places)))
        else:
            kept = np.flatnonzero(first)
            chunk, end = chunk[kept], written + len(kept)
            np.subtract(above, before[kept], out=tp[written:end])
            np.subtract(total - start - kept, tp[written:end], out=fp[written:end], casting="unsafe")
        keys[written:end] = _decode(chunk, code, dtype).view(keys.dtype)
        written, seen = end, seen + passed
    thresholds, tp, fp = keys[:written].view(dtype), tp[:written], fp[:written]
    if written == total:
        return Counts(thresholds, tp, fp, wins, gained)
    if written < total // 2:
        thresholds, tp, fp = thresholds.copy(), tp.copy(), fp.copy()
    return Counts(thresholds, tp, fp)


class _Room:
    """Buffers of one chunk, used again and again so that they stay in the processor's cache."""

    def __init__(self, key: np.dtype, whole: np.dtype) -> None:
        self.key, self.other = np.empty(CHUNK, key), np.empty(CHUNK, key)
        self.labels, self.before = np.empty(CHUNK, whole), np.empty(CHUNK, whole)
        self.first = np.empty(CHUNK, bool)
        self.steps = np.arange(CHUNK, dtype=whole)

    def read(
        self, keys: np.ndarray, last: int | None
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """A copy of the keys, their labels, the fakes before each, and whether it is the first of its ties."""
        size = len(keys)
        chunk, other, first = self.key[:size], self.other[:size], self.first[:size]
        labels, before = self.labels[:size], self.before[:size]
        chunk[:] = keys
        np.bitwise_and(chunk, 1, out=other)
        labels[:] = other
        np.cumsum(labels, out=before)
        np.subtract(before, labels, out=before)
        first[0] = last is None or (int(chunk[0]) ^ last) > 1
        np.bitwise_xor(chunk[1:], chunk[:-1], out=other[1:])
        np.greater(other[1:], 1, out=first[1:])
        return chunk, labels, before, first


def _count_by_argsort(labels: np.ndarray, scores: np.ndarray) -> Counts:
    order = np.argsort(scores, kind="stable")
    ranked = scores[order]
    first = np.flatnonzero(np.concatenate([[True], ranked[1:] != ranked[:-1]]))
    positive = np.cumsum(labels[order][::-1], dtype=np.int64)[::-1]
    tp = positive[first]
    return Counts(ranked[first], tp, len(scores) - first - tp)
