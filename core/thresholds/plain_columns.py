"""Score and key files without a header, as the speech community writes them: columns apart by spaces, tabs or commas.

    LA_E_2834763 - spoof 1.83          utterance, attack, key, score (ASVspoof CM)
    LA_E_2834763 1.83 spoof            utterance, score, key
    LA_E_2834763 1.83                  utterance and score, with a key file beside it

What a column is, is found by what stands in it: words of a class, numbers, or names.
"""

from __future__ import annotations

import csv
import io
import re
from dataclasses import dataclass
from typing import IO, Any

import numpy as np

FAKE_WORDS = (
    "fake", "1", "1.0", "true", "spoof", "spoofed", "nontarget", "deepfake", "synthetic", "generated", "forged",
    "manipulated", "tampered", "artificial", "ai", "ai-generated", "ai_generated",
)  # fmt: skip
REAL_WORDS = (
    "real", "0", "0.0", "false", "bonafide", "bona-fide", "bona_fide", "bona fide", "target", "genuine", "human",
    "authentic", "original", "pristine", "natural", "live",
)  # fmt: skip
LABEL_WORDS = frozenset((*FAKE_WORDS, *REAL_WORDS))
PLAIN_DIGITS = frozenset(("0", "1", "0.0", "1.0"))
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
    in_words: bool = True  # labels are words, not 0 and 1

    @property
    def header(self) -> list[str]:
        """Places stand for names."""
        return [str(place + 1) for place in range(self.count)]

    def known(self) -> dict[str, int]:
        """House name -> place of what is there."""
        each = {"label": self.label, "score": self.score, "id": self.id, "method": self.method}
        return {name: place for name, place in each.items() if place is not None}


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
    *,
    named: bool = False,
) -> PlainColumns | None:
    """The columns of a file without a header; None for anything else (a file with a header).

    `needed` columns decide what a column of two unknown words or of repeated names is; `fake_word` is a label's word;
    `named`: the user says which columns are what. Else 0 and 1 between commas are no labels, for they may be anything.
    """
    by_spaces = _recognise(head, " ", needed, fake_word)
    complete = by_spaces is not None and all(name in by_spaces.known() for name in needed)
    # Commas may be part of names between spaces; tabs stand around names that have spaces.
    for separator in "\t" if complete else "\t,;|":
        found = _recognise(head, separator, needed, fake_word)
        if found is None or (by_spaces is not None and by_spaces.count <= found.count):
            continue
        if named or (found.in_words and all(name in found.known() for name in needed)):
            return found
    return by_spaces


def _recognise(
    head: bytes, separator: str, needed: tuple[str, ...], fake_word: str | None
) -> PlainColumns | None:
    if separator.strip() and separator.encode() not in head:
        return None
    quoted = separator != " " or all(line.lstrip().startswith('"') for line in _lines(head))
    try:
        rows = rows_of(head, separator, quoted=quoted)
    except csv.Error:
        return None
    if not rows or not 2 <= len(rows[0]) <= MOST_COLUMNS or any(len(row) != len(rows[0]) for row in rows):
        return None
    columns = [[row[place] for row in rows] for place in range(len(rows[0]))]
    numeric = [all(map(is_number, column)) for column in columns]
    label = _label_of(columns, fake_word)
    if label is None and "label" in needed:
        label = _two_words(columns, numeric)
    scores = [place for place, is_score in enumerate(numeric) if is_score and place != label]
    if label is None and not scores:
        return None
    score = max(scores, key=lambda p: (len(set(columns[p])), p)) if scores else None
    names = [place for place in range(len(columns)) if place not in (label, score)]
    found = max(names, key=lambda p: (len(set(columns[p])), not numeric[p], -p)) if names else None
    if found is not None and "id" not in needed and not _are_ids(columns[found]):
        found = None
    attacks = [place for place in names if place != found and _is_attack(set(columns[place]))]
    place_of_attack = attacks[0] if attacks else None
    in_words = label is None or not {word.casefold() for word in columns[label]} <= PLAIN_DIGITS
    return PlainColumns(len(columns), score, label, found, place_of_attack, separator, quoted, in_words)


def _are_ids(column: list[str]) -> bool:
    """Names that repeat are no ids; where very few do, rows are there twice, which the reader refuses."""
    return len(set(column)) >= NEARLY_ALL * len(column)


def _two_words(columns: list[list[str]], numeric: list[bool]) -> int | None:
    """The last column of two words that nobody here knows: the reader asks which of them means fake."""
    found = [p for p, column in enumerate(columns) if not numeric[p] and len(set(column)) == 2]
    return found[-1] if found and len(columns[0]) > 2 else None


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


def _label_of(columns: list[list[str]], fake_word: str | None) -> int | None:
    """The column that holds words of classes alone: words before 0 and 1, both classes before one, the last of equals.
    A word that the user calls fake makes its column the label, if there is one other word at most."""
    ranked = []
    asked = (fake_word or "").strip().casefold()
    for place, column in enumerate(columns):
        words = {word.casefold() for word in column}
        named = bool(asked) and asked in words and len(words) <= 2
        if named or words <= LABEL_WORDS:
            ranked.append((named, not words <= PLAIN_DIGITS, len(words) == 2, place))
    return max(ranked)[-1] if ranked else None


def is_number(word: str | None) -> bool:
    """As a file may write it: Python also takes 1_000."""
    try:
        float(word or "")
    except ValueError:
        return False
    return "_" not in (word or "")


class SingleSpaces(io.RawIOBase):
    """A file with one space where it has several or tabs, and none at the ends of its lines."""

    def __init__(self, file: IO[bytes] | io.RawIOBase, block: int) -> None:
        self.file, self.block = file, block
        self.rest, self.ready = b"", memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self.ready:
            data = self.file.read(self.block) or b""
            if not data and not self.rest:
                return 0
            text = self.rest + data
            cut = text.rfind(b"\n") + 1 if data else len(text)
            if not cut and len(text) > self.block:
                cut = len(text)  # a row longer than a block is refused by whoever reads it
            self.ready, self.rest = memoryview(_single_spaced(text[:cut])), text[cut:]
        given = self.ready[: len(buffer)]
        self.ready = self.ready[len(given) :]
        buffer[: len(given)] = given
        return len(given)


def _has_two_white(text: bytes) -> bool:
    """Whether two bytes of white space follow each other; one pass, where each search of bytes would be one."""
    white = np.frombuffer(text, np.uint8) <= ord(" ")
    return bool((white[1:] & white[:-1]).any())


def _single_spaced(text: bytes) -> bytes:
    if b"\t" in text:
        text = text.replace(b"\t", b" ")
    if not text.startswith(b" ") and not _has_two_white(text):
        return text
    if b"  " in text:
        text = re.sub(rb" {2,}", b" ", text)
    if b" \n" in text or b" \r" in text:
        text = re.sub(rb" +(?=\r?\n)", b"", text)
    if b"\n " in text or text.startswith(b" "):
        text = re.sub(rb"(?m)^ +", b"", text)
    return text
