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


@dataclass(frozen=True)
class _Code:
    """How a float becomes an integer of its width: ordered bits, less what is unused below and around zero."""

    base: int  # the lowest ordered value
    below: int  # ordered value of the negative score nearest zero
    hole: int  # unused values between that and the smallest positive one

    @property
    def signed(self) -> bool:
        return self.base < 0


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
    bits = int(np.array(value, dtype).view(f"i{dtype.itemsize}"))
    top = 1 << (8 * dtype.itemsize - 1)
    return bits if bits >= 0 else -(bits + top)


def _code(scores: np.ndarray) -> _Code | None:
    """The code that fits these scores, or None where even their occupied range needs every bit."""
    room = 1 << (8 * scores.dtype.itemsize - 1)
    low, high = _ordered(scores.min(), scores.dtype), _ordered(scores.max(), scores.dtype)
    if high - low < room:
        return _Code(low, 0, 0)
    below = _ordered(np.max(scores, where=scores < 0, initial=scores.min()), scores.dtype)
    above = _ordered(np.min(scores, where=scores > 0, initial=scores.max()), scores.dtype)
    hole = above - below - 2  # one value between the two stays for zero
    return _Code(low, below, hole) if high - low - hole < room else None


def _encode(labels: np.ndarray, scores: np.ndarray, code: _Code) -> np.ndarray:
    signed, unsigned = _integers(scores.dtype)
    keys = np.empty(scores.shape, unsigned)
    room = np.empty(CHUNK, scores.dtype)
    base, hole = _wrapped(code.base, unsigned), _wrapped(code.hole, unsigned)
    for start in range(0, len(scores), CHUNK):
        stop = min(start + CHUNK, len(scores))
        chunk = np.add(scores[start:stop], 0.0, out=room[: stop - start])  # -0.0 becomes 0.0
        order, rank = chunk.view(signed), chunk.view(unsigned)
        if code.signed:
            zero = chunk == 0
            np.subtract(np.iinfo(signed).min, order, out=order, where=order < 0)
            if code.hole:
                np.subtract(rank, hole, out=rank, where=order > 0)
                order[zero] = code.below + 1
        key = keys[start:stop]
        np.subtract(rank, base, out=key)
        np.left_shift(key, 1, out=key)
        np.bitwise_or(key, labels[start:stop], out=key)
    return keys


def _decode(keys: np.ndarray, code: _Code, dtype: np.dtype) -> np.ndarray:
    """The scores of `keys`, in place."""
    signed, unsigned = _integers(dtype)
    np.right_shift(keys, 1, out=keys)
    np.add(keys, _wrapped(code.base, unsigned), out=keys)
    order = keys.view(signed)
    if code.signed:
        if code.hole:
            zero = order == code.below + 1
            np.add(keys, _wrapped(code.hole, unsigned), out=keys, where=order > code.below + 1)
            order[zero] = 0
        np.subtract(np.iinfo(signed).min, order, out=order, where=order < 0)
    return keys.view(dtype)


def _integers(dtype: np.dtype) -> tuple[np.dtype, np.dtype]:
    return np.dtype(f"i{dtype.itemsize}"), np.dtype(f"u{dtype.itemsize}")


def _wrapped(value: int, unsigned: np.dtype) -> np.unsignedinteger:
    """A whole number as unsigned arithmetic carries it, negative ones from the top."""
    return unsigned.type(value % (1 << (8 * unsigned.itemsize)))


def _count_sorted(keys: np.ndarray, positives: int, code: _Code, dtype: np.dtype) -> Counts:
    """Thresholds overwrite the keys behind the reading head: no second array of that size."""
    total = len(keys)
    whole = np.int32 if total < 2**31 else np.int64
    tp, fp = np.empty(total, whole), np.empty(total, whole)
    written, seen, last = 0, 0, None
    for start in range(0, total, CHUNK):
        chunk = keys[start : start + CHUNK].copy()
        labels = np.bitwise_and(chunk, 1).astype(whole)
        before = np.cumsum(labels, dtype=whole)
        passed = int(before[-1])
        np.subtract(before, labels, out=before)
        first = np.empty(len(chunk), bool)  # of its ties
        first[0] = last is None or (int(chunk[0]) ^ last) > 1
        np.greater(chunk[1:] ^ chunk[:-1], 1, out=first[1:])
        last = int(chunk[-1])
        rank = np.arange(
            total - start, total - start - len(chunk), -1, dtype=whole
        )  # called fake from here on
        if not first.all():
            kept = np.flatnonzero(first)
            chunk, before, rank = chunk[kept], before[kept], rank[kept]
        end = written + len(chunk)
        np.subtract(positives - seen, before, out=tp[written:end])
        np.subtract(rank, tp[written:end], out=fp[written:end])
        keys[written:end] = _decode(chunk, code, dtype).view(keys.dtype)
        written, seen = end, seen + passed
    thresholds = keys[:written].view(dtype)
    if written < total // 2:
        return Counts(thresholds.copy(), tp[:written].copy(), fp[:written].copy())
    return Counts(thresholds, tp[:written], fp[:written])


def _count_by_argsort(labels: np.ndarray, scores: np.ndarray) -> Counts:
    order = np.argsort(scores, kind="stable")
    ranked = scores[order]
    first = np.flatnonzero(np.concatenate([[True], ranked[1:] != ranked[:-1]]))
    positive = np.cumsum(labels[order][::-1], dtype=np.int64)[::-1]
    tp = positive[first]
    return Counts(ranked[first], tp, len(scores) - first - tp)
