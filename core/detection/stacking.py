"""Several detectors on one file: combined by logistic stacking on validation samples that all of them scored.

Plain averaging of uncalibrated scores is worse than the best single detector; without common validation samples
nothing is combined.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from core import numbers
from core.detection import naming
from core.detection.verdict import Verdict
from core.errors import WorkbenchError, one_line
from core.runs.folder import open_run
from core.thresholds.calibration import EDGE, limit_to_support, sigmoid
from core.thresholds.intervals import Interval, ranking_intervals
from core.workspace import Workspace

FEWEST = 20  # common samples of each class
FOLDS = 5
DRAWS = 200  # of the bootstrap


@dataclass(frozen=True)
class Combined:
    """The probability from all detectors, where every second file is fake; or the reason why there is
    none."""

    probability: float | None
    reason: str = ""
    samples: int = 0
    weights: dict[str, float] = field(default_factory=dict)
    auc: float | None = None  # of the combination on the common samples, by cross-validation over groups
    auc_interval: Interval | None = None
    singles: dict[str, float] = field(default_factory=dict)  # the same of each alone
    left_out: dict[str, str] = field(default_factory=dict)  # detector: why its score is no evidence here

    @property
    def words(self) -> str:
        if self.probability is None:
            return f"not combined: {self.reason}"
        without = f" ({self.without})" if self.left_out else ""
        return (
            f"together: probability {numbers.number(self.probability)}; how they are combined was learned on "
            f"{self.samples:,} validation samples that all of them scored{without}"
        )

    @property
    def without(self) -> str:
        """Who has no part in it, in words."""
        return f"left out: {_listed(self.left_out)}"


def _listed(left_out: Mapping[str, str], space: Workspace | None = None) -> str:
    names = naming.names_of(left_out, space)
    return "; ".join(f"“{names[one]}” {why}" for one, why in left_out.items())


def combine_verdicts(of_runs: Mapping[str, Verdict], space: Workspace | None = None) -> Combined:
    """Of one file, by detector. A score that is no evidence has no part in it, as its verdict has none."""
    judged = {name: one for name, one in of_runs.items() if one.score is not None}
    left_out = {name: why for name, one in judged.items() if (why := one.without_evidence)}
    scores = {name: float(one.score or 0.0) for name, one in judged.items() if name not in left_out}
    if left_out and len(scores) < 2:
        who = "none of the detectors says"
        if scores:
            who = f"only “{naming.name_of(next(iter(scores)), space)}” says"
        return Combined(None, f"{who} anything of this file ({_listed(left_out, space)})", left_out=left_out)
    return replace(combine(scores, space), left_out=left_out)


def combine(scores: Mapping[str, float], space: Workspace | None = None) -> Combined:
    """`scores`: run id to the raw score of one file."""
    if len(scores) < 2:
        return Combined(None, "fewer than two detectors gave a score")
    names = tuple(sorted(scores))
    try:
        stamps = tuple(_stamp(open_run(name, space=space).scores_file("val")) for name in names)
        learned, model, fakes = _learn(names, space, stamps)
    except WorkbenchError as error:
        return Combined(None, one_line(error))
    if model is None:
        return learned
    file = logits(np.array([[scores[n] for n in names]]))
    likelier = limit_to_support(model.decision_function(file), fakes, learned.samples - fakes)
    return replace(learned, probability=float(sigmoid(likelier)[0]))


def together(verdicts: Sequence[Verdict], space: Workspace | None = None) -> list[str]:
    """What several detectors say together of one file, in words; nothing of one detector."""
    if len(verdicts) < 2:
        return []
    return [combine_verdicts({str(v.detector): v for v in verdicts}, space).words]


def _stamp(path: Path) -> tuple[str, int]:
    return str(path), path.stat().st_mtime_ns if path.is_file() else 0


@lru_cache(maxsize=8)
def _learn(
    names: tuple[str, ...], space: Workspace | None, _stamps: tuple[Any, ...]
) -> tuple[Combined, Any, int]:
    """The combination of these detectors without a file's score, or why there is none, with the number of fakes;
    a batch learns it once."""
    x, labels, groups = common(list(names), space)
    fakes = int(labels.sum())
    if min(fakes, len(labels) - fakes) < FEWEST:
        reason = (
            f"the detectors share {fakes} fake and {len(labels) - fakes} real validation samples; "
            f"at least {FEWEST} of each are needed"
        )
        return Combined(None, reason, samples=len(labels)), None, fakes
    from sklearn.linear_model import LogisticRegression

    # Both classes weigh the same: the share of fakes in validation says nothing of this file.
    model = LogisticRegression(class_weight="balanced").fit(logits(x), labels)
    auc, ends = _auc_across_folds(x, labels, groups)
    learned = Combined(
        None,
        samples=len(labels),
        weights=dict(zip(names, map(float, model.coef_[0]), strict=True)),
        auc=auc,
        auc_interval=ends,
        singles={n: _auc(labels, x[:, k]) for k, n in enumerate(names)},
    )
    return learned, model, fakes


def common(names: list[str], space: Workspace | None = None) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Scores (samples, detectors), labels and groups of the validation samples that every detector scored."""
    import pandas as pd

    joined: pd.DataFrame | None = None
    for name in names:
        path = open_run(name, space=space).scores_file("val")
        if not path.is_file():
            return np.zeros((0, len(names))), np.zeros(0, int), np.zeros(0, object)
        table = pd.read_parquet(path, columns=["id", "label", "group", "score"]).drop_duplicates("id")
        own = table.set_index("id")["score"].rename(name)
        joined = (
            table.set_index("id")[["label", "group"]].join(own)
            if joined is None
            else joined.join(own, how="inner")
        )
    assert joined is not None
    joined = joined.dropna(subset=["label", *names])
    return (
        joined[names].to_numpy(np.float64),
        joined["label"].to_numpy(int),
        joined["group"].astype(str).to_numpy(),
    )


def logits(scores: np.ndarray) -> np.ndarray:
    inside = np.clip(scores, EDGE, 1 - EDGE)
    return np.log(inside / (1 - inside))


def _auc_across_folds(
    x: np.ndarray, labels: np.ndarray, groups: np.ndarray
) -> tuple[float | None, Interval | None]:
    """Each sample scored by a combination that saw neither it nor its group; with its interval."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import StratifiedGroupKFold

    if len(set(groups)) < FOLDS:
        return None, None
    out = np.full(len(labels), np.nan)
    for train, test in StratifiedGroupKFold(FOLDS).split(x, labels, groups):
        if len(set(labels[train])) == 2:
            out[test] = (
                LogisticRegression(class_weight="balanced")
                .fit(logits(x[train]), labels[train])
                .predict_proba(logits(x[test]))[:, 1]
            )
    seen = np.isfinite(out)
    labels, out, groups = labels[seen], out[seen], groups[seen]
    if not 0 < labels.sum() < len(labels):
        return None, None
    return _auc(labels, out), ranking_intervals(labels, out, groups, ("auc",), n=DRAWS).get("auc")


def _auc(labels: np.ndarray, scores: np.ndarray) -> float:
    from core.thresholds.sweep import sweep

    return float(sweep(labels, scores).auc)
