"""Which column of a file without a header is the label and which the score, by what stands in them.

    a1  0.83  1       words of a class are labels, and else a column of 0 and 1;
    a2  0.20  0       numbers that are not whole are scores rather than whole ones, and those rather than 0 and 1

Where two columns are as likely, neither is taken: the user has to say.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

# fmt: off
FAKE_WORDS = (
    "fake", "1", "1.0", "true", "spoof", "spoofed", "nontarget", "deepfake", "synthetic", "generated", "forged",
    "manipulated", "tampered", "artificial", "ai", "ai-generated", "ai_generated",
    "aigc",
)
REAL_WORDS = (
    "real", "0", "0.0", "false", "bonafide", "bona-fide", "bona_fide", "bona fide", "target", "genuine", "human",
    "authentic", "original", "pristine", "natural", "live", "nature", "photo",
)
# fmt: on
LABEL_WORDS = frozenset((*FAKE_WORDS, *REAL_WORDS))
PLAIN_DIGITS = frozenset(("0", "1", "0.0", "1.0"))

Columns = Sequence[Sequence[str]]


@dataclass(frozen=True)
class Choice:
    """A column, or those among which nothing decides."""

    place: int | None = None
    doubts: tuple[int, ...] = ()
    assumed: bool = False  # 0 and 1, which nothing calls labels


def choose_label(columns: Columns, places: Sequence[int], fake_word: str | None) -> Choice:
    """Among `places`. A word that the user calls fake makes its column the label, if there is one other at most."""
    asked = (fake_word or "").strip().casefold()
    distinct = {place: {word.casefold() for word in columns[place]} for place in places}
    named = [place for place, words in distinct.items() if asked in words and len(words) <= 2]
    if asked and is_number(asked):
        named = [place for place in named if all(map(_is_whole, distinct[place]))]
        return _only(named) if named else Choice()
    if named:
        return Choice(named[-1])
    worded = [p for p, words in distinct.items() if words <= LABEL_WORDS and not words <= PLAIN_DIGITS]
    if worded:  # both classes before one, the last of equals
        return Choice(max(worded, key=lambda place: (len(distinct[place]) == 2, place)))
    digits = [place for place, words in distinct.items() if words <= PLAIN_DIGITS]
    both = [place for place in digits if len({float(word) for word in distinct[place]}) == 2]
    return _only(both or digits, assumed=True)


def choose_score(columns: Columns, places: Sequence[int]) -> Choice:
    """Among `places`, all of numbers."""
    left = list(places)
    for likely in (_varies, _is_no_yes_or_no, _has_fractions):
        kept = [place for place in left if likely(columns[place])]
        left = kept or left
    return _only(left)


def two_unknown(columns: Columns, numeric: Sequence[bool], places: Sequence[int]) -> int | None:
    """The last column of two words, or of two whole numbers beside a column of more, that nobody here knows: the reader
    asks which of them means fake."""
    several = any(numeric[place] and len(set(columns[place])) > 2 for place in places)
    found = [
        place
        for place in places
        if len(set(columns[place])) == 2
        and (not numeric[place] or (several and all(map(_is_whole, columns[place]))))
    ]
    return found[-1] if found and len(columns) > 2 else None


def _only(places: Sequence[int], *, assumed: bool = False) -> Choice:
    if len(places) == 1:
        return Choice(places[0], assumed=assumed)
    return Choice(doubts=tuple(places))


def _varies(column: Sequence[str]) -> bool:
    return len(set(column)) > 1


def _is_no_yes_or_no(column: Sequence[str]) -> bool:
    return not set(column) <= PLAIN_DIGITS


def _has_fractions(column: Sequence[str]) -> bool:
    return not all(map(_is_whole, column))


def _is_whole(word: str) -> bool:
    return is_number(word) and float(word).is_integer()


def is_number(word: str | None) -> bool:
    """As a file may write it: Python also takes 1_000."""
    try:
        float(word or "")
    except ValueError:
        return False
    return "_" not in (word or "")
