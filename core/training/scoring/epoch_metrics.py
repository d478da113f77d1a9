"""The figures of an epoch, for training and validation alike, at the default threshold 0.5."""

from __future__ import annotations

import math

import numpy as np

from core.thresholds.sweep import at, sweep

FIGURES = ("accuracy", "balanced_accuracy", "precision", "recall", "f1", "macro_f1")


def epoch_metrics(labels: np.ndarray, scores: np.ndarray) -> dict[str, float]:
    """AUC, AP, EER where both classes are there, and the rates at 0.5; what does not exist is left out."""
    if not len(labels) or labels.min() == labels.max():
        return {"accuracy": float(np.mean((scores >= 0.5) == (labels == 1)))} if len(labels) else {}
    swept = sweep(labels, scores)
    point = at(swept, 0.5)
    found = {"auc": swept.auc, "ap": swept.ap, "eer": swept.eer}
    found.update({name: getattr(point, name) for name in FIGURES})
    return {name: float(value) for name, value in found.items() if value is not None and math.isfinite(value)}


def side_by_side(train: dict[str, float], val: dict[str, float]) -> dict[str, float]:
    """The events of an epoch: `train/…` and `val/…` of the whole epoch, and `gap/…`, how far they are
    apart."""
    values = {f"train/{name}": value for name, value in train.items()}
    values.update({f"val/{name}": value for name, value in val.items()})
    values.update({f"gap/{name}": train[name] - val[name] for name in train if name in val})
    return values
