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
    """How a float becomes an integer of its width: ordered bits, less what is unused below and around zero."""

    base: int  # the lowest value
    over: int = 0  # unused values between zero and the smallest positive score
    under: int = 0  # and between zero and the negative score nearest to it
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
    """Integers that order as floats do: 0 for zero, -2 and below for negative ones (-1 would be -0.0)."""
    bits = int(np.array(value + 0.0, dtype).view(f"i{dtype.itemsize}"))
    return bits if bits >= 0 else bits ^ ((1 << (8 * dtype.itemsize - 1)) - 1)


def _code(scores: np.ndarray) -> _Code | None:
    """The code that fits these scores, or None where even their occupied range needs every bit."""
    room = 1 << (8 * scores.dtype.itemsize - 1)
    low, high = _ordered(scores.min(), scores.dtype), _ordered(scores.max(), scores.dtype)
    if high - low < room:
        return _Code(low, signed=low < 0)
    over, under = _unused(scores)
    low += under
    return _Code(low, over, under, signed=True) if high - over - low < room else None


def _unused(scores: np.ndarray) -> tuple[int, int]:
    """Values that no score takes right above and right below zero. As unsigned numbers less one, the bits of
    positive floats are the small ones; zero wraps round to the largest."""
    _, unsigned = _integers(scores.dtype)
    top = unsigned.type(1 << (8 * unsigned.itemsize - 1))
    least = [int(np.iinfo(unsigned).max)] * 2
    room = np.empty(CHUNK, unsigned)
    for start in range(0, len(scores), CHUNK):
        bits = scores[start : start + CHUNK].view(unsigned)
        part = np.subtract(bits, 1, out=room[: len(bits)])
        least[0] = min(least[0], int(part.min()))
        np.bitwise_xor(bits, top, out=part)
        np.subtract(part, 1, out=part)
        least[1] = min(least[1], int(part.min()))
    return least[0], least[1] + 1  # a negative of magnitude m is -m - 1 in order


def _encode(labels: np.ndarray, scores: np.ndarray, code: _Code) -> np.ndarray:
    signed, unsigned = _integers(scores.dtype)
    keys = np.empty(scores.shape, unsigned)
    room, other = np.empty(CHUNK, scores.dtype), np.empty(CHUNK, signed)
    base = _wrapped(code.base, unsigned)
    for start in range(0, len(scores), CHUNK):
        stop = min(start + CHUNK, len(scores))
        chunk = np.add(scores[start:stop], 0.0, out=room[: stop - start])  # -0.0 becomes 0.0
        order, spare = chunk.view(signed), other[: stop - start]
        if code.signed:
            _fold(order, spare)
            _shift(order, spare, -code.over, code.under)
        key = keys[start:stop]
        np.subtract(chunk.view(unsigned), base, out=key)
        np.left_shift(key, 1, out=key)
        np.bitwise_or(key, labels[start:stop], out=key)
    return keys


def _decode(keys: np.ndarray, code: _Code, dtype: np.dtype) -> np.ndarray:
    """The scores of `keys`, in place."""
    signed, unsigned = _integers(dtype)
    np.right_shift(keys, 1, out=keys)
    np.add(keys, _wrapped(code.base, unsigned), out=keys)
    if code.signed:
        order, spare = keys.view(signed), np.empty(len(keys), signed)
        _shift(order, spare, code.over, -code.under)
        _fold(order, spare)
    return keys.view(dtype)


def _fold(order: np.ndarray, spare: np.ndarray) -> None:
    """Bits of floats to integers of the same order and back, in place: negative ones turn their magnitude."""
    kind = order.dtype
    np.right_shift(order, 8 * kind.itemsize - 1, out=spare)  # all ones where negative
    np.bitwise_and(spare, np.iinfo(kind).max, out=spare)
    np.bitwise_xor(order, spare, out=order)


def _shift(order: np.ndarray, spare: np.ndarray, positive: int, negative: int) -> None:
    """Move what is over zero and what is under it, in place; zero stays."""
    if not positive and not negative:
        return
    unsigned = np.dtype(f"u{order.dtype.itemsize}")
    rank, moved = order.view(unsigned), spare.view(unsigned)
    over, under = order > 0, order < 0
    np.add(rank, np.multiply(over, _wrapped(positive, unsigned), out=moved), out=rank)
    np.add(rank, np.multiply(under, _wrapped(negative, unsigned), out=moved), out=rank)


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
