"""Score and key files without a header, as the speech community writes them: columns apart by spaces, tabs or commas.

    LA_E_2834763 - spoof 1.83          utterance, attack, key, score (ASVspoof CM)
    LA_E_2834763 1.83 spoof            utterance, score, key
    LA_E_2834763 1.83                  utterance and score, with a key file beside it

What a column is, is found by what stands in it: words of a class, numbers, or names.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping
from dataclasses import dataclass

from core.thresholds.column_choice import Choice, choose_label, choose_score, is_number, two_unknown

HEADER_WORDS = frozenset((b"label", b"score", b"id", b"key", b"group", b"dataset", b"y_true", b"y_score"))
LOOKED_AT = 4_000  # rows that tell the columns apart
NEARLY_ALL = 0.95  # so many distinct names are ids of which some repeat
MOST_COLUMNS = 32


@dataclass(frozen=True)
class PlainColumns:
    """Places of the columns; None where there is none."""

    count: int
    score: int | None
    label: int | None
    id: int | None
    method: int | None = None
    separator: str = " "  # a space stands for any white space
    quoted: bool = False
    # House name, and the places among which nothing decides.
    doubts: tuple[tuple[str, tuple[int, ...]], ...] = ()
    assumed: bool = False  # labels are 0 and 1, and nothing says that they are labels
    begins_as_header: bool = False  # 0, 1, 2, as pandas numbers columns without names

    @property
    def header(self) -> list[str]:
        """Places stand for names."""
        return [str(place + 1) for place in range(self.count)]

    def known(self) -> dict[str, int]:
        """House name -> place of what is there."""
        each = {"label": self.label, "score": self.score, "id": self.id, "method": self.method}
        return {name: place for name, place in each.items() if place is not None}

    def covers(self, needed: tuple[str, ...]) -> bool:
        """Whether each is there, or among columns that nothing tells apart."""
        known = {*self.known(), *(name for name, _ in self.doubts)}
        return known >= set(needed) - ({"score"} if "label" in dict(self.doubts) else set())


def before_rows(head: bytes) -> int:
    """Bytes before the first row: a byte order mark, and lines that begin with # where others do not. The last of
    these may be the header, as NumPy writes it: `# label,score`."""
    start = 3 if head.startswith(b"\xef\xbb\xbf") else 0
    last = place = start
    while head[place : place + 1] == b"#":
        end = head.find(b"\n", place) + 1
        if not end:
            return start
        last, place = place, end
    if not head[place:].strip():
        return start
    return place - len(_commented_header(head[last:place], head[place:]))


def _commented_header(line: bytes, rows: bytes) -> bytes:
    """The line without its #, if it names as many columns as the first row has, two of them as files do."""
    names, first = line.lstrip(b"# \t"), rows.splitlines()[0]
    words, cells = (re.split(rb"[,;|\s]+", text.strip().lower()) for text in (names, first))
    return names if len(words) == len(cells) and len(HEADER_WORDS & set(words)) > 1 else b""


def rows_of(head: bytes, separator: str = " ", *, quoted: bool = False) -> list[list[str]]:
    """The first whole rows; a space as separator stands for any white space."""
    lines = _lines(head)
    if separator != " ":
        return [[cell.strip() for cell in row] for row in csv.reader(lines, delimiter=separator)]
    if quoted:
        return [next(csv.reader([" ".join(line.split())], delimiter=" ")) for line in lines]
    return [line.split() for line in lines]


def _lines(head: bytes) -> list[str]:
    lines = head.decode("utf-8", errors="replace").splitlines()
    whole = lines[:-1] if len(lines) > 1 and not head.endswith((b"\n", b"\r")) else lines
    return [line for line in whole[:LOOKED_AT] if line.strip()]


