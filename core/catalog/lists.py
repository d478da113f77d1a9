"""List files of datasets: CSV and JSON as they come, with header or without, whole or damaged."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

from core.catalog.layouts.base import FAKE, REAL, SPLIT_WORDS, Labels, Part, class_of, normal
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


def text_of(path: Path, problems: Problems) -> str | None:
    """The file's text, or None with a problem."""
    try:
        return path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError:
        try:
            return path.read_bytes().decode("latin-1")
        except OSError as error:
            problems.report_damaged(path, f"cannot be read ({error.strerror})")
    except OSError as error:
        problems.report_damaged(path, f"cannot be read ({error.strerror})")
    return None


def json_of(path: Path, problems: Problems) -> Any:
    """The JSON document, or None with a problem."""
    text = text_of(path, problems)
    if text is None:
        return None
    try:
        document = json.loads(text)
        return _storable(document) if _LONE.search(text) else document
    except (ValueError, RecursionError) as error:
        problems.report_damaged(path, f"is no complete JSON ({str(error).split(':')[0].lower()})")
        return None


def entries_of(path: Path, problems: Problems, kept: Callable[[dict[str, Any]], Any]) -> list[Any]:
    """What `kept` makes of every object in a JSON array, without holding all of it; [] with a problem if damaged."""
    decoder = json.JSONDecoder()
    found: list[Any] = []
    try:
        with path.open(encoding="utf-8-sig", errors="replace") as file:
            text, at = file.read(CHUNK).lstrip(), 1
            odd = _LONE.search(text)  # half of a surrogate pair cannot be stored as text
            if text[:1] != "[":
                raise ValueError("it is no list")
            while True:
                at = _SPACE.match(text, at).end()  # type: ignore[union-attr]
                if text[at : at + 1] == "]":
                    return found
                start = at
                try:
                    entry, at = decoder.raw_decode(text, start)
                except ValueError:
                    more = file.read(CHUNK)
                    if not more or len(text) - start > LARGEST_ENTRY:
                        raise
                    text, at = text[start:] + more, 0
                    odd = _LONE.search(text)
                    continue
                if not isinstance(entry, dict):
                    problems.add("bad label", path, "an entry is no object")
                    continue
                found.append(kept(_storable(entry) if odd else entry))
    except OSError as error:
        problems.report_damaged(path, f"cannot be read ({error.strerror})")
    except (ValueError, RecursionError) as error:
        problems.report_damaged(path, f"is no complete JSON ({str(error).split(':')[0].lower()})")
    return []


def _storable(document: Any) -> Any:
    return json.loads(json.dumps(document, ensure_ascii=False).encode("utf-8", "replace"))


def rows_of(
    path: Path, problems: Problems, needed: Sequence[str] = (), header: Iterable[str] | None = None
) -> list[dict[str, str]]:
    """The rows of a CSV by normalised column name; a column without a name is `column N`.

    Without `header` the first line names the columns. A file that lacks a needed column is a problem.
    """
    text = text_of(path, problems)
    if text is None:
        return []
    reader = csv.reader(io.StringIO(text.replace("\0", ""), newline=""), dialect=_dialect(text))
    try:
        lines = [line for line in reader if line]
    except csv.Error as error:
        problems.report_damaged(path, f"is no readable CSV ({error})")
        return []
    if not lines:
        problems.report_damaged(path, "holds no rows")
        return []
    names = list(header) if header is not None else [normal(name) for name in lines.pop(0)]
    names = [name or f"column {i}" for i, name in enumerate(names)]
    missing = [name for name in needed if name not in names]
    if missing:
        problems.report_damaged(
            path, f"has no column {missing[0]!r} (its columns are {', '.join(names)[:200]})"
        )
        return []
    last = max((names.index(name) for name in needed), default=-1)
    short = [line for line in lines if len(line) <= last]
    for line in short:
        problems.add("cut short", path, f"a row ({line[0][:80]}) has {len(line)} of {len(names)} columns")
    return [dict(zip(names, line, strict=False)) for line in lines if len(line) > last]


def _dialect(text: str) -> type[csv.Dialect] | csv.Dialect:
    first = text[: text.find("\n")] if "\n" in text else text

    class Found(csv.excel):
        delimiter = max(",;\t", key=first.count) if any(c in first for c in ",;\t") else ","

    return Found


