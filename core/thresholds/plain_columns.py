"""Score and key files without a header, as the speech community writes them: columns apart by spaces or tabs.

    LA_E_2834763 - spoof 1.83          utterance, attack, key, score (ASVspoof CM)
    LA_E_2834763 1.83 spoof            utterance, score, key
    LA_E_2834763 1.83                  utterance and score, with a key file beside it

What a column is, is found by what stands in it: words of a class, numbers, or names.
"""

from __future__ import annotations

import io
import re
from dataclasses import dataclass
from typing import IO, Any

FAKE_WORDS = (
    "fake", "1", "1.0", "true", "spoof", "spoofed", "nontarget", "deepfake", "synthetic", "generated",
)  # fmt: skip
REAL_WORDS = (
    "real", "0", "0.0", "false", "bonafide", "bona-fide", "bona_fide", "bona fide", "target", "genuine", "human",
    "authentic", "original",
)  # fmt: skip
LABEL_WORDS = frozenset((*FAKE_WORDS, *REAL_WORDS))
PLAIN_DIGITS = frozenset(("0", "1", "0.0", "1.0"))
LOOKED_AT = 4_000  # rows that tell the columns apart
MOST_COLUMNS = 32


@dataclass(frozen=True)
class PlainColumns:
    """Places of the columns; None where there is none."""

    count: int
    score: int | None
    label: int | None
    id: int | None
    method: int | None = None

    def known(self) -> dict[str, int]:
        """House name -> place of what is there."""
        each = {"label": self.label, "score": self.score, "id": self.id, "method": self.method}
        return {name: place for name, place in each.items() if place is not None}


def rows_of(head: bytes) -> list[list[str]]:
    """The first whole rows, split at white space."""
    lines = head.decode("utf-8", errors="replace").splitlines()
    whole = lines[:-1] if len(lines) > 1 and not head.endswith((b"\n", b"\r")) else lines
    return [line.split() for line in whole[:LOOKED_AT] if line.strip()]


def recognise(head: bytes) -> PlainColumns | None:
    """The columns of a file without a header; None for anything else (a CSV, a file with a header)."""
    rows = rows_of(head)
    if not rows or not 2 <= len(rows[0]) <= MOST_COLUMNS or any(len(row) != len(rows[0]) for row in rows):
        return None
    columns = [[row[place] for row in rows] for place in range(len(rows[0]))]
    numeric = [all(map(is_number, column)) for column in columns]
    label = _label_of(columns)
    scores = [place for place, is_score in enumerate(numeric) if is_score and place != label]
    if label is None and not scores:
        return None
    score = max(scores, key=lambda p: (len(set(columns[p])), p)) if scores else None
    names = [place for place in range(len(columns)) if place not in (label, score)]
    found = max(names, key=lambda p: (len(set(columns[p])), not numeric[p], -p)) if names else None
    if found is not None and len(set(columns[found])) < len(rows):
        found = None  # names that repeat are no ids
    attacks = [place for place in names if place != found and _is_attack(set(columns[place]))]
    return PlainColumns(len(columns), score, label, found, attacks[0] if attacks else None)


def _is_attack(words: set[str]) -> bool:
    """Names of attacks as ASVspoof writes them: A07, S10, and - for bona fide."""
    return words != {"-"} and all(
        word in ("-", "bonafide") or re.fullmatch(r"[AS]A?\d{1,3}", word) for word in words
    )


def _label_of(columns: list[list[str]]) -> int | None:
    """The column that holds words of classes alone: words before 0 and 1, both classes before one, the last of equals."""
    ranked = []
    for place, column in enumerate(columns):
        words = {word.casefold() for word in column}
        if words <= LABEL_WORDS:
            ranked.append((not words <= PLAIN_DIGITS, len(words) == 2, place))
    return max(ranked)[2] if ranked else None


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


def _single_spaced(text: bytes) -> bytes:
    if b"\t" in text:
        text = text.replace(b"\t", b" ")
    if b"  " in text:
        text = re.sub(rb" {2,}", b" ", text)
    if b" \n" in text or b" \r" in text:
        text = re.sub(rb" +(?=\r?\n)", b"", text)
    if b"\n " in text or text.startswith(b" "):
        text = re.sub(rb"(?m)^ +", b"", text)
    return text
