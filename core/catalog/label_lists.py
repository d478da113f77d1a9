"""Lists of paths and labels whose columns are found by their usual words."""

from __future__ import annotations

import csv
import io
from functools import lru_cache
from pathlib import Path
from typing import Any

from core.catalog.layouts.base import FAKE, REAL, SPLIT_WORDS, class_of, normal
from core.catalog.list_files import dialect_of, head_of, text_of
from core.catalog.listing import Listing
from core.catalog.problems import Problems
from core.catalog.walk import OTHER, kind_of

PATH_WORDS: tuple[str, ...] = (
    *("path", "file_path", "filepath", "file", "filename", "file_name", "relative_path", "image"),
    *("image_path", "img", "img_path", "video", "video_path", "audio", "audio_path", "clip", "name"),
    *("image_name", "video_name", "utterance", "utt", "id", "image_id", "fname", "sample"),
)
LABEL_WORDS: tuple[str, ...] = (
    *("label", "label_str", "labels", "class", "class_name", "target", "y", "truth", "ground_truth"),
    *("is_fake", "fake", "is_real", "real", "category", "type", "key", "authenticity", "verdict"),
)
NUMBERS = {"1": 1, "1.0": 1, "0": 0, "0.0": 0}
FURTHER = {
    "split": ("split", "set", "subset", "partition", "fold"),
    "method": ("method", "generator", "manipulation", "attack", "technique"),
    "identity": ("identity", "speaker", "subject", "person", "actor", "speaker_id", "subject_id"),
    "original": ("original", "source", "source_id", "original_id"),
    "text": ("text", "transcript", "transcription", "sentence", "caption", "title", "subtitle", "words"),
}


def words_of(row: dict[str, Any]) -> str | None:
    """What a list's entry says was spoken: `transcript`, or the words of `timestamps`: [[word, from, to], …]."""
    for name in FURTHER["text"]:
        value = row.get(name)
        if isinstance(value, str) and value.strip():
            return " ".join(value.split())
    stamps = row.get("timestamps")
    if isinstance(stamps, list):
        words = [one[0] for one in stamps if isinstance(one, list) and one and isinstance(one[0], str)]
        return " ".join(words) or None
    return None


@lru_cache(maxsize=4096)
def label_word(value: object) -> int | None:
    """The label that a word states; numbers state none by themselves."""
    text = normal(str(value))
    if text in ("", "nan", "none", "null", "unknown", "unlabelled", "unlabeled", "?", "_1", "-1"):
        return None
    return class_of(text)


def is_label_list(path: Path) -> bool:
    """Whether the file lists media with labels: a header with both columns, or rows like `a.jpg,fake`."""
    head = head_of(path, 65536).decode("utf-8-sig", "replace")
    try:
        return _columns(head.splitlines()[:3]) is not None
    # No table of cells, so no list either.
    except csv.Error:
        return False


def _columns(lines: list[str]) -> tuple[int, int, bool] | None:
    """The positions of path and label, and whether there is a header."""
    if not lines:
        return None
    rows = list(csv.reader(lines, dialect=dialect_of(lines[0])))
    names = [normal(name) for name in rows[0]]
    path = next((names.index(w) for w in PATH_WORDS if w in names), None)
    label = next((names.index(w) for w in LABEL_WORDS if w in names), None)
    if path is not None and label is not None and path != label:
        return path, label, True
    if len(rows[0]) >= 2:
        files = [i for i, cell in enumerate(rows[0]) if kind_of(cell.strip()) != OTHER]
        states = [
            i for i, cell in enumerate(rows[0]) if label_word(cell) is not None or cell.strip() in ("0", "1")
        ]
        if len(files) == 1 and states and states[0] != files[0]:
            return files[0], states[0], False
    return None


def read_labels(path: Path, problems: Problems, one_is: int = FAKE) -> Listing:
    """A generic list of path and label. Numbers: 1 is `one_is`, unless the column says is_real or is_fake."""
    listing = Listing(path, problems=problems)
    text = text_of(path, problems) or ""
    try:
        columns = _columns(text.splitlines()[:3])
        lines = [line for line in csv.reader(io.StringIO(text, newline=""), dialect=dialect_of(text)) if line]
    except csv.Error as error:
        problems.report_damaged(path, f"is no readable CSV ({error})")
        return listing
    if columns is None:
        problems.report_damaged(path, "has no columns of path and label")
        return listing
    where, label_at, header = columns
    names = [normal(name) for name in lines.pop(0)] if header else []
    said = header and names[label_at] in ("is_real", "real", "is_fake", "fake")
    if header and names[label_at] in ("is_real", "real"):
        one_is = REAL
    elif header and names[label_at] in ("is_fake", "fake"):
        one_is = FAKE
    further = {k: next((names.index(w) for w in words if w in names), None) for k, words in FURTHER.items()}
    for line in lines:
        if len(line) <= max(where, label_at):
            problems.add("cut short", path, f"a row ({line[0][:80]}) has too few columns")
            continue
        cells = {k: line[i].strip() for k, i in further.items() if i is not None and i < len(line)}
        listing.numbers += not said and line[label_at].strip() in NUMBERS
        listing.add(line[where], _row(line[where], line[label_at], cells, one_is, path, problems))
    return listing


def _row(
    name: str, label: str, cells: dict[str, str], one_is: int, path: Path, problems: Problems
) -> dict[str, Any]:
    value = label_value(label, one_is)
    if value is None and label.strip():
        problems.add("bad label", name, f"{label!r} in {path.name}")
    keys = tuple(f"{k}:{cells[k]}" for k in ("identity", "original") if cells.get(k))
    return {
        "label": value,
        "method": cells.get("method") or None,
        "split": SPLIT_WORDS.get(normal(cells.get("split", ""))),
        "identity": cells.get("identity") or None,
        "text": cells.get("text") or None,
        "groups": keys,
    }


def stretches(value: object) -> list[list[float]] | None:
    """Pairs of seconds from a list file; None for anything else."""
    if not isinstance(value, list):
        return None
    for pair in value:
        if type(pair) is not list or len(pair) != 2:
            return None
        if type(pair[0]) not in (int, float) or type(pair[1]) not in (int, float):
            return None
    return [[float(start), float(end)] for start, end in value]


def label_value(value: object, one_is: int = FAKE) -> int | None:
    """A label from a word or a number."""
    text = str(value).strip()
    if text in NUMBERS:
        return one_is if NUMBERS[text] else 1 - one_is
    return label_word(text)