CHUNK = 1 << 20  # characters of a JSON list that are looked at together
LARGEST_ENTRY = 64 << 20  # more is no entry but damage
_SPACE = re.compile(r"[\s,]*")
_LONE = re.compile(r"\\u[dD][89a-fA-F]")


@lru_cache(maxsize=4096)
def label_word(value: object) -> int | None:
    """The label that a word states; numbers state none by themselves."""
    text = normal(str(value))
    if text in ("", "nan", "none", "null", "unknown", "unlabelled", "unlabeled", "?", "_1", "-1"):
        return None
    return class_of(text)


@dataclass
class Listing:
    """Rows by the path they name, each marked when a file took it."""

    source: Path
    rows: dict[str, dict[str, Any]] = field(default_factory=dict)
    taken: set[str] = field(default_factory=set)
    problems: Problems = field(default_factory=Problems)
    report_unlisted: bool = True
    numbers: int = 0  # labels that are bare 0 or 1, under a column that does not say what 1 means

    def add(self, path: str, row: dict[str, Any]) -> None:
        path = path.strip()
        if "\\" in path:
            path = path.replace("\\", "/")
        if path[:1] in "./":
            path = path.removeprefix("./").lstrip("/")
        if "videos/" in path:
            path = "/".join(part for part in path.split("/") if part != "videos")
        self.rows[path] = row

    @cached_property
    def by_name(self) -> dict[str, list[str]]:
        """Paths by file name, made when the first file is not found by its path."""
        found: dict[str, list[str]] = {}
        for path in self.rows:
            found.setdefault(path.rpartition("/")[2], []).append(path)
        return found

    def take(self, path: str, loose: bool = False) -> dict[str, Any] | None:
        """The row of a file: one path must be the other's end. `loose`: else the name, where it is unique."""
        key = path if path in self.rows else self._key(path, loose)
        if key is None:
            return None
        self.taken.add(key)
        return self.rows[key]

    def _key(self, path: str, loose: bool) -> str | None:
        name = path.rpartition("/")[2]
        keys = self.by_name.get(name) or self.by_name.get(name[: name.rfind(".")]) or []
        folder = _fold_case(path.rpartition("/")[0])
        fits = [key for key in keys if _ends(folder, _fold_case(key.rpartition("/")[0]))]
        if not fits and loose:
            fits = keys
        return fits[0] if len(fits) == 1 else None

    def finish(self, problems: Problems) -> None:
        """Report what is listed but absent."""
        for path in self.rows:
            if path not in self.taken:
                problems.add("absent", path, f"listed in {self.source.name}")

    def label(self, part: Part) -> Labels:
        rows = [self.take(path, loose=True) for path in part.paths]
        for path, row in zip(part.paths, rows, strict=True):
            if row is None and self.report_unlisted:
                self.problems.add("unlisted", path, f"not in {self.source.name}")
        filled = [row or {} for row in rows]
        return Labels(
            label=[row.get("label") for row in filled],
            method=[row.get("method") if row.get("label") == FAKE else None for row in filled],
            split=[row.get("split") for row in filled],
            identity=[row.get("identity") for row in filled],
            text=[row.get("text") for row in filled],
            groups=[row.get("groups", ()) for row in filled],
        )


@lru_cache(maxsize=65536)
def _fold_case(folder: str) -> str:
    return "/" + "/".join(normal(name) for name in folder.split("/"))


def _ends(one: str, other: str) -> bool:
    """Whether one folder is the end of the other; both begin with a slash."""
    return other == "/" or one == "/" or one.endswith(other) or other.endswith(one)


def is_label_list(path: Path) -> bool:
    """Whether the file lists media with labels: a header with both columns, or rows like `a.jpg,fake`."""
    try:
        with path.open("rb") as file:
            head = file.read(65536).decode("utf-8-sig", "replace")
        return _columns(head.splitlines()[:3]) is not None
    except (OSError, csv.Error):
        return False


def _columns(lines: list[str]) -> tuple[int, int, bool] | None:
    """The positions of path and label, and whether there is a header."""
    if not lines:
        return None
    rows = list(csv.reader(lines, dialect=_dialect(lines[0])))
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
        lines = [line for line in csv.reader(io.StringIO(text, newline=""), dialect=_dialect(text)) if line]
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
