"""Tables to read: what they show, what they leave out, and that text in them does nothing."""

from __future__ import annotations

import re

import pandas as pd
import pytest

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


def test_none_of_what_is_needed_is_amber() -> None:
    html = tables._html(pd.DataFrame([{"real": 0, "left out": 0}]), "Parts", needed=("real",))
    assert html.count("lacking") == 1 and read(html).iloc[0].tolist() == ["▲ 0", "0"]


def test_an_interval_stays_together() -> None:
    assert tables.cell("0.913 [0.88, 0.94]") == "0.913 [0.88,\u00a00.94]"


def test_each_cell_names_its_column_for_a_narrow_window() -> None:
    html = tables._html(pd.DataFrame([{"run": "first", "macro F1": "0.8"}]), "Runs")
    assert '<td data-label="run">first</td><td data-label="macro F1">0.8</td>' in html
    assert 'role="region" tabindex="0" aria-label="Runs"' in html


@pytest.mark.parametrize(
    ("texts", "values"),
    [
        (["14 min", "48 s", "2 h 05 min", "–"], [840, 48, 7500, None]),
        (["0.967 [0.95, 0.98]", "−0.250 [−0.30, −0.20]", "+0.0312"], [0.967, -0.25, 0.0312]),
        (["2.50 MB", "900 kB", "12 B"], [2.5e6, 9e5, 12]),
        (["1.52 million", "26,552"], [1.52e6, 26552]),
        (["1,230", "0.42", "none"], [1230, 0.42, None]),
        (["12.5 % [9.8, 15.7]", "3.00 %"], [12.5, 3]),
        (["19 : 1", "3.17:1"], [19, 3.17]),
        ([3, 12345, None], [3, 12345, None]),
    ],
)
def test_figures_are_sorted_by_what_they_say(texts: list[object], values: list[float | None]) -> None:
    assert tables.sort_values(pd.Series(texts, dtype=object)) == values


@pytest.mark.parametrize(
    "texts",
    [
        ["140k Real and Fake Faces", "Celeb-DF-v2", "2 Fast"],
        ["2026-11-28 08:09 UTC", "2026-11-27 10:00 UTC"],
        [
            "only one row",
        ],
        ["0.5"],
        [True, False],
    ],
)
def test_words_are_sorted_as_words(texts: list[object]) -> None:
    assert tables.sort_values(pd.Series(texts, dtype=object)) == [None] * len(texts)


def test_an_address_goes_on_below_after_a_slash_or_a_hyphen_and_is_the_same_address() -> None:
    rows = [{"from": "https://example.org/deepfake-detection-challenge", "day": "2026-11-28T08:09:00+00:00"}]
    html = tables._html(pd.DataFrame(rows), "Datasets", whole=("day",))
    assert "<span>https://example.org/<wbr>deepfake-<wbr>detection-<wbr>challenge</span>" in html
    assert html.count("<wbr>") == 3 and "long-words" not in html
    assert read(html).iloc[0].tolist() == list(rows[0].values())


def test_a_cell_that_says_nothing_is_left_out_of_a_card() -> None:
    html = tables._html(pd.DataFrame([{"run": "a", "note": ""}, {"run": "b", "note": None}]), "Runs")
    assert html.count('class="nothing"') == 2


def test_a_word_without_a_place_to_break_may_be_broken_anywhere() -> None:
    rows = [{"what": "ViTForImageClassification", "state": "at chance", "share": 0.30000000000000004}]
    html = tables._html(pd.DataFrame(rows), "Detectors")
    assert '<td data-label="what" class="long-words">' in html
    assert html.count("long-words") == 2  # its heading, too
