"""Calibration: from a raw score to the probability of being fake, fitted on validation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from core.access import Person
from core.errors import BadInput
from core.thresholds.sweep import check
from core.workspace import write_atomic, write_json

METHODS = ("platt", "temperature", "isotonic")
EDGE = 1e-7  # scores of 0 and 1 have no logit
EVEN = 0.5  # one file in two: what is assumed where nobody states the share of fakes
KNOTS = 2000  # of an isotonic curve, at most


@dataclass(frozen=True)
class Calibration:
    """`apply` never turns the order of two scores. Temperature and Platt work on the logit of a score that is
    a probability, and on the score itself where it has another scale."""

    method: str
    scale: str  # probability | raw
    slope: float = 1.0  # platt and temperature: sigmoid(slope * x + offset)
    offset: float = 0.0
    x: tuple[float, ...] = ()  # isotonic: a curve through these points
    y: tuple[float, ...] = ()
    fakes: int = 0  # samples that it was fitted on; none where that is not known
    reals: int = 0

    @property
    def temperature(self) -> float:
        return 1 / self.slope

    @property
    def stands(self) -> bool:
        """Samples of one class alone say nothing of a probability."""
        return not self.fakes + self.reals or min(self.fakes, self.reals) > 0

    def apply(self, scores: np.ndarray) -> np.ndarray:
        s = np.asarray(scores, np.float64)
        if self.method == "isotonic":
            return np.interp(s, self.x, self.y)
        return sigmoid(self.slope * logits(s, self.scale) + self.offset)

    def probability(self, scores: np.ndarray, prevalence: float = EVEN) -> np.ndarray:
        """The probability of being fake where a share `prevalence` of what comes in is fake.

        `apply` holds for the share in validation, which is chance: of a set with six fakes to a real it calls
        doubtful files fake. What the scores themselves say is how much likelier they are for a fake than for a
        real.
        """
        shares = self.apply(scores)
        if not self.fakes or not self.reals:
            return shares
        with np.errstate(divide="ignore"):  # an isotonic curve reaches 0 and 1
            likelier = np.log(shares / (1 - shares))
        if self.method != "temperature":  # which has no offset that could take up the share
            likelier -= np.log(self.fakes / self.reals)
        likelier = limit_to_support(likelier, self.fakes, self.reals)
        return sigmoid(likelier + np.log(prevalence / (1 - prevalence)))

    def to_dict(self) -> dict[str, Any]:
        plain: dict[str, Any] = {"method": self.method, "scale": self.scale}
        plain |= {"fakes": self.fakes, "reals": self.reals}
        if self.method == "isotonic":
            return plain | {"x": list(self.x), "y": list(self.y)}
        return plain | {"slope": self.slope, "offset": self.offset}

    @classmethod
    def from_dict(cls, document: Mapping[str, Any]) -> Calibration:
        try:
            x, y = tuple(map(float, document.get("x", ()))), tuple(map(float, document.get("y", ())))
            found = cls(
                str(document["method"]),
                str(document.get("scale", "probability")),
                float(document.get("slope", 1.0)),
                float(document.get("offset", 0.0)),
                x,
                y,
                int(document.get("fakes", 0)),
                int(document.get("reals", 0)),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise BadInput(f"the calibration cannot be read ({error}); evaluate the run again") from error
        if found.method not in METHODS or found.scale not in ("probability", "raw"):
            raise BadInput(f"unknown calibration {found.method!r} on scale {found.scale!r}")
        if found.method == "isotonic" and (len(x) != len(y) or not x):
            raise BadInput("the isotonic calibration has no curve; evaluate the run again")
        if not (np.isfinite([found.slope, found.offset, *x, *y]).all() and found.slope > 0):
            raise BadInput("the calibration holds a number that cannot be; evaluate the run again")
        if np.any(np.diff(x) < 0) or np.any(np.diff(y) < 0) or (y and not 0 <= y[0] <= y[-1] <= 1):
            raise BadInput("the isotonic calibration does not rise from 0 to 1; evaluate the run again")
        return found


def save(run: Path, calibration: Calibration, person: Person) -> None:
    """Put a calibration in force: calibration.json, and the probabilities beside the run's scores."""
    import pandas as pd  # a verdict applies a calibration, and needs no tables

    person.require_operator("change a calibration")
    write_json(run / "calibration.json", calibration.to_dict())
    for file in sorted((run / "scores").glob("*.parquet")):
        table = pd.read_parquet(file)
        table["probability"] = calibration.apply(table["score"].to_numpy())
        write_atomic(file, table.to_parquet(index=False))


