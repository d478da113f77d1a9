"""One sort for scores and labels together: the label rides in the lowest bit of an order-preserving integer.

Floats of one sign order as their bits do, and without the sign there is a bit to spare. Where both signs occur, the
magnitudes between zero and the smallest that occurs are left out to free it. Then `2 * rank + label` sorts as the
scores sort, at the speed of sorting integers, and nothing is rounded.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

CHUNK = 1 << 15  # elements that stay in the processor's cache between two operations
EIGHT = np.dtype("<u8")  # a word of eight bytes, the first of them the lowest
ONES = np.uint64(0x0101010101010101)
SPAN = 1 << 13  # elements of one scalar product: BLAS shares out longer ones among threads


class Areas:
    """What lies under both curves, summed piece by piece while the counts are at hand."""

    def __init__(self, positives: int, total: int) -> None:
        # Twice the pairs of a real over a fake, ties counting half: whole numbers.
        self.lost = -(positives**2)
        self.gained = 0.0  # precision summed over the fakes
        self._rooms = tuple(np.empty(CHUNK + 1, np.float64) for _ in range(4))
        self._rooms[0][0], self._rooms[1][0] = positives, total  # what the lowest threshold calls fake

    def add(self, tp: np.ndarray, called: np.ndarray) -> None:
        """Fakes and all samples called fake at thresholds above those added before; zeros close the sum."""
        for start in range(0, len(tp), CHUNK):
            part = tp[start : start + CHUNK]
            fakes, both, gains, precision = (room[: len(part) + 1] for room in self._rooms)
            fakes[1:], both[1:] = part, called[start : start + CHUNK]
            gains, precision = gains[1:], precision[1:]
            np.subtract(fakes[:-1], fakes[1:], out=gains)
            self.lost += int(_product(gains, both[:-1]) + _product(gains, both[1:]))
            self.gained += _product(gains, np.divide(fakes[:-1], both[:-1], out=precision))
            fakes[0], both[0] = fakes[-1], both[-1]

    def close(self) -> Areas:
        self.add(np.zeros(1), np.zeros(1))
        return self


def _product(a: np.ndarray, b: np.ndarray) -> float:
    return sum(float(np.dot(a[i : i + SPAN], b[i : i + SPAN])) for i in range(0, len(a), SPAN))


@dataclass(frozen=True)
class Counts:
    """Calling fake where score >= threshold, at every distinct score, ascending."""

    thresholds: np.ndarray  # (m,) float
    tp: np.ndarray  # (m,) int
    fp: np.ndarray  # (m,) int
    areas: Areas


@dataclass(frozen=True)
class _Code:
    """How a float becomes an integer of its width: the bits of its magnitude, with its sign where both occur."""

    kind: np.dtype
    gap: int = 0  # magnitudes between zero and the smallest that occurs


def count(labels: np.ndarray, scores: np.ndarray) -> Counts:
    """`labels` (n,) of 0 and 1 as bytes, `scores` (n,) finite float32 or float64."""
    code = _code(scores)
    if code is None:
        return _count_by_argsort(labels, scores)
    keys = _encode(labels, scores, code)
    keys.sort()
    return _count_sorted(keys, int(np.count_nonzero(labels)), code, scores.dtype)


def _code(scores: np.ndarray) -> _Code | None:
    """The code that fits these scores, or None where even their occupied range needs every bit."""
    width = scores.itemsize
    signed = np.dtype(f"i{width}")
    low, high = scores.min(), scores.max()
    if low >= 0:
        return _Code(np.dtype(f"u{width}"))
    room = 1 << (8 * width - 2)
    most = int(np.abs(np.array([low, high])).view(signed).max())
    if most < room:
        return _Code(signed)
    gap = min(int(_smallest(scores).view(signed)) - 1, room - 1)  # twice the gap still fits
    return _Code(signed, gap) if most - gap < room else None


def _smallest(scores: np.ndarray) -> np.floating:
    """The smallest magnitude that is not zero, where there is one."""
    room, least = np.empty(CHUNK, scores.dtype), scores.dtype.type(np.inf)
    for start in range(0, len(scores), CHUNK):
        part = scores[start : start + CHUNK]
        sizes = np.abs(part, out=room[: len(part)])
        found = sizes.min()
        least = min(least, found if found > 0 else sizes.min(where=sizes > 0, initial=np.inf))
    return least


def _encode(labels: np.ndarray, scores: np.ndarray, code: _Code) -> np.ndarray:
    keys = np.empty(scores.shape, code.kind)
    room = np.empty(CHUNK, code.kind)
    for start in range(0, len(scores), CHUNK):
        part = slice(start, start + CHUNK)
        bits, key = scores[part].view(code.kind), keys[part]
        other = room[: len(bits)]
        np.left_shift(bits, 1, out=key)  # the sign falls off, also that of a negative zero
        if code.kind.kind == "i":
            if code.gap:
                np.subtract(key, 2 * code.gap, out=key)
                np.maximum(key, 0, out=key)  # zero
            np.right_shift(bits, 8 * code.kind.itemsize - 1, out=other)  # all ones below zero
            np.bitwise_xor(key, other, out=key)
            np.subtract(key, other, out=key)
        np.copyto(other, labels[part])
        np.bitwise_or(key, other, out=key)
    return keys


def _decode(ranks: np.ndarray, code: _Code) -> None:
    """The scores' own bits in place of distinct ascending ranks."""
    if code.kind.kind == "u":
        return
    zero, over = ranks.searchsorted(np.array([0, 1], code.kind))
    below, above = ranks[:zero], ranks[over:]
    np.subtract(np.iinfo(code.kind).min + code.gap, below, out=below)
    np.add(above, code.gap, out=above)


