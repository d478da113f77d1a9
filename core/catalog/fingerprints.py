"""Which files are the same or nearly: by the hash of their content, or by what they look and sound like."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.media import shards
from core.media.fingerprint import Fingerprint, perceptual

NEAR_BITS = 6  # of 64 that two near duplicates may differ in
ALIKE = 0.97  # correlation of the thumbnails that confirms it
NEAR_SOUND = 0.22  # share of bits that two copies of a sound may differ in
LEAST_WORDS = 16  # half a second

__all__ = [
    "ALIKE",
    "NEAR_BITS",
    "NEAR_SOUND",
    "Fingerprint",
    "alike",
    "content",
    "near_pictures",
    "near_sounds",
    "perceptual",
]


def content(path: Path, *, beginning: bool = False) -> str:
    """The SHA-256 of a file, or of its first 64 kB."""
    digest = hashlib.sha256()
    with shards.reader(path) as file:
        if beginning:
            return hashlib.sha256(file.read(1 << 16)).hexdigest()
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def near_pictures(
    hashes: NDArray[np.uint64], bits: int = NEAR_BITS, *, most: int = 2_000
) -> Iterator[tuple[int, int, int]]:
    """Pairs (i, j, distance) of hashes at most `bits` apart, i < j, each once.

    Hashes so close share at least one of `bits + 1` bands; only those in one bucket are compared. A bucket of
    more than `most` holds flat pictures that all look alike; they are compared with their neighbours only.
    """
    bounds = np.linspace(0, 64, bits + 2).astype(int)
    seen: set[tuple[int, int]] = set()
    for low, high in pairwise(bounds):
        band = (hashes >> np.uint64(low)) & np.uint64((1 << int(high - low)) - 1)
        for bucket in _buckets(band):
            for at, i in enumerate(bucket[:-1]):
                others = bucket[at + 1 : at + 1 + most]
                distance = np.bitwise_count(hashes[others] ^ hashes[i])
                for j, d in zip(
                    others[distance <= bits].tolist(), distance[distance <= bits].tolist(), strict=True
                ):
                    pair = (int(i), j) if i < j else (j, int(i))
                    if pair not in seen:
                        seen.add(pair)
                        yield *pair, int(d)


def alike(one: NDArray[np.uint8], two: NDArray[np.uint8]) -> bool:
    """Whether two thumbnails show the same picture: the hash alone also joins different faces in one pose."""
    a, b = one.astype(np.float32).ravel(), two.astype(np.float32).ravel()
    a, b = a - a.mean(), b - b.mean()
    norm = float(np.linalg.norm(a) * np.linalg.norm(b))
    if norm < 1e-6:
        return bool(np.abs(one.astype(int) - two.astype(int)).max() <= 2)
    return float(a @ b) / norm >= ALIKE


def near_sounds(sounds: list[NDArray[np.uint32]]) -> Iterator[tuple[int, int, float]]:
    """Pairs (i, j, share of differing bits) of sounds of which one holds a copy of the other, i < j."""
    words = np.concatenate(list(sounds) or [np.zeros(0, np.uint32)])
    owner = np.repeat(np.arange(len(sounds)), [len(s) for s in sounds])
    place = np.concatenate([np.arange(len(s)) for s in sounds] or [np.zeros(0, int)])
    votes: dict[tuple[int, int, int], int] = {}
    for bucket in _buckets(words):
        if len(bucket) > 200:
            continue  # silence and hum
        for at, a in enumerate(bucket[:-1]):
            for b in bucket[at + 1 :]:
                i, j = int(owner[a]), int(owner[b])
                if i != j:
                    key = (i, j, int(place[b] - place[a])) if i < j else (j, i, int(place[a] - place[b]))
                    votes[key] = votes.get(key, 0) + 1
    best: dict[tuple[int, int], float] = {}
    for (i, j, shift), _ in sorted(votes.items(), key=lambda item: -item[1]):
        if (i, j) not in best:
            rate = _bit_errors(sounds[i], sounds[j], shift)
            if rate <= NEAR_SOUND:
                best[i, j] = rate
    yield from ((i, j, rate) for (i, j), rate in sorted(best.items()))


def _bit_errors(one: NDArray[np.uint32], two: NDArray[np.uint32], shift: int) -> float:
    """Share of bits that differ where the two overlap, `two` shifted against `one`."""
    begin, end = max(0, -shift), min(len(one), len(two) - shift)
    if end - begin < LEAST_WORDS:
        return 1.0
    differing = np.bitwise_count(one[begin:end] ^ two[begin + shift : end + shift])
    return float(differing.mean() / 32)


def _buckets(values: NDArray[np.unsignedinteger]) -> Iterator[NDArray[np.int64]]:
    """Indexes that share a value, for every value that occurs at least twice."""
    order = np.argsort(values, kind="stable")
    bounds = np.flatnonzero(np.diff(values[order])) + 1
    for bucket in np.split(order, bounds):
        if len(bucket) > 1:
            yield np.sort(bucket)
