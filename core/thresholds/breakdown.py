"""Who the errors are made on: figures at one threshold by dataset, method, modality or identity."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd

from core.errors import BadInput
from core.thresholds import proportions
from core.thresholds.resampling import group_codes

KEYS = ("dataset", "method", "modality", "present", "identity", "group")
NOBODY = "–"  # the value of rows that state none


def group_by_key(table: pd.DataFrame, key: str) -> pd.Categorical:
    """The column as categories, every row in one. Made once, it makes each breakdown a matter of milliseconds."""
    if key not in table:
        raise BadInput(f"these scores have no column {key}")
    column = table[key].astype(object)
    return pd.Categorical(column.where(column.notna() & (column != ""), NOBODY).astype(str).astype(object))


@dataclass(frozen=True, eq=False)
class Tied:
    """Which rows of a breakdown hang together: the groups of each value. Made once for a key."""

    pair: np.ndarray  # of each row: its value and group together
    value: np.ndarray  # of each pair: the place of its value

    @classmethod
    def of(cls, values: pd.Categorical, groups: pd.Series) -> Tied:
        codes, count = group_codes(groups)
        pairs, pair = np.unique(values.codes.astype(np.int64) * count + codes, return_inverse=True)
        return cls(pair, (pairs // count).astype(np.intp))


def find_tie(table: pd.DataFrame, key: str, values: pd.Categorical) -> Tied | None:
    """None where rows are independent, and where the values are themselves what ties rows together."""
    if "group" not in table or key in ("group", "identity") or not table["group"].duplicated().any():
        return None
    return Tied.of(values, table["group"])


def breakdown(
    table: pd.DataFrame,
    threshold: float | None,
    key: str,
    keys: pd.Categorical | None = None,
    ties: Tied | None = None,
) -> pd.DataFrame:
    """One row for each value of `key`: counts, shares with 95 % Wilson intervals, and how often it errs.

    Where rows hang together, intervals are those of as many samples as their groups are worth. A share that does not
    exist (recall where there is no fake) is NaN.
    """
    values = group_by_key(table, key) if keys is None else keys
    ties = find_tie(table, key, values) if ties is None and keys is None else ties
    scores = table["score"].to_numpy()
    called = (
        np.zeros(len(table), np.intp)
        if threshold is None
        else (scores >= np.float64(threshold)).astype(np.intp)
    )
    cell = 2 * called + table["label"].to_numpy()  # 0 tn, 1 fn, 2 fp, 3 tp
    names = values.categories.to_list()
    counts = _count_cells(values.codes, cell, len(names))
    tn, fn, fp, tp = counts
    columns: dict[str, object] = {key: names, "n": tp + fp + tn + fn, "fake": tp + fn, "real": fp + tn}
    columns |= {"tp": tp, "fp": fp, "tn": tn, "fn": fn, "errors": fp + fn}
    per_group = None if ties is None else _count_cells(ties.pair, cell, len(ties.value))
    for share, parts in (("error_rate", _errors), ("recall", _recall), ("fpr", _fpr)):
        hits, of = parts(*counts)
        sizes = (
            of if per_group is None or ties is None else _worth(*parts(*per_group), ties.value, len(names))
        )
        value = np.divide(hits, of, out=np.full(len(names), math.nan), where=of > 0)
        low, high = proportions.wilson(value * sizes, sizes)
        columns |= {share: value, f"{share}_low": np.fmin(low, value), f"{share}_high": np.fmax(high, value)}
    return pd.DataFrame(columns).sort_values(["errors", key], ascending=[False, True], ignore_index=True)


_Cells = tuple[np.ndarray, np.ndarray]


def _errors(tn: np.ndarray, fn: np.ndarray, fp: np.ndarray, tp: np.ndarray) -> _Cells:
    return fp + fn, tn + fn + fp + tp


def _recall(tn: np.ndarray, fn: np.ndarray, fp: np.ndarray, tp: np.ndarray) -> _Cells:
    return tp, tp + fn


def _fpr(tn: np.ndarray, fn: np.ndarray, fp: np.ndarray, tp: np.ndarray) -> _Cells:
    return fp, fp + tn


def _count_cells(codes: np.ndarray, cell: np.ndarray, size: int) -> np.ndarray:
    """tn, fn, fp and tp of each code."""
    return np.bincount(codes.astype(np.intp) * 4 + cell, minlength=4 * size).reshape(-1, 4).T


def _worth(hits: np.ndarray, of: np.ndarray, value: np.ndarray, size: int) -> np.ndarray:
    """proportions.worth for each value: the counts are those of its groups."""
    total, hit = (np.bincount(value, part, minlength=size) for part in (of, hits))
    groups = np.bincount(value, of > 0, minlength=size)
    share = np.divide(hit, total, out=np.zeros(size), where=total > 0)
    among = np.bincount(value, (hits - share[value] * of) ** 2, minlength=size)
    return proportions.worth_of(total, share, groups, among)


def wilson(hits: int, of: int) -> tuple[float, float]:
    """The 95 % interval of one share; NaN of nothing."""
    low, high = proportions.wilson(np.array(float(hits)), np.array(float(of)))
    return float(low), float(high)
