"""Tables to read: what they show, what they leave out, and that text in them does nothing."""

from __future__ import annotations

import re

import pandas as pd

from dashboard import tables
from tests.dashboard.html_tables import read

NASTY = "<img src=x onerror=alert(1)>\u202e\"'&"


def test_columns_that_hold_nothing_are_left_out_and_a_zero_is_something() -> None:
    rows = [{"run": "a", "AUC": "0.9", "note": "", "errors": 0, "other": None, "leaks": "–"}]
    assert list(pd.DataFrame(rows)[tables.telling(pd.DataFrame(rows), tables.NOTHING)]) == [
        "run",
        "AUC",
        "errors",
    ]


def test_text_from_data_is_shown_and_does_nothing() -> None:
    html = tables._html(pd.DataFrame([{NASTY: NASTY}]), NASTY)
    assert "<img" not in html and "\u202e" not in html
    assert re.findall(r'="[^"]*"', html)  # attributes end where they should: the reader finds one cell
    assert read(html).iloc[0, 0].startswith("<img src=x onerror=alert(1)>")


def test_a_missing_value_is_a_dash_and_never_none() -> None:
    frame = pd.DataFrame({"a": [1, None], "b": [0.123456, float("nan")], "c": ["x", None], "d": [12345, 2]})
    shown = read(tables._html(frame, "")).to_numpy().tolist()
    assert shown == [["1.00", "0.123", "x", "12,345"], ["–", "–", "–", "2"]]


def test_an_interval_stays_together() -> None:
    assert tables.cell("0.913 [0.88, 0.94]") == "0.913 [0.88,\u00a00.94]"


def test_each_cell_names_its_column_for_a_narrow_window() -> None:
    html = tables._html(pd.DataFrame([{"run": "first", "macro F1": "0.8"}]), "Runs")
    assert '<td data-label="run">first</td><td data-label="macro F1">0.8</td>' in html
    assert 'role="region" tabindex="0" aria-label="Runs"' in html
