"""One sort for scores and labels together: the label rides in the lowest bit of an order-preserving integer.

Floats of one sign order as their bits do, and without the sign there is a bit to spare. Where both signs occur, the
magnitudes between zero and the smallest that occurs are left out to free it. Then `2 * rank + label` sorts as the
scores sort, at the speed of sorting integers, and nothing is rounded.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, field

import numpy as np

CHUNK = (
    1 << 15
)  # elements that stay in the processor's cache between two operations, and that 16 bits can count
LANES = np.uint64(0x0001000100010001)


class Areas:
    """What lies under both curves, summed piece by piece while the counts are at hand."""

    def __init__(self) -> None:
        self.lost = 0  # twice the pairs of a real over a fake, ties counting half: whole numbers
        self.gained = 0.0  # precision summed over the fakes
        self._rooms = tuple(np.empty(CHUNK, np.float64) for _ in range(3))
        self._whole = np.empty(CHUNK, np.int64)

    def add(self, tp: np.ndarray, fp: np.ndarray) -> None:
        """Counts at ascending thresholds; what is added next begins where this ends, and (0, 0) closes the last."""
        if self._whole.dtype != tp.dtype:
            self._whole = np.empty(CHUNK, tp.dtype)
        for start in range(0, len(tp) - 1, CHUNK):
            here, there = slice(start, min(start + CHUNK, len(tp) - 1)), slice(start + 1, start + CHUNK + 1)
            whole, gains, other, called = (
                room[: here.stop - start] for room in (self._whole, *self._rooms)
            )  # whole numbers first: they are half the size
            gains[:] = np.subtract(tp[here], tp[there], out=whole)
            other[:] = np.add(fp[here], fp[there], out=whole)
            self.lost += int(np.einsum("i,i->", gains, other))
            other[:] = tp[here]
            called[:] = np.add(tp[here], fp[here], out=whole)
            self.gained += float(np.einsum("i,i->", gains, np.divide(other, called, out=other)))


@dataclass(frozen=True)
class Counts:
    """Calling fake where score >= threshold, at every distinct score, ascending."""

    thresholds: np.ndarray  # (m,) float
    tp: np.ndarray  # (m,) int
    fp: np.ndarray  # (m,) int
    areas: Areas = field(default_factory=Areas)


@dataclass(frozen=True)
class _Code:
    """How a float becomes an integer of its width: the bits of its magnitude, with its sign where both occur."""

    signed: bool = False
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
    signed, _ = _integers(scores.dtype)
    low, high = scores.min(), scores.max()
    if low >= 0:
        return _Code()
    room = 1 << (8 * signed.itemsize - 2)
    most = int(np.abs(np.array([low, high])).view(signed).max())
    if most < room:
        return _Code(signed=True)
    gap = _unused(scores)
    return _Code(signed=True, gap=gap) if most - gap < room else None


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
    keys = np.empty(scores.shape, signed if code.signed else unsigned)
    wide, sign = np.empty(CHUNK, keys.dtype), np.empty(CHUNK, signed)
    for start in range(0, len(scores), CHUNK):
        stop = min(start + CHUNK, len(scores))
        bits, key = scores[start:stop].view(keys.dtype), keys[start:stop]
        if code.signed:
            np.bitwise_and(bits, np.iinfo(signed).max, out=key)
            if code.gap:
                np.subtract(key, code.gap, out=key)
                np.maximum(key, 0, out=key)  # zero
            _negate(key, np.right_shift(bits, 8 * signed.itemsize - 1, out=sign[: stop - start]))
            bits = key
        np.left_shift(bits, 1, out=key)  # the sign of a negative zero falls off
        label = wide[: stop - start]
        np.copyto(label, labels[start:stop])
        np.bitwise_or(key, label, out=key)
    return keys


def _decode(keys: np.ndarray, code: _Code, sign: np.ndarray, out: np.ndarray) -> None:
    """The scores' own bits of distinct ascending `keys`; `sign` is room to work in."""
    if not code.signed:
        np.right_shift(keys, 1, out=out)
        return
    np.right_shift(keys, 1, out=keys)
    zero = int(keys.searchsorted(keys.dtype.type(0))) if code.gap else len(keys)
    holds_zero = zero < len(keys) and keys[zero] == 0
    _negate(keys, np.right_shift(keys, 8 * keys.itemsize - 1, out=sign))
    if code.gap:
        np.add(keys, code.gap, out=keys)
    np.bitwise_or(keys, np.bitwise_and(sign, np.iinfo(sign.dtype).min, out=sign), out=out)
    if holds_zero:
        out[zero] = 0


def _negate(order: np.ndarray, sign: np.ndarray) -> None:
    """In place where `sign` is all ones; where it is 0 nothing changes."""
    np.bitwise_xor(order, sign, out=order)
    np.subtract(order, sign, out=order)


def _integers(dtype: np.dtype) -> tuple[np.dtype, np.dtype]:
    return np.dtype(f"i{dtype.itemsize}"), np.dtype(f"u{dtype.itemsize}")


