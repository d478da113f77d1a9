"""Tables to read: their text goes on below instead of being cut, and on a telephone each row is a card. A click on a
heading sorts the rows (page_frame/sorting.js), by the numbers behind the texts.

wide     run     AUC     macro F1          narrow   run       First
         First   0.967   0.848                      AUC       0.967
         Second  0.850   0.783                      macro F1  0.848
                                                    ────────────────
                                                    run       Second
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from html import escape
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from core import numbers
from dashboard import links
from dashboard.theme import visible

WINDOWS = ("wide", "tablet", "phone")
NOTHING = ("", "–", "[]", None)
MOST_ROWS = 200  # longer ones scroll in a grid that draws only what is in view
SOME, MANY = 4, 7  # columns from which a telephone, and a tablet, are too narrow for a row
LACKING = '<span class="lacking">▲ 0</span>'  # none of what is needed: by colour, shape and figure
LONG = 20  # letters of a word that may be broken anywhere
_INTERVAL = re.compile(r"\[(\S+), (\S+)\]")
_LONG_WORD, _MAY_BREAK = re.compile(rf"\S{{{LONG + 1},}}"), re.compile(r"(?<=[/_?=-])(?<!//)(?=[^\s/_?=-])")
# What one of a unit is of the smallest of its kind.
_UNITS = {"": 1.0, "%": 1.0, "s": 1.0, "min": 60.0, "h": 3600.0}
_UNITS |= {"B": 1.0, "kB": 1e3, "MB": 1e6, "GB": 1e9, "TB": 1e12, "million": 1e6}
_FIGURE = re.compile(
    r"(?P<value>[+−-]?\d[\d,]*(?:\.\d+)?) ?(?P<unit>%|s|min|h|[kMGT]?B|million)?"
    r"(?: (?P<minutes>\d\d) min)?(?: ?: ?1)?(?: \[\S+, \S+\])?"
)


def telling(frame: pd.DataFrame, nothing: Collection[object] = ("", "–", 0, None)) -> list[str]:
    """The columns in which at least one row says something: not nothing, not zero, not a dash."""
    return [c for c in frame.columns if not frame[c].isin(nothing).all() and frame[c].notna().any()]


def show(
    rows: pd.DataFrame | Sequence[Mapping[str, Any]],
    key: str,
    *,
    what: str,
    whole: Collection[str] = (),
    linked: Collection[str] = (),
    needed: Collection[str] = (),
) -> None:
    """Without the columns that hold nothing; a zero is something here. `what` names the table to those who hear it.

    The cells of the columns in `whole` stay on one line: a date has hyphens, at which it would be broken. Web addresses
    in the columns in `linked` can be followed. A zero in the columns in `needed` is amber.
    """
    frame = pd.DataFrame(rows)
    frame = frame[telling(frame, NOTHING)]
    if len(frame) > MOST_ROWS:
        st.dataframe(frame, hide_index=True, key=key, alt=what, column_config=under_headings(frame))
        return
    st.container(key=key).html(_html(frame, what, whole, linked, needed))


def under_headings(frame: pd.DataFrame) -> dict[str, Any]:
    """The grid writes every heading to the left: numbers to the right would stand apart from theirs."""
    counted = frame.select_dtypes("number").columns
    return {str(name): st.column_config.NumberColumn(alignment="left") for name in counted}


def _html(
    frame: pd.DataFrame,
    what: str,
    whole: Collection[str] = (),
    linked: Collection[str] = (),
    needed: Collection[str] = (),
) -> str:
    counted = [pd.api.types.is_numeric_dtype(frame[name]) for name in frame.columns]
    classes = [
        _classes(right, name in whole, not right and _has_long_words(frame.iloc[:, place]))
        for place, (name, right) in enumerate(zip(frame.columns, counted, strict=True))
    ]
    head = "".join(
        f'<th scope="col"{_attribute(kind)}>{_text(name)}</th>'
        for name, kind in zip(frame.columns, classes, strict=True)
    )
    ranks = [sort_values(frame.iloc[:, place]) for place in range(len(frame.columns))]
    body = "".join(
        "<tr>"
        + "".join(
            f'<td data-label="{_text(name)}"{_sort(rank[place])}{_attribute(kind, value)}>'
            f"{LACKING if name in needed and value == 0 else _broken(value, name in whole, name in linked)}</td>"
            for name, value, rank, kind in zip(frame.columns, row, ranks, classes, strict=True)
        )
        + "</tr>"
        for place, row in enumerate(frame.itertuples(index=False, name=None))
    )
    columns = len(frame.columns)
    kind = "reading-table" + (" many" if columns >= MANY else " some" if columns >= SOME else "")
    return (
        f'<div class="{kind}" role="region" tabindex="0" aria-label="{_text(what)}"><table>'
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def sort_values(column: pd.Series) -> list[float | None]:
    """What each cell of a column of figures is sorted by; nothing where most cells are words, or where one row is all.

    14 min, 48 s, 2 h 05 min  ->  840, 48, 7500        0.967 [0.95, 0.98], –  ->  0.967, None
    """
    found = [_figure(value) for value in column]
    stated = sum(cell(value) not in NOTHING for value in column)
    figures = sum(value is not None for value in found)
    return found if len(found) > 1 and 2 * figures > stated else [None] * len(found)


def _figure(value: object) -> float | None:
    """The number of a cell, or that its text begins with; None for words and for what is not finite."""
    if isinstance(value, (int, float, np.integer, np.floating)) and not isinstance(value, bool):
        return float(value) if np.isfinite(value) else None
    text = str(value).replace("\u00a0", " ")
    if (read := _FIGURE.fullmatch(text)) is None:
        return None
    whole = float(read["value"].replace(",", "").replace(numbers.MINUS, "-")) * _UNITS[read["unit"] or ""]
    return whole + 60 * float(read["minutes"] or 0)


def _sort(value: float | None) -> str:
    return "" if value is None else f' data-sort="{value:.12g}"'


def _text(value: object) -> str:
    return escape(visible(str(value)))


def _has_long_words(column: pd.Series) -> bool:
    """Such as a hash or the name of a class, which have no place to break."""
    return any(len(part) > LONG for value in column for part in re.split(r"[\s/_?=-]+", str(value)))


def _broken(value: object, whole: bool, linked: bool = False) -> str:
    """The text of a cell; an address or a path goes on below after a slash or a hyphen, not within a word."""
    text = cell(value)
    if linked and isinstance(value, str):
        broken = links.in_html(value, lambda piece: _break(cell(piece)))
    else:
        broken = text if whole else _break(text)
    return text if broken == text else f"<span>{broken}</span>"  # one part of what a card lays out


def _break(text: str) -> str:
    return _LONG_WORD.sub(lambda word: _MAY_BREAK.sub("<wbr>", word[0]), text)


def _classes(number: bool, whole: bool, long_words: bool) -> list[str]:
    return ["number"] * number + ["whole"] * whole + ["long-words"] * (long_words and not whole)


def _attribute(names: Sequence[str], value: object = 0) -> str:
    """A cell that says nothing is known as such: a card leaves it out."""
    every = [*names, *["nothing"] * (cell(value) in ("", numbers.NOTHING))]
    return f' class="{" ".join(every)}"' if every else ""


def cell(value: object) -> str:
    """Text that does nothing; an interval stays on one line, and nothing is a dash."""
    if value is None or value is pd.NA or (isinstance(value, float) and not np.isfinite(value)):
        return numbers.NOTHING
    if isinstance(value, (bool, np.bool_)):
        return "yes" if value else "no"
    if isinstance(value, (int, np.integer)):
        return numbers.count(int(value))
    if isinstance(value, (float, np.floating)):
        return numbers.number(float(value))
    return _INTERVAL.sub("[\\1,\u00a0\\2]", _text(value))


def draw_by_window(key: str, draw: Callable[[str], None]) -> None:
    """A grid that is clicked in cannot wrap its columns: it is drawn for each width of window, and page.css shows the
    one that fits."""
    for window in WINDOWS:
        with st.container(key=f"{key}-for-{window}"):
            draw(window)