def recognise(
    head: bytes,
    needed: tuple[str, ...] = ("label", "score"),
    fake_word: str | None = None,
    taken: Mapping[str, int] | None = None,
) -> PlainColumns | None:
    """The columns of a file without a header; None for anything else (a file with a header).

    `needed` columns decide what a column of two unknown words or of repeated names is; `fake_word` is a label's word;
    `taken`: columns whose places the user says, from 0.
    """
    taken = taken or {}
    by_spaces = _recognise(head, " ", needed, fake_word, taken)
    complete = by_spaces is not None and by_spaces.covers(needed)
    # Commas may be part of names between spaces; tabs stand around names that have spaces.
    for separator in "\t" if complete else "\t,;|":
        found = _recognise(head, separator, needed, fake_word, taken)
        if found is None or (by_spaces is not None and complete and by_spaces.count <= found.count):
            continue
        if taken or found.covers(needed):
            return found
    return by_spaces


def _recognise(
    head: bytes, separator: str, needed: tuple[str, ...], fake_word: str | None, taken: Mapping[str, int]
) -> PlainColumns | None:
    rows = _even_rows(head, separator)
    if rows is None:
        return None
    columns = [[row[place] for row in rows] for place in range(len(rows[0]))]
    numeric = [all(map(is_number, column)) for column in columns]
    free = [place for place in range(len(columns)) if place not in taken.values()]
    label = _choose_label(columns, numeric, free, needed, fake_word, taken)
    numbers = [
        place for place in free if numeric[place] and place != label.place and place not in label.doubts
    ]
    score = Choice(taken.get("score"))
    if score.place is None and "score" in needed:
        score = choose_score(columns, numbers)
    if label == score == Choice():
        return None
    names = [p for p in free if p not in (label.place, score.place)]
    found = max(names, key=lambda p: (len(set(columns[p])), not numeric[p], -p)) if names else None
    if found is not None and "id" not in needed and not _are_ids(columns[found]):
        found = None
    attacks = [place for place in names if place != found and _is_attack(set(columns[place]))]
    doubts = tuple((n, c.doubts) for n, c in (("label", label), ("score", score)) if c.doubts and n in needed)
    return PlainColumns(
        len(columns),
        score.place,
        label.place,
        found,
        attacks[0] if attacks else None,
        separator,
        _is_quoted(head, separator),
        doubts,
        label.assumed,
        rows[0] == [str(place) for place in range(len(columns))] and len(rows) > 1,
    )


def _choose_label(
    columns: list[list[str]],
    numeric: list[bool],
    free: list[int],
    needed: tuple[str, ...],
    fake_word: str | None,
    taken: Mapping[str, int],
) -> Choice:
    if "label" in taken:
        return Choice(taken["label"])
    label = choose_label(columns, free, fake_word)
    if "label" not in needed:  # then 0 and 1 are scores like others
        return Choice() if label.assumed or label.doubts else label
    return label if label != Choice() else Choice(two_unknown(columns, numeric, free))


def _is_quoted(head: bytes, separator: str) -> bool:
    return separator != " " or all(line.lstrip().startswith('"') for line in _lines(head))


def _even_rows(head: bytes, separator: str) -> list[list[str]] | None:
    """The first rows, where they may be those of a file without a header: as long as each other, and none begins with a
    row that has an empty cell, as pandas writes above its index."""
    if separator.strip() and separator.encode() not in head:
        return None
    try:
        rows = rows_of(head, separator, quoted=_is_quoted(head, separator))
    # Not this separator; the next one is tried.
    except csv.Error:
        return None
    if not rows or not 2 <= len(rows[0]) <= MOST_COLUMNS or any(len(row) != len(rows[0]) for row in rows):
        return None
    return rows if all(rows[0]) else None


def _are_ids(column: list[str]) -> bool:
    """Names that repeat are no ids; where very few do, rows are there twice, which the reader refuses."""
    return len(set(column)) >= NEARLY_ALL * len(column)


def uneven_row(head: bytes) -> str | None:
    """What is wrong with a file without a header whose rows differ in length."""
    rows = rows_of(head)
    if rows and any(map(is_number, rows[0])):
        for number, row in enumerate(rows, 1):
            if len(row) != len(rows[0]):
                return f"row {number} has {len(row)} columns where the first has {len(rows[0])}"
    return None


def _is_attack(words: set[str]) -> bool:
    """Names of attacks as ASVspoof writes them: A07, S10, and - for bona fide."""
    return words != {"-"} and all(
        word in ("-", "bonafide") or re.fullmatch(r"[AS]A?\d{1,3}", word) for word in words
    )
