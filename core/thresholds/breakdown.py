"""Who the errors are made on: figures at one threshold by dataset, method, modality or identity."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd

from core.errors import BadInput

KEYS = ("dataset", "method", "modality", "identity", "group")


def breakdown(table: pd.DataFrame, threshold: float | None, key: str) -> pd.DataFrame:
    """One row for each value of `key`: counts, shares with 95 % Wilson intervals, and how often it errs.

    A share that does not exist (recall where there is no fake) is NaN.
    """
    if key not in table:
        raise BadInput(f"these scores have no column {key}")
    called = np.zeros(len(table), bool) if threshold is None else table["score"].to_numpy() >= threshold
    fake = table["label"].to_numpy() == 1
    names = table[key].astype(object).where(table[key].notna(), "–")
    names = names.where(names != "", "–")
    cells = pd.DataFrame(
        {key: names, "tp": called & fake, "fp": called & ~fake, "tn": ~called & ~fake, "fn": ~called & fake}
    )
    summed = cells.groupby(key, sort=False).sum().reset_index()
    rows = [_row(row[key], row["tp"], row["fp"], row["tn"], row["fn"], key) for _, row in summed.iterrows()]
    return pd.DataFrame(rows).sort_values(["errors", key], ascending=[False, True], ignore_index=True)


def _row(name: object, tp: int, fp: int, tn: int, fn: int, key: str) -> dict[str, Any]:
    fakes, reals = int(tp + fn), int(fp + tn)
    recall_low, recall_high = wilson(int(tp), fakes)
    fpr_low, fpr_high = wilson(int(fp), reals)
    return {
        key: str(name),
        "n": fakes + reals,
        "fake": fakes,
        "real": reals,
        "tp": int(tp),
        "fp": int(fp),
        "tn": int(tn),
        "fn": int(fn),
        "errors": int(fp + fn),
        "error_rate": (fp + fn) / (fakes + reals),
        "recall": tp / fakes if fakes else math.nan,
        "recall_low": recall_low,
        "recall_high": recall_high,
        "fpr": fp / reals if reals else math.nan,
        "fpr_low": fpr_low,
        "fpr_high": fpr_high,
    }


def wilson(hits: int, of: int, z: float = 1.959964) -> tuple[float, float]:
    """The 95 % interval of a share; it also holds for 0 of n and n of n."""
    if not of:
        return math.nan, math.nan
    share, square = hits / of, z * z / of
    middle = (share + square / 2) / (1 + square)
    half = z * math.sqrt(share * (1 - share) / of + square / (4 * of)) / (1 + square)
    return (0.0 if hits == 0 else middle - half), (1.0 if hits == of else middle + half)
