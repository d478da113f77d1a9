"""The thresholds as a table for a spreadsheet: counts, figures and their 95 % intervals, one row a threshold."""

from __future__ import annotations

import numpy as np
import pandas as pd

from core.thresholds import table
from core.thresholds.own_scale import own
from core.thresholds.scored import Scored
from core.thresholds.sweep import at

ALL = 20_000  # distinct scores that are all written; of more, the rows of the drawing
COUNTS = ("threshold", "tp", "fp", "tn", "fn")
FIGURES = ("precision", "recall", "fpr", "f1", "macro_f1", "accuracy", "balanced_accuracy", "called_fake")


def curve_table(scored: Scored) -> pd.DataFrame:
    """From calling everything fake on; the last row, without a threshold, calls nothing fake."""
    sweep = scored.sweep
    few = len(sweep.thresholds) <= ALL
    kept = np.arange(len(sweep.thresholds)) if few else table.rows(sweep)
    lines: list[float | None] = [*sweep.thresholds[kept].tolist(), None]
    rows = []
    for line, ends in zip(lines, scored.intervals_at(lines, draws=0), strict=True):
        point = at(sweep, line)
        row: dict[str, object] = {name: getattr(point, name) for name in COUNTS}
        row["threshold"] = own(line, scored.turned)
        for name in FIGURES:
            row[name] = getattr(point, name)
            row[f"{name}_low"], row[f"{name}_high"] = ends.get(name, (None, None))
        rows.append(row)
    return pd.DataFrame(rows)
