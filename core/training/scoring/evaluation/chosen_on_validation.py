"""What validation alone decides: the calibration, the threshold, and the band around it that is left to people."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from core.thresholds import calibration
from core.thresholds.band import Band, finite
from core.thresholds.band import band as narrowest_band
from core.thresholds.methods import choose
from core.thresholds.scored import Scored
from core.thresholds.sweep import sweep

DEFAULT_THRESHOLD = 0.5
BAND_ERROR = 0.05  # share of either verdict that may be wrong outside the uncertain band


def fit_calibration(val: pd.DataFrame, method: str = "platt") -> calibration.Calibration:
    """Calibration on validation by the method asked for; with one class only the raw score stands for
    itself."""
    labels = val["label"].to_numpy(dtype=np.int64)
    fakes = int(labels.sum())
    if 0 < fakes < len(labels):
        return calibration.fit(labels, val["score"].to_numpy(dtype=np.float64), method=method)
    # slope 1, offset 0: the score as it is; the counts say that nothing was fitted
    return calibration.Calibration("platt", "probability", fakes=fakes, reals=len(labels) - fakes)


def choose_threshold(val: pd.DataFrame, method: str) -> tuple[float | None, bool]:
    """The threshold by the method on validation; 0.5 where validation has one class only."""
    labels = val["label"].to_numpy(dtype=np.int64)
    if not 0 < labels.sum() < len(labels):
        return DEFAULT_THRESHOLD, False
    point = choose(sweep(labels, val["score"].to_numpy(dtype=np.float64)), method)
    return point.threshold, point.reachable


def choose_band(val: pd.DataFrame, threshold: float | None) -> tuple[float, float] | None:
    """The scores around the threshold that are left to people, so that at most 5 % of either verdict err on
    validation; None where validation has one class only.

    real ........ low ~~~ uncertain ~~~ high ........ fake
    """
    labels = val["label"].to_numpy(dtype=np.int64)
    if threshold is None or not 0 < labels.sum() < len(labels):
        return None
    swept = sweep(labels, val["score"].to_numpy(dtype=np.float64))
    return finite(swept, narrowest_band(swept, threshold, BAND_ERROR))


def count_left_to_people(
    table: pd.DataFrame, threshold: float | None, band: tuple[float, float] | None
) -> dict[str, Any] | None:
    """How many samples the band sends to people, and how often the verdicts on the others are wrong."""
    if band is None:
        return None
    scores, fake = table["score"].to_numpy(dtype=np.float64), table["label"].to_numpy() == 1
    uncertain = (scores >= band[0]) & (scores < band[1])
    called = (scores >= threshold) & ~uncertain if threshold is not None else np.zeros(len(scores), bool)
    decided = int((~uncertain).sum())
    share = float(uncertain.mean())
    wrong = int(((called != fake) & ~uncertain).sum())
    found = Band(*band, share, wrong / decided if decided else None, decided)
    held = Scored(table).with_intervals(found).intervals
    return {
        "band": list(band),
        "uncertain": int(uncertain.sum()),
        "uncertain_fake": int((uncertain & fake).sum()),
        "uncertain_real": int((uncertain & ~fake).sum()),
        "share": share,
        "decided": decided,
        "wrong": wrong,
        "error": wrong / decided if decided else None,
        "allowed": BAND_ERROR,
        "intervals": {"share" if name == "queue" else name: list(ends) for name, ends in held.items()},
    }
