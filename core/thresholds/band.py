"""The uncertain band: scores around the threshold that are left to people, so that what is decided errs little."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np

from core.errors import BadInput
from core.thresholds import proportions
from core.thresholds.sweep import Sweep

Interval = tuple[float, float]


@dataclass(frozen=True)
class Band:
    """Fake from `high` up, real under `low`, uncertain from low to under high. None: no score is decided that way."""

    low: float | None
    high: float | None
    queue: float  # share of the samples left to people
    error: float | None  # share of wrong among the decided; None where nothing is decided
    decided: int
    intervals: dict[str, Interval] = field(default_factory=dict)  # 95 %, of queue and error


def band(sweep: Sweep, threshold: float | None, error: float) -> Band:
    """The narrowest band around `threshold` in which each verdict, fake and real, errs at most `error` of the time."""
    if not 0 <= error < 1:
        raise BadInput(f"the target error ({error}) must be at least 0 and under 1")
    start = sweep.index(threshold)
    high = _first_sure_fake(sweep, start, error)
    low = _last_sure_real(sweep, start, error)
    every = low == len(sweep.tp)  # even calling everything real errs little
    bottom = math.nextafter(float(sweep.thresholds[-1]), math.inf) if every else float(sweep.thresholds[low])
    return band_at(sweep, bottom, None if high == len(sweep.tp) else float(sweep.thresholds[high]))


def band_at(sweep: Sweep, low: float | None, high: float | None) -> Band:
    """What a given band does to these scores."""
    top = sweep.index(high)
    bottom = 0 if low is None else sweep.index(low)
    tp, fp = (int(sweep.tp[top]), int(sweep.fp[top])) if top < len(sweep.tp) else (0, 0)
    kept_tp, kept_fp = (int(sweep.tp[bottom]), int(sweep.fp[bottom])) if bottom < len(sweep.tp) else (0, 0)
    decided = tp + fp + sweep.total - kept_tp - kept_fp
    wrong = fp + sweep.positives - kept_tp
    return Band(low, high, 1 - decided / sweep.total, wrong / decided if decided else None, decided)


def intervals(
    found: Band, labels: np.ndarray, scores: np.ndarray, group: np.ndarray | None = None
) -> dict[str, Interval]:
    """Of the two shares of a band, `queue` and `error`. `group`: the number of each sample's group, where some hang
    together."""
    ends = {}
    for name, (hits, of) in _parts(found, labels, scores).items():
        if of.any():
            size = _worth(hits, of, group)
            share = float(hits.sum() / of.sum())
            low, high = proportions.wilson(np.array(share * size), np.array(size))
            ends[name] = (min(float(low), share), max(float(high), share))
    return ends


def worth(found: Band, labels: np.ndarray, scores: np.ndarray, group: np.ndarray | None) -> dict[str, float]:
    """Of both shares: how many independent samples each of their samples is worth, 1 where none hang together."""
    parts = _parts(found, labels, scores)
    return {
        name: _worth(hits, of, group) / of.sum() if of.any() else 1.0 for name, (hits, of) in parts.items()
    }


def _parts(found: Band, labels: np.ndarray, scores: np.ndarray) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Hits, and what they are a share of: one flag a sample."""
    fake = np.zeros(len(scores), bool) if found.high is None else scores >= np.float64(found.high)
    real = np.zeros(len(scores), bool) if found.low is None else scores < np.float64(found.low)
    wrong = (fake & (labels == 0)) | (real & (labels == 1))
    return {"queue": (~(fake | real), np.ones(len(scores), bool)), "error": (wrong, fake | real)}


def _worth(hits: np.ndarray, of: np.ndarray, group: np.ndarray | None) -> float:
    if group is None:
        return float(of.sum())
    counts = [np.bincount(group, part)[:, None] for part in (hits & of, of)]
    return float(proportions.worth(*counts)[0])


def finite(sweep: Sweep, found: Band) -> tuple[float, float]:
    """The band as two finite scores, for an operating point: a side on which no score was sure enough reaches
    beyond every score seen, and beyond every share."""
    lowest, highest = float(sweep.thresholds[0]), float(sweep.thresholds[-1])
    low = min(lowest, 0.0) if found.low is None or found.low <= lowest else found.low
    high = math.nextafter(max(highest, 1.0), math.inf) if found.high is None else found.high
    return min(low, high), high


def _first_sure_fake(sweep: Sweep, start: int, error: float) -> int:
    """The lowest index from `start` on above which few enough are real; behind the last where there is none."""
    for a in range(start, len(sweep.tp), 1 << 15):
        tp, fp = sweep.tp[a : a + (1 << 15)], sweep.fp[a : a + (1 << 15)]
        held = fp / (tp + fp) <= error
        if held.any():
            return a + int(held.argmax())
    return len(sweep.tp)


def _last_sure_real(sweep: Sweep, start: int, error: float) -> int:
    """The highest index up to `start` below which few enough are fake; 0 where there is none."""
    stop = min(start, len(sweep.tp) - 1) + 1
    if start == len(sweep.tp) and sweep.positives / sweep.total <= error:
        return start
    for b in range(stop, 0, -(1 << 15)):
        a = max(b - (1 << 15), 1)
        tp, fp = sweep.tp[a:b], sweep.fp[a:b]
        missed = sweep.positives - tp
        held = missed / (sweep.total - tp - fp) <= error
        if held.any():
            return b - 1 - int(held[::-1].argmax())
    return 0
