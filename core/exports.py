"""Tables that leave the workbench as CSV: no cell can be a formula where a spreadsheet opens it."""

from __future__ import annotations

import pandas as pd

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def safe_cell(value: object) -> object:
    """Text that a spreadsheet would run gets an apostrophe in front; numbers stay numbers."""
    if isinstance(value, str) and value.startswith(FORMULA_STARTS):
        return "'" + value
    return value


def to_csv(frame: pd.DataFrame) -> str:
    guarded = frame.copy()
    guarded.columns = [safe_cell(str(name)) for name in guarded.columns]
    for position, kind in enumerate(frame.dtypes):
        if not pd.api.types.is_numeric_dtype(kind):
            guarded.isetitem(position, frame.iloc[:, position].map(safe_cell))
    return guarded.to_csv(index=False)
