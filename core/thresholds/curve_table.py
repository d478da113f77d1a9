"""The thresholds as a table for a spreadsheet: counts and figures, one row a threshold."""

from __future__ import annotations

import numpy as np
import pandas as pd

from core.thresholds import table
from core.thresholds.sweep import Sweep, at

ALL = 20_000  # distinct scores that are all written; of more, the rows of the drawing
COLUMNS = (
    "threshold", "tp", "fp", "tn", "fn", "precision", "recall", "fpr", "f1", "macro_f1", "accuracy",
    "balanced_accuracy", "called_fake",
)  # fmt: skip


def curve_table(sweep: Sweep) -> pd.DataFrame:
    """Ascending; the last row, without a threshold, calls nothing fake."""
    few = len(sweep.thresholds) <= ALL
    kept = np.arange(len(sweep.thresholds)) if few else table.rows(sweep)
    lines: list[float | None] = [*sweep.thresholds[kept].tolist(), None]
    points = [at(sweep, line) for line in lines]
    return pd.DataFrame([{name: getattr(point, name) for name in COLUMNS} for point in points])
