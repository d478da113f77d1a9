"""The shortcut probe: how well single trivial features tell real from fake, dataset by dataset.

A detector may learn file size or leading silence instead of forgery; where one such feature alone has a high
AUC, a good score on that dataset says little.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import binomtest, rankdata

from core.catalog.info import file_of
from core.catalog.shortcut_measurements import (
    FEATURES,
    PER_CLASS,
    Progress,
    cache_file,
    measurements,
    read_cached_features,
)
from core.workspace import Workspace, workspace

WARN_ABOVE = 0.7
BOOTSTRAPS = 1_000
LEAST = 5  # samples of each class that an AUC needs


@dataclass(frozen=True)
class Feature:
    """The AUC of one feature for telling fake from real, turned so that it is at least a half."""

    name: str
    auc: float
    low: float  # 95 % bootstrap interval
    high: float
    fakes_are: str  # higher | lower
    real: int  # samples that have it
    fake: int

    @property
    def warning(self) -> bool:
        return self.auc > WARN_ABOVE


@dataclass(frozen=True)
class Probe:
    dataset: str
    real: int  # samples measured
    fake: int
    unreadable: int
    features: list[Feature]  # the most telling first

    @property
    def warnings(self) -> list[Feature]:
        return [f for f in self.features if f.warning]

    def to_dict(self) -> dict[str, object]:
        document = asdict(self)
        for row, feature in zip(document["features"], self.features, strict=True):
            row["warning"] = feature.warning
        return document


def probe(
    dataset: str,
    *,
    per_class: int = PER_CLASS,
    seed: int = 0,
    space: Workspace | None = None,
    progress: Progress | None = None,
    again: bool = False,
) -> Probe:
    """Measure a sample of the dataset's files (cached unless `again`) and rate each feature."""
    if again:
        cache_file(dataset, space or workspace()).unlink(missing_ok=True)
    measured = measurements(dataset, per_class=per_class, seed=seed, space=space, progress=progress)
    return _rate(dataset, measured, seed)


def probe_together(
    names: Sequence[str],
    *,
    per_class: int = PER_CLASS,
    seed: int = 0,
    space: Workspace | None = None,
    progress: Progress | None = None,
) -> Probe:
    """What tells real from fake where datasets are learned from together: what pairing fakes of one with reals of
    another gives away."""
    parts = [
        measurements(name, per_class=per_class, seed=seed, space=space, progress=progress) for name in names
    ]
    return _rate(" + ".join(names), pd.concat(parts, ignore_index=True), seed)


def measured_together(names: Sequence[str], *, space: Workspace | None = None) -> Probe | None:
    """The same from what was measured before, without reading a file; None where a dataset was not, or was scanned
    anew since."""
    parts = [_measured(name, space or workspace()) for name in names]
    known = [part for part in parts if part is not None]
    return (
        _rate(" + ".join(names), pd.concat(known, ignore_index=True), 0) if len(known) == len(parts) else None
    )


def _measured(name: str, space: Workspace) -> pd.DataFrame | None:
    try:
        if cache_file(name, space).stat().st_mtime_ns < file_of(name, space).stat().st_mtime_ns:
            return None
    # Not measured yet: the caller says so.
    except OSError:
        return None
    return read_cached_features(name, space=space)


def _rate(dataset: str, measured: pd.DataFrame, seed: int) -> Probe:
    """Each feature's AUC over what was measured."""
    readable = measured[measured["readable"]]
    label = readable["label"].to_numpy(int)
    features = []
    for name in FEATURES:
        rated = rate(name, label, readable[name].to_numpy(float), seed)
        if rated is not None:
            features.append(rated)
    return Probe(
        dataset,
        int((label == 0).sum()),
        int((label == 1).sum()),
        int((~measured["readable"]).sum()),
        sorted(features, key=lambda f: -f.auc),
    )


def rate(name: str, label: NDArray[np.int_], values: NDArray[np.float64], seed: int = 0) -> Feature | None:
    """The feature's AUC with its interval; None where too few samples of a class have it."""
    known = np.isfinite(values)
    real, fake = values[known & (label == 0)], values[known & (label == 1)]
    if min(len(real), len(fake)) < LEAST:
        return None
    raw = float(_auc(real[None], fake[None])[0])
    rng = np.random.default_rng(seed)
    draws = _auc(
        real[rng.integers(0, len(real), (BOOTSTRAPS, len(real)))],
        fake[rng.integers(0, len(fake), (BOOTSTRAPS, len(fake)))],
    )
    if raw < 0.5:
        raw, draws = 1 - raw, 1 - draws
        fakes_are = "lower"
    else:
        fakes_are = "higher"
    low, high = np.quantile(draws, [0.025, 0.975])
    if low == high:  # no draw has an exception: as wide as that many files without one allow
        few = min(len(real), len(fake))
        ends = binomtest(round(raw * few), few).proportion_ci(method="wilson")
        low, high = min(ends.low, raw), max(ends.high, raw)
    return Feature(name, raw, float(low), float(high), fakes_are, len(real), len(fake))


def _auc(real: NDArray[np.float64], fake: NDArray[np.float64]) -> NDArray[np.float64]:
    """The probability that a fake has the higher value, ties counting half; one for each row."""
    n_real, n_fake = real.shape[1], fake.shape[1]
    ranks = rankdata(np.concatenate([real, fake], axis=1), axis=1)[:, n_real:]
    return (ranks.sum(1) - n_fake * (n_fake + 1) / 2) / (n_real * n_fake)