def _count_sorted(keys: np.ndarray, positives: int, code: _Code, dtype: np.dtype) -> Counts:
    """Thresholds overwrite the keys behind the reading head: no second array of that size."""
    total = len(keys)
    whole = np.dtype(np.int32 if total < 2**31 else np.int64)
    tp, fp = np.empty(total, whole), np.empty(total, whole)
    room, areas = _Room(keys.dtype, whole), Areas(positives, total)
    written, above, last = 0, positives, None
    for start in range(0, total, CHUNK):
        ranks = keys[start : start + CHUNK]
        before, fakes = room.fakes_before(ranks)
        np.right_shift(ranks, 1, out=ranks)
        highest = int(ranks[-1])
        ranks, before, places = room.first_of_ties(ranks, before, last)
        end = written + len(ranks)
        if written < start or end < start + CHUNK:  # where all are distinct so far they stand already
            keys[written:end] = ranks
        _decode(keys[written:end], code)
        np.subtract(above, before, out=tp[written:end])
        called = np.subtract(total - start, places, out=room.called[: len(ranks)])
        np.subtract(called, tp[written:end], out=fp[written:end])
        areas.add(tp[written:end], called)
        written, above, last = end, above - fakes, highest
    thresholds, tp, fp = keys[:written].view(dtype), tp[:written], fp[:written]
    if written < total // 2:
        thresholds, tp, fp = thresholds.copy(), tp.copy(), fp.copy()
    return Counts(thresholds, tp, fp, areas.close())


class _Room:
    """Buffers of one chunk, used again and again so that they stay in the processor's cache."""

    def __init__(self, key: np.dtype, whole: np.dtype) -> None:
        self.ranks, self.first = np.empty(CHUNK, key), np.empty(CHUNK, bool)
        self.before, self.kept, self.places, self.called = (np.empty(CHUNK, whole) for _ in range(4))
        self.steps = np.arange(CHUNK, dtype=whole)
        self.labels, self.totals = np.empty(CHUNK, np.uint8), np.empty(CHUNK // 8, np.uint8)
        self.sums, self.carry = np.empty(CHUNK // 8, EIGHT), np.empty(CHUNK // 8, EIGHT)

    def fakes_before(self, keys: np.ndarray) -> tuple[np.ndarray, int]:
        """The fakes of this chunk before each key, and all of them: running sums at three times the speed of
        np.cumsum. Multiplying by ONES adds each of eight bytes to those behind it: within words of eight labels,
        then within rows of eight words; few rows are left to sum."""
        size = len(keys)
        labels, sums, totals = self.labels, self.sums, self.totals
        np.copyto(labels[:size], keys, casting="unsafe")
        labels[size:] = 0
        np.bitwise_and(labels, 1, out=labels)
        np.multiply(labels.view(EIGHT), ONES, out=sums)
        np.copyto(totals, np.right_shift(sums, 56, out=self.carry), casting="unsafe")
        np.subtract((totals.view(EIGHT) * ONES).view(np.uint8), totals, out=totals)
        np.copyto(self.carry, totals)
        np.add(sums, np.multiply(self.carry, ONES, out=self.carry), out=sums)
        within = sums.view(np.uint8)
        rows = np.cumsum(within[63::64], dtype=self.before.dtype)
        np.copyto(self.before, np.subtract(within, labels, out=labels))
        before = self.before.reshape(-1, 64)
        np.add(before[1:], rows[:-1, None], out=before[1:])
        return self.before[:size], int(rows[-1])

    def first_of_ties(
        self, ranks: np.ndarray, before: np.ndarray, last: int | None
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Of the first of each tie: its rank, the fakes before it and its place; `last` is the rank before all."""
        first = self.first[: len(ranks)]
        first[0] = int(ranks[0]) != last
        np.not_equal(ranks[1:], ranks[:-1], out=first[1:])
        if first.all():
            return ranks, before, self.steps[: len(ranks)]
        found = np.flatnonzero(first)
        places = self.places[: len(found)]
        places[:] = found
        return (
            ranks.take(found, out=self.ranks[: len(found)], mode="clip"),
            before.take(found, out=self.kept[: len(found)], mode="clip"),
            places,
        )


def _count_by_argsort(labels: np.ndarray, scores: np.ndarray) -> Counts:
    order = np.argsort(scores, kind="stable")
    ranked = scores[order]
    first = np.flatnonzero(np.concatenate([[True], ranked[1:] != ranked[:-1]]))
    tp = np.cumsum(labels[order][::-1], dtype=np.int64)[::-1][first]
    called = len(scores) - first
    areas = Areas(int(tp[0]), len(scores))
    areas.add(tp, called)
    return Counts(ranked[first], tp, called - tp, areas.close())
