"""PLAN.csv: a plan as a file that other tools read.

A cell that a spreadsheet would run as a formula (`=x.png`) has an apostrophe in front; `read` takes it away again.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from core.catalog.splits import Plan
from core.errors import BadInput
from core.exports import plain_cell, to_csv
from core.workspace import write_atomic

FILE_COLUMNS = ("id", "path", "label", "method", "split", "groups")


def as_csv(plan: Plan) -> str:
    """Groups are joined by `|`; a dropped sample has an empty split."""
    joined = ["|".join(key.replace("|", "¦") for key in keys) for keys in plan.table["groups"]]
    return to_csv(plan.table[list(FILE_COLUMNS)].assign(groups=joined))


def write(plan: Plan, path: Path) -> None:
    try:
        write_atomic(path, as_csv(plan))
    except OSError as error:
        raise BadInput(f"{path} cannot be written ({error.strerror}); choose another --out") from error


def read(path: Path) -> pd.DataFrame:
    """The table of a PLAN.csv, with groups as lists."""
    try:
        table = pd.read_csv(path, keep_default_na=False, dtype=str)
    except (OSError, ValueError) as error:
        raise BadInput(f"{path} cannot be read as a plan ({error})") from error
    missing = [c for c in FILE_COLUMNS if c not in table]
    if missing:
        raise BadInput(f"{path} lacks the column {missing[0]!r}; a plan has {', '.join(FILE_COLUMNS)}")
    table = table.map(plain_cell)
    groups = pd.Series([g.split("|") if g else [] for g in table["groups"]], index=table.index, dtype=object)
    return table.assign(label=table["label"].astype(int), groups=groups)