def _count_sorted(keys: np.ndarray, positives: int, code: _Code, dtype: np.dtype) -> Counts:
    """Thresholds overwrite the keys behind the reading head: no second array of that size."""
    total = len(keys)
    whole = np.dtype(np.int32 if total < 2**30 else np.int64)  # sums of two counts fit too
    tp, fp = np.empty(total, whole), np.empty(total, whole)
    room, areas = _Room(keys.dtype, whole), Areas()
    written, above, last = 0, positives, None
    for start in range(0, total, CHUNK):
        chunk, before, places, fakes = room.read(keys[start : start + CHUNK], last)
        last = int(keys[min(start + CHUNK, total) - 1])
        end = written + len(chunk)
        np.subtract(above, before, out=tp[written:end])
        np.subtract(total - start, places, out=fp[written:end])
        np.subtract(fp[written:end], tp[written:end], out=fp[written:end])
        _decode(chunk, code, room.other[: len(chunk)], keys[written:end])
        areas.add(tp[max(written - 1, 0) : end], fp[max(written - 1, 0) : end])
        written, above = end, above - fakes
    thresholds, tp, fp = keys[:written].view(dtype), tp[:written], fp[:written]
    areas.add(np.append(tp[-1:], 0), np.append(fp[-1:], 0))
    if written < total // 2:
        thresholds, tp, fp = thresholds.copy(), tp.copy(), fp.copy()
    return Counts(thresholds, tp, fp, areas)


class _Room:
    """Buffers of one chunk, used again and again so that they stay in the processor's cache."""

    def __init__(self, key: np.dtype, whole: np.dtype) -> None:
        self.key, self.other = np.empty(CHUNK, key), np.empty(CHUNK, key)
        self.labels, self.running = np.empty(CHUNK, np.uint16), _Running(CHUNK)
        self.before, self.kept, self.places = (np.empty(CHUNK, whole) for _ in range(3))
        self.first, self.unsigned = np.empty(CHUNK, bool), np.dtype(f"u{key.itemsize}")
        self.steps = np.arange(CHUNK, dtype=whole)

    def read(self, keys: np.ndarray, last: int | None) -> tuple[np.ndarray, np.ndarray, np.ndarray, int]:
        """Of the first of each tie: its key, the fakes before it and its place; and the fakes of the whole chunk."""
        size = len(keys)
        other, first = self.other[:size], self.first[:size]
        labels, before = self.labels[:size], self.before[:size]
        np.copyto(labels, keys, casting="unsafe")
        np.bitwise_and(labels, 1, out=labels)
        passed = self.running.of(labels)
        fakes = int(passed[-1])
        np.copyto(before, np.subtract(passed, labels, out=labels))
        first[0] = last is None or (int(keys[0]) ^ last) > 1
        np.bitwise_xor(keys[1:], keys[:-1], out=other[1:])
        np.greater(other[1:].view(self.unsigned), 1, out=first[1:])
        if first.all():
            self.key[:size] = keys
            return self.key[:size], before, self.steps[:size], fakes
        found = np.flatnonzero(first)
        key, kept, places = (room[: len(found)] for room in (self.key, self.kept, self.places))
        places[:] = found
        return (
            keys.take(found, out=key, mode="clip"),
            before.take(found, out=kept, mode="clip"),
            places,
            fakes,
        )


class _Running:
    """Running sums of 16-bit counts at five times the speed of np.cumsum: in a word of four counts, multiplying by
    LANES adds each to those behind it; the sums of whole words are run in the same way."""

    def __init__(self, size: int) -> None:
        self.words, self.carry = np.empty(size // 4, np.uint64), np.empty(size // 4, np.uint64)
        self.totals = np.empty(size // 4, np.uint16)
        self.above = _Running(size // 4) if size >= 256 else None

    def of(self, counts: np.ndarray) -> np.ndarray:
        """Valid until the next call."""
        if self.above is None or len(counts) % 4 or sys.byteorder == "big":
            return np.cumsum(counts, dtype=np.uint16)
        size = len(counts) // 4
        words, carry, totals = self.words[:size], self.carry[:size], self.totals[:size]
        np.multiply(counts.view(np.uint64), LANES, out=words)
        np.copyto(totals, np.right_shift(words, 48, out=carry), casting="unsafe")
        np.subtract(self.above.of(totals), totals, out=totals)
        np.copyto(carry, totals)
        np.add(words, np.multiply(carry, LANES, out=carry), out=words)
        return words.view(np.uint16)


def _count_by_argsort(labels: np.ndarray, scores: np.ndarray) -> Counts:
    order = np.argsort(scores, kind="stable")
    ranked = scores[order]
    first = np.flatnonzero(np.concatenate([[True], ranked[1:] != ranked[:-1]]))
    positive = np.cumsum(labels[order][::-1], dtype=np.int64)[::-1]
    tp = positive[first]
    fp = len(scores) - first - tp
    areas = Areas()
    areas.add(np.append(tp, 0), np.append(fp, 0))
    return Counts(ranked[first], tp, fp, areas)
