"""List files of datasets: CSV and JSON as they come, with header or without, whole or damaged."""

from __future__ import annotations

import csv
import gzip
import io
import json
import re
import zlib
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, BinaryIO, cast

from core.catalog.layouts.base import normal
from core.catalog.problems import Problems

CHUNK = 1 << 20  # characters of a JSON list that are looked at together
LARGEST_ENTRY = 64 << 20  # more is no entry but damage
LARGEST_INSIDE = 4 << 30  # bytes in a compressed list; more is no list but an attack
_SPACE = re.compile(r"[\s,]*")
_LONE = re.compile(r"\\u[dD][89a-fA-F]")


class _Gzip(gzip.GzipFile):
    """A compressed list, whose damage and size are errors of a file like any other."""

    def read(self, size: int | None = -1) -> bytes:
        if size is not None and size >= 0:
            return self._read(super().read, size)
        return b"".join(iter(lambda: self._read(super(_Gzip, self).read, CHUNK), b""))

    def read1(self, size: int = -1) -> bytes:
        return self._read(super().read1, size)

    def _read(self, read: Callable[[int], bytes], size: int) -> bytes:
        try:
            data = read(size)
        except gzip.BadGzipFile as error:
            raise OSError(0, "it is no gzip file") from error
        except (EOFError, zlib.error) as error:
            raise OSError(0, "the gzip file is cut off or damaged") from error
        if self.tell() > LARGEST_INSIDE:
            raise OSError(0, f"it holds more than {LARGEST_INSIDE >> 30} GB")
        return data


def open_list(path: Path) -> BinaryIO:
    """The bytes of a list file; those inside where its name ends in .gz."""
    return cast(BinaryIO, _Gzip(path, "rb")) if path.name.casefold().endswith(".gz") else path.open("rb")


def head_of(path: Path, size: int) -> bytes:
    """The first bytes of a list file."""
    with open_list(path) as file:
        return file.read(size)


def text_of(path: Path, problems: Problems) -> str | None:
    """The file's text, or None with a problem."""
    try:
        with open_list(path) as file:
            data = file.read()
    except OSError as error:
        problems.report_damaged(path, f"cannot be read ({error.strerror})")
        return None
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("latin-1")


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
        with io.TextIOWrapper(open_list(path), encoding="utf-8-sig", errors="replace") as file:
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
    reader = csv.reader(io.StringIO(text.replace("\0", ""), newline=""), dialect=dialect_of(text))
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
            path, f"has no column “{missing[0]}” (its columns are {', '.join(names)[:200]})"
        )
        return []
    last = max((names.index(name) for name in needed), default=-1)
    short = [line for line in lines if len(line) <= last]
    for line in short:
        problems.add("cut short", path, f"a row ({line[0][:80]}) has {len(line)} of {len(names)} columns")
    return [dict(zip(names, line, strict=False)) for line in lines if len(line) > last]


def dialect_of(text: str) -> type[csv.Dialect] | csv.Dialect:
    first = text[: text.find("\n")] if "\n" in text else text

    class Found(csv.excel):
        delimiter = max(",;\t", key=first.count) if any(c in first for c in ",;\t") else ","

    return Found