def fit(labels: np.ndarray, scores: np.ndarray, method: str = "platt") -> Calibration:
    """The calibration of `scores` to `labels` (1 = fake)."""
    if method not in METHODS:
        raise BadInput(f"unknown calibration {method!r}; known are {', '.join(METHODS)}")
    y, given = check(labels, scores)
    s = given.astype(np.float64)
    if y.min() == y.max():
        raise BadInput("all samples are of one class: a calibration needs scores of both")
    scale = "probability" if s.min() >= 0 and s.max() <= 1 else "raw"
    fakes = int(y.sum())
    reals = len(y) - fakes
    if method == "isotonic":
        return replace(_isotonic(y, s, scale), fakes=fakes, reals=reals)
    x = logits(s, scale)
    middle, spread = (0.0, 1.0) if method == "temperature" else (float(x.mean()), float(x.std()) or 1.0)
    z = (x - middle) / spread
    slope, offset = _logistic(z, y, with_offset=method == "platt")
    slope = max(slope, 1e-6)  # a turned polarity is for the analyst to see, never for a calibration to hide
    return Calibration(
        method, scale, slope / spread, offset - slope * middle / spread, fakes=fakes, reals=reals
    )


def limit_to_support(likelier: np.ndarray, fakes: int, reals: int) -> np.ndarray:
    """How much likelier scores are for a fake than for a real (its logarithm), no further than so many samples show.

    After so many reals that all lie on the other side, the next one does not with (reals + 1) / (reals + 2).
    """
    least = np.log((reals + 2) / (reals + 1) / (fakes + 2))
    most = np.log((fakes + 1) / (fakes + 2) * (reals + 2))
    return np.clip(likelier, least, most)


def logits(scores: np.ndarray, scale: str) -> np.ndarray:
    if scale == "raw":
        return scores
    inside = np.clip(scores, EDGE, 1 - EDGE)
    return np.log(inside / (1 - inside))


def sigmoid(x: np.ndarray) -> np.ndarray:
    return 0.5 * (1 + np.tanh(x / 2))


def _logistic(x: np.ndarray, y: np.ndarray, *, with_offset: bool) -> tuple[float, float]:
    """Newton with step halving on the log loss; Platt's targets keep separable classes finite."""
    positives = int(y.sum())
    negatives = len(y) - positives
    target = np.where(y == 1, (positives + 1) / (positives + 2), 1 / (negatives + 2))

    def loss(a: float, b: float) -> float:
        m = a * x + b
        return float(np.mean(np.logaddexp(0, m) - target * m))

    a, b = (1.0, 0.0)
    if with_offset:
        a, b = 0.0, float(np.log((positives + 1) / (negatives + 1)))
    now = loss(a, b)
    for _ in range(100):
        p = sigmoid(a * x + b)
        error, weight = p - target, np.maximum(p * (1 - p), 1e-12)
        ga, gb = float(np.mean(error * x)), float(np.mean(error))
        haa, hab, hbb = (float(np.mean(weight * v)) for v in (x * x, x, np.ones(1)))
        if with_offset:
            det = haa * hbb - hab * hab + 1e-15
            da, db = (hbb * ga - hab * gb) / det, (haa * gb - hab * ga) / det
        else:
            da, db = ga / (haa + 1e-15), 0.0
        step = 1.0
        while step > 1e-8:
            after = loss(a - step * da, b - step * db)
            if after <= now:
                break
            step /= 2
        a, b = a - step * da, b - step * db
        if now - after < 1e-12:
            break
        now = after
    return a, b


def _isotonic(y: np.ndarray, s: np.ndarray, scale: str) -> Calibration:
    """Pool adjacent violators; ties are pooled first."""
    from scipy.optimize import isotonic_regression

    values, where, sizes = np.unique(s, return_inverse=True, return_counts=True)
    shares = np.bincount(where, weights=y) / sizes
    fitted = isotonic_regression(shares, weights=sizes).x
    turns = np.flatnonzero(np.diff(fitted)) if len(fitted) > 1 else np.zeros(0, np.intp)
    kept = np.unique(np.concatenate([[0], turns, turns + 1, [len(values) - 1]]))
    if len(kept) > KNOTS:
        kept = kept[np.unique(np.linspace(0, len(kept) - 1, KNOTS).astype(np.intp))]
    return Calibration("isotonic", scale, x=tuple(values[kept].tolist()), y=tuple(fitted[kept].tolist()))


@dataclass(frozen=True)
class Reliability:
    """The reliability diagram: bins of equal width over the probability; empty bins are left out."""

    low: np.ndarray
    high: np.ndarray
    mean: np.ndarray  # mean probability in the bin
    share: np.ndarray  # share of fakes in it
    count: np.ndarray
    ece: float  # expected calibration error: mean |share - mean|, weighted by count
    brier: float


def reliability(labels: np.ndarray, probabilities: np.ndarray, bins: int = 15) -> Reliability:
    y, p = check(labels, probabilities)
    if p.min() < 0 or p.max() > 1:
        raise BadInput(
            "a reliability diagram needs probabilities between 0 and 1; calibrate the scores first"
        )
    p = p.astype(np.float64)
    which = np.minimum((p * bins).astype(np.intp), bins - 1)
    count = np.bincount(which, minlength=bins)
    used = np.flatnonzero(count)
    mean = np.bincount(which, weights=p, minlength=bins)[used] / count[used]
    share = np.bincount(which, weights=y, minlength=bins)[used] / count[used]
    ece = float(np.sum(np.abs(share - mean) * count[used]) / len(y))
    return Reliability(
        used / bins, (used + 1) / bins, mean, share, count[used], ece, float(np.mean((p - y) ** 2))
    )
