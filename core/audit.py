"""Who did what in this workspace: one append-only file, each line bound to the one before it by its hash.

    {"n": 1, …, "previous": "000…", "hash": "a1…"}
    {"n": 2, …, "previous": "a1…",  "hash": "7c…"}     a changed, removed or inserted line breaks the chain after it

The chain shows that the lines still here are as they were written. Lines cut off at the end leave no gap: note the
last hash elsewhere (`audit verify` prints it) and give it back as `--expect`.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.access import Person
from core.appending import append_whole
from core.locks import hold
from core.workspace import Workspace, workspace

log = logging.getLogger(__name__)

FILE = "audit.jsonl"
START = "0" * 64
LONGEST_TAIL = 1 << 16  # bytes in which the last line lies
LONGEST_SUBJECT = 1000  # characters
PLAIN = ("n", "when", "who", "action", "subject", "previous", "hash")
COLUMNS = {"when": "when", "who": "who", "action": "action", "on": "subject"}  # of a table: keys of a line


@dataclass(frozen=True)
class Verified:
    """What reading the whole chain found. `broken` is the number of the first line that does not fit, from
    1."""

    lines: int
    head: str
    broken: int | None = None
    why: str | None = None


@dataclass(frozen=True)
class Trail:
    """The whole file: its bytes, its lines by number, as rows of a table and as they are, and whether they are as
    written."""

    content: bytes
    numbers: list[int]
    rows: list[dict[str, str]]
    entries: list[dict[str, Any]]
    verified: Verified


def record(
    person: Person, action: str, subject: str = "", space: Workspace | None = None, **details: Any
) -> None:
    """Append a line. What is done is done: a trail that cannot be written is logged as an error, not
    raised."""
    space = space or workspace()
    try:
        with hold(space.root / f".{FILE}.lock"):
            _append(
                space.root / FILE,
                {"who": person.name, "action": action, "subject": subject[:LONGEST_SUBJECT], **details},
            )
    except OSError as error:
        log.error("the audit trail could not be written (%s): %s %s %s", error, person.name, action, subject)


def entries(space: Workspace | None = None) -> list[dict[str, Any]]:
    """All lines that can be read, the oldest first."""
    found = []
    for raw in _lines((space or workspace()).root / FILE):
        entry = _parse(raw)
        if entry is not None:
            found.append(entry)
    return found


def read(person: Person, space: Workspace | None = None) -> Trail:
    """Every line with what following the chain found, for a page. Operators only: it names who did what."""
    person.require_operator("read the audit trail")
    path = (space or workspace()).root / FILE
    content = path.read_bytes() if path.is_file() else b""
    raw = [line for line in content.splitlines() if line.strip()]
    found = {number: entry for number, line in enumerate(raw, 1) if (entry := _parse(line)) is not None}
    rows = [_row(entry) for entry in found.values()]
    return Trail(content, list(found), rows, list(found.values()), _follow(raw))


def details(entry: Mapping[str, Any]) -> str:
    """What a line states beside who, when, what and on what."""
    return ", ".join(f"{key} {value}" for key, value in stated(entry))


def stated(entry: Mapping[str, Any]) -> list[tuple[str, Any]]:
    return [(key, value) for key, value in entry.items() if key not in PLAIN and value is not None]


def _row(entry: dict[str, Any]) -> dict[str, str]:
    """As plain text, also where somebody changed a line into something else."""
    shown = {name: str(entry.get(key, "")) for name, key in COLUMNS.items()}
    return {**shown, "more": details(entry)}


def verify(space: Workspace | None = None, expect: str | None = None) -> Verified:
    """Follow the chain from its first line. `expect`: a hash noted earlier, which must stand in it."""
    return _follow(_lines((space or workspace()).root / FILE), expect)


def _follow(lines: Iterable[bytes], expect: str | None = None) -> Verified:
    head, number, seen = START, 0, expect is None or expect == START
    for number, raw in enumerate(lines, 1):
        entry = _parse(raw)
        if entry is None:
            return Verified(number, head, number, "is no line of this file")
        if entry.get("n") != number or entry.get("previous") != head:
            return Verified(number, head, number, "does not follow the line before it")
        if entry.get("hash") != _hash(entry):
            return Verified(number, head, number, "was changed")
        head = str(entry["hash"])
        seen = seen or head == expect
    if not seen:
        return Verified(number, head, number + 1, "is missing: the hash that was noted does not stand here")
    return Verified(number, head)


def _append(path: Path, entry: dict[str, Any]) -> None:
    last = _last(path)
    number, previous = (int(last["n"]) + 1, str(last["hash"])) if last else (1, START)
    when = time.strftime("%Y-%m-%dT%H:%M:%S%z")
    line = {"n": number, "when": when, **entry, "previous": previous}
    line["hash"] = _hash(line)
    append_whole(path, (json.dumps(line, ensure_ascii=True) + "\n").encode())


def _last(path: Path) -> dict[str, Any] | None:
    """The last line that is one; None where there is none yet."""
    if not path.exists():
        return None
    with path.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - LONGEST_TAIL))
        parsed = (_parse(raw) for raw in reversed(file.read().splitlines()))
        return next(
            (entry for entry in parsed if entry is not None and "hash" in entry and "n" in entry), None
        )


def _hash(entry: dict[str, Any]) -> str:
    content = {k: v for k, v in entry.items() if k != "hash"}
    return hashlib.sha256(json.dumps(content, sort_keys=True, ensure_ascii=True).encode()).hexdigest()


def _parse(raw: bytes) -> dict[str, Any] | None:
    try:
        found = json.loads(raw)
    # A torn or forged line: whoever asks counts None as broken.
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def _lines(path: Path) -> Iterator[bytes]:
    if not path.is_file():
        return
    with path.open("rb") as file:
        for raw in file:
            if raw.strip():
                yield raw
