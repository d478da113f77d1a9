"""CSV exports cannot carry formulas."""

from __future__ import annotations

import csv
import io

import pandas as pd

from core.exports import to_csv


def test_cells_that_a_spreadsheet_would_run_are_text() -> None:
    frame = pd.DataFrame(
        {"=name": ["=HYPERLINK(1)", "+1", "-2", "@x", "plain", "\tx"], "n": [-1.5, 2, 3, 4, 5, 6]}
    )
    rows = list(csv.reader(io.StringIO(to_csv(frame))))
    assert rows[0] == ["'=name", "n"]
    assert [row[0] for row in rows[1:]] == ["'=HYPERLINK(1)", "'+1", "'-2", "'@x", "plain", "'\tx"]
    assert rows[1][1] == "-1.5"
