"""Tables that leave the workbench as CSV: no cell can be a formula where a spreadsheet opens it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

# What a spreadsheet runs: also after a line's end, and in the full-width forms that East Asian editions take.
_FORMULA = re.compile("'*[=+\\-@\t\r\n＝＋－＠]")


def safe_cell(value: object) -> object:
    """Text that a spreadsheet would run gets an apostrophe in front; numbers stay numbers."""
    return "'" + value if isinstance(value, str) and _FORMULA.match(value) else value


def plain_cell(value: str) -> str:
    """The text that `safe_cell` was given."""
    return value[1:] if value.startswith("'") and _FORMULA.match(value) else value


def to_csv(frame: pd.DataFrame) -> str:
    import pandas as pd  # not at the top: a verdict's line is made safe without tables

    guarded = frame.copy()
    guarded.columns = [safe_cell(str(name)) for name in guarded.columns]
    for position, kind in enumerate(frame.dtypes):
        if not pd.api.types.is_numeric_dtype(kind):
            guarded.isetitem(position, frame.iloc[:, position].map(safe_cell).array)
    return guarded.to_csv(index=False, lineterminator="\n")
