"""Fingerprints of files that are known, kept in one file, and which of them another file is a near copy of."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from core.catalog import duplicates, fingerprints
from core.catalog.fingerprints import Fingerprint
from core.errors import BadInput
from core.workspace import Workspace, write_atomic

if TYPE_CHECKING:
    import pandas as pd

FIELDS = ("pictures", "thumbnails", "sound")
SOUNDS_COMPARED = 20  # recordings that share most words


def save(path: Path, rows: pd.DataFrame, space: Workspace | None = None) -> None:
    """The fingerprints of these samples."""
    table = rows.drop_duplicates("id").reset_index(drop=True)
    write_atomic(path, pack_fingerprints(duplicates.fingerprints_of(table, space)))


def pack_fingerprints(prints: Sequence[Fingerprint]) -> bytes:
    """Arrays only; each field of all files end to end, with the length of each.

    pictures 7a 31 | 90 | 55 02 77     pictures_lengths 2 1 3
    """
    arrays: dict[str, np.ndarray] = {}
    for name in FIELDS:
        parts = [getattr(p, name) for p in prints]
        arrays[f"{name}_lengths"] = np.array([len(p) for p in parts], np.int64)
        empty = getattr(Fingerprint(np.zeros(0, np.uint64)), name)
        arrays[name] = np.concatenate(parts) if parts else empty
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)  # type: ignore[arg-type]
    return buffer.getvalue()


def unpack_fingerprints(content: bytes) -> list[Fingerprint]:
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as stored:
            cut = [_cut(stored[name], stored[f"{name}_lengths"]) for name in FIELDS]
    except (OSError, ValueError, KeyError) as error:
        raise BadInput(
            f"the fingerprints that this detector carries are damaged ({error}); train or export it again"
        ) from error
    return [Fingerprint(*parts) for parts in zip(*cut, strict=True)]


def _cut(values: np.ndarray, lengths: np.ndarray) -> list[np.ndarray]:
    return np.split(values, np.cumsum(lengths)[:-1]) if len(lengths) else []


def likest(own: Fingerprint, others: Sequence[Fingerprint]) -> Iterator[tuple[int, float]]:
    """Position and likeness (0 to 1) of the near copies among the others."""
    yield from _pictures(own, others) if len(own.pictures) else _sounds(own, others)


def _pictures(own: Fingerprint, others: Sequence[Fingerprint]) -> Iterator[tuple[int, float]]:
    counts = [len(p.pictures) for p in others]
    if not sum(counts):
        return
    hashes = np.concatenate([p.pictures for p in others])
    owner = np.repeat(np.arange(len(others)), counts)
    thumbnails = np.concatenate([p.thumbnails for p in others])
    likeness: dict[int, list[float]] = {}
    for mine, thumbnail in zip(own.pictures, own.thumbnails, strict=True):
        best: dict[int, float] = {}
        for at in np.flatnonzero(np.bitwise_count(hashes ^ mine) <= fingerprints.NEAR_BITS).tolist():
            if fingerprints.alike(thumbnail, thumbnails[at]):
                k = int(owner[at])
                best[k] = max(best.get(k, 0.0), _correlation(thumbnail, thumbnails[at]))
        for k, value in best.items():
            likeness.setdefault(k, []).append(value)
    for k, values in likeness.items():
        # Most frames of a clip: two that only begin with the same black picture are no copies.
        if len(values) > len(own.pictures) / 2:
            yield k, float(np.mean(values))


def _correlation(one: np.ndarray, two: np.ndarray) -> float:
    a, b = (x.astype(np.float64).ravel() - x.mean() for x in (one, two))
    norm = float(np.linalg.norm(a) * np.linalg.norm(b))
    return float(a @ b) / norm if norm > 0 else 1.0


def _sounds(own: Fingerprint, others: Sequence[Fingerprint]) -> Iterator[tuple[int, float]]:
    if not len(own.sound):
        return
    shared = [int(np.isin(p.sound, own.sound).sum()) for p in others]
    order = sorted((k for k, n in enumerate(shared) if n), key=lambda k: -shared[k])[:SOUNDS_COMPARED]
    for k in order:
        for _, _, differing in fingerprints.near_sounds([own.sound, others[k].sound]):
            yield k, 1.0 - differing
