"""Every figure of a table of scores at one threshold, each with its 95 % interval by bootstrap over
groups."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from core.thresholds.intervals import bootstrap
from core.thresholds.probability_figures import probability_figures, probability_intervals
from core.thresholds.proportions import precision_at_interval
from core.thresholds.sweep import Sweep, sweep
from core.training.scoring.evaluation.majority import accuracy_warning, majority_baseline, one_sided_warning

MEASURED = (
    "auc",
    "ap",
    "eer",
    "accuracy",
    "balanced_accuracy",
    "precision",
    "recall",
    "f1",
    "precision_real",
    "f1_real",
    "macro_f1",
    "mcc",
    "specificity",
    "fpr",
)
RESAMPLES = 1000
OF_PARTS = 200  # there may be hundreds of parts


def measure(
    table: pd.DataFrame,
    threshold: float | None,
    *,
    prevalence: float | None = None,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> dict[str, Any]:
    """`table` has label, score, group and, where calibrated, probability. A threshold of None calls nothing
    fake."""
    labels = table["label"].to_numpy(dtype=np.int64)
    scores = table["score"].to_numpy(dtype=np.float64)
    at: dict[str, Any] = {"threshold": threshold, **confusion(labels, scores, threshold)}
    at.update(rates(at["tp"], at["fp"], at["tn"], at["fn"]))
    swept = sweep(labels, scores) if 0 < labels.sum() < len(labels) else None
    at.update(ranking(swept))
    if "probability" in table and len(table):
        at.update(probability_figures(labels, table["probability"].to_numpy(dtype=np.float64)))
    if prevalence is not None:
        at["precision_at_prevalence"] = precision_at(at["recall"], at["fpr"], prevalence)
        at["prevalence"] = prevalence
    at["majority_baseline"] = majority_baseline(labels)
    at["intervals"] = {}
    if resamples and swept is not None:
        groups = table["group"].astype(str).to_numpy()
        at["intervals"] = bootstrap_intervals(labels, scores, groups, threshold, resamples, seed)
        at["intervals"]["recall_real"] = at["intervals"]["specificity"]
        at["intervals"] |= _other_intervals(table, at, groups, resamples, seed)
        for name in ("precision", "precision_real"):  # nothing was called so in any draw: all is possible
            at["intervals"].setdefault(name, [0.0, 1.0])
    at["warnings"] = [w for w in (accuracy_warning(at, at["majority_baseline"]), one_sided_warning(at)) if w]
    return at


def _other_intervals(
    table: pd.DataFrame, at: dict[str, Any], groups: np.ndarray, resamples: int, seed: int
) -> dict[str, list[float]]:
    """Of the probabilities, and of the precision where fakes are as common as was said."""
    found: dict[str, list[float]] = {}
    if "probability" in table:
        labels = table["label"].to_numpy(dtype=np.int64)
        probability = table["probability"].to_numpy(dtype=np.float64)
        ends = probability_intervals(labels, probability, groups, resamples, seed)
        found |= {name: list(pair) for name, pair in ends.items()}
    if at.get("precision_at_prevalence") is not None:
        recall, fpr = at["intervals"]["recall"], at["intervals"]["fpr"]
        low, high = precision_at_interval(at["recall"], recall, at["fpr"], fpr, at["prevalence"])
        found["precision_at_prevalence"] = [low, high]
    return found


def confusion(labels: np.ndarray, scores: np.ndarray, threshold: float | None) -> dict[str, int]:
    called = np.zeros(len(scores), dtype=bool) if threshold is None else scores >= threshold
    fake = labels == 1
    return {
        "tp": int(np.sum(called & fake)),
        "fp": int(np.sum(called & ~fake)),
        "tn": int(np.sum(~called & ~fake)),
        "fn": int(np.sum(~called & fake)),
    }


def rates(tp: int, fp: int, tn: int, fn: int) -> dict[str, float | None]:
    """What follows from the four counts; None where a figure does not exist (its denominator is empty)."""
    recall, specificity = _share(tp, tp + fn), _share(tn, tn + fp)
    f1, f1_real = _share(2 * tp, 2 * tp + fp + fn), _share(2 * tn, 2 * tn + fp + fn)
    spread = float(tp + fp) * (tp + fn) * (tn + fp) * (tn + fn)
    return {
        "accuracy": _share(tp + tn, tp + fp + tn + fn),
        "balanced_accuracy": None if recall is None or specificity is None else (recall + specificity) / 2,
        "precision": _share(tp, tp + fp) if tp + fp else (0.0 if tp + fn else None),
        "recall": recall,
        "f1": f1,
        "precision_real": _share(tn, tn + fn) if tn + fn else (0.0 if tn + fp else None),
        "recall_real": specificity,
        "f1_real": f1_real,
        "macro_f1": None if f1 is None or f1_real is None else (f1 + f1_real) / 2,
        "specificity": specificity,
        "fpr": None if specificity is None else 1 - specificity,
        "mcc": (float(tp) * tn - float(fp) * fn) / spread**0.5 if spread else 0.0,
    }


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def ranking(swept: Sweep | None) -> dict[str, float | None]:
    """Figures that need no threshold; None with one class."""
    if swept is None:
        return {"auc": None, "ap": None, "eer": None}
    return {"auc": float(swept.auc), "ap": float(swept.ap), "eer": float(swept.eer)}


def precision_at(recall: float | None, fpr: float | None, prevalence: float) -> float | None:
    """Precision where a share `prevalence` of what comes in is fake, which is rarely the share in the
    data."""
    if recall is None or fpr is None:
        return None
    called = recall * prevalence + fpr * (1 - prevalence)
    return recall * prevalence / called if called else 0.0


def bootstrap_intervals(
    labels: np.ndarray,
    scores: np.ndarray,
    groups: np.ndarray,
    threshold: float | None,
    resamples: int,
    seed: int,
) -> dict[str, list[float]]:
    found = bootstrap(labels, scores, groups, list(MEASURED), threshold=threshold, n=resamples, seed=seed)
    return {name: [float(low), float(high)] for name, (low, high) in found.items()}


def breakdown(
    table: pd.DataFrame,
    threshold: float | None,
    columns: Sequence[str] = ("dataset", "method", "modality", "present", "identity"),
    whole: Mapping[str, Any] | None = None,
) -> dict[str, list[dict[str, Any]]]:
    """The figures of each part. A method has fakes only, so it is measured against all reals of its datasets.

    `whole` has the figures of the whole table at this threshold: a part that is all of it has the same, with intervals
    of the same draws.
    """
    parts: dict[str, list[dict[str, Any]]] = {}
    for column in columns:
        if column not in table or table[column].nunique(dropna=True) == 0:
            continue
        parts[column] = [
            {"name": str(name), **_part(_with_reals(table, column, name), threshold, whole, len(table))}
            for name in sorted(table[column].dropna().astype(str).unique())
        ][:500]
    return parts


def _with_reals(table: pd.DataFrame, column: str, name: str) -> pd.DataFrame:
    part = table[table[column].astype(str) == name]
    if column != "method":
        return part
    fakes = part[part["label"] == 1]
    reals = table[(table["label"] == 0) & table["dataset"].isin(fakes["dataset"].unique())]
    return pd.concat([fakes, reals])


def _part(
    part: pd.DataFrame, threshold: float | None, whole: Mapping[str, Any] | None, samples: int
) -> dict[str, Any]:
    is_all = whole is not None and len(part) == samples
    at = whole if whole is not None and is_all else measure(part, threshold, resamples=OF_PARTS)
    kept = (
        "auc",
        "accuracy",
        "balanced_accuracy",
        "precision",
        "recall",
        "f1",
        "fpr",
        "majority_baseline",
        "tp",
        "fp",
        "tn",
        "fn",
    )
    intervals = {k: v for k, v in at["intervals"].items() if k in kept}
    fakes = int((part["label"] == 1).sum())
    return {"fake": fakes, "real": len(part) - fakes, **{k: at[k] for k in kept}, "intervals": intervals}
