"""Who the errors are made on: figures at one threshold by dataset, method, modality or identity."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd

from core.errors import BadInput

KEYS = ("dataset", "method", "modality", "identity", "group")
NOBODY = "–"  # the value of rows that state none


def keyed(table: pd.DataFrame, key: str) -> pd.Categorical:
    """The column as categories, every row in one. Made once, it makes each breakdown a matter of milliseconds."""
    if key not in table:
        raise BadInput(f"these scores have no column {key}")
    column = table[key].astype(object)
    return pd.Categorical(column.where(column.notna() & (column != ""), NOBODY).astype(str).astype(object))


def breakdown(
    table: pd.DataFrame, threshold: float | None, key: str, keys: pd.Categorical | None = None
) -> pd.DataFrame:
    """One row for each value of `key`: counts, shares with 95 % Wilson intervals, and how often it errs.

    A share that does not exist (recall where there is no fake) is NaN.
    """
    values = keyed(table, key) if keys is None else keys
    scores = table["score"].to_numpy()
    called = (
        np.zeros(len(table), np.intp)
        if threshold is None
        else (scores >= np.float64(threshold)).astype(np.intp)
    )
    cell = 2 * called + table["label"].to_numpy()  # 0 tn, 1 fn, 2 fp, 3 tp
    names = values.categories.to_list()
    counts = np.bincount(values.codes.astype(np.intp) * 4 + cell, minlength=4 * len(names)).reshape(-1, 4)
    rows = [
        _row(name, tp, fp, tn, fn, key) for name, (tn, fn, fp, tp) in zip(names, counts.tolist(), strict=True)
    ]
    return pd.DataFrame(rows).sort_values(["errors", key], ascending=[False, True], ignore_index=True)


def _row(name: str, tp: int, fp: int, tn: int, fn: int, key: str) -> dict[str, Any]:
    fakes, reals = tp + fn, fp + tn
    recall_low, recall_high = wilson(tp, fakes)
    fpr_low, fpr_high = wilson(fp, reals)
    return {
        key: name,
        "n": fakes + reals,
        "fake": fakes,
        "real": reals,
        "tp": tp,
        "fp": fp,
        "tn": tn,
        "fn": fn,
        "errors": fp + fn,
        "error_rate": (fp + fn) / (fakes + reals) if fakes + reals else math.nan,
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
