"""Samples that an analyst excluded or relabelled, with who, when and why; every later plan honours them."""

from __future__ import annotations

import csv
import io
import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from core.access import LOCAL, Person
from core.errors import BadInput
from core.exports import plain_cell, safe_cell
from core.workspace import Workspace, workspace, write_atomic

ACTIONS = ("exclude", "real", "fake")


@dataclass(frozen=True)
class Exclusion:
    id: str  # of the sample
    action: str  # exclude, or the label it gets
    who: str
    when: str  # UTC, ISO 8601
    why: str


FIELDS = tuple(f.name for f in fields(Exclusion))


def file_of(space: Workspace | None = None) -> Path:
    return (space or workspace()).root / "exclusions.csv"


def read(space: Workspace | None = None) -> list[Exclusion]:
    """All entries, the newest of each sample only, in the order they were made."""
    path = file_of(space)
    try:
        text = path.read_text(encoding="utf-8")
    # Nothing was excluded or marked yet.
    except FileNotFoundError:
        return []
    except UnicodeDecodeError as error:
        raise BadInput(f"{path} is not UTF-8 text ({error}); mend or delete it") from error
    reader = csv.DictReader(io.StringIO(text))
    if not {"id", "action"} <= set(reader.fieldnames or []):
        raise BadInput(f"{path} needs the columns {', '.join(FIELDS)}; mend or delete it")
    found: dict[str, Exclusion] = {}
    for row in reader:
        entry = Exclusion(**{name: plain_cell(row.get(name) or "") for name in FIELDS})
        if entry.action not in ACTIONS:
            raise BadInput(
                f"{path}: action {entry.action!r} of {entry.id} must be one of {', '.join(ACTIONS)}"
            )
        found.pop(entry.id, None)
        found[entry.id] = entry
    return list(found.values())


def add(
    ids: Iterable[str], action: str, why: str, person: Person = LOCAL, space: Workspace | None = None
) -> list[Exclusion]:
    """Exclude the samples, or give them another label; the newest entry of a sample counts."""
    person.require_operator("exclude or relabel samples")
    if action not in ACTIONS:
        raise BadInput(f"action {action!r} must be one of {', '.join(ACTIONS)}")
    when = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    new = {i: Exclusion(i, action, person.name, when, why) for i in ids}
    entries = [e for e in read(space) if e.id not in new] + list(new.values())
    _write(entries, space)
    return entries


def remove(ids: Iterable[str], person: Person = LOCAL, space: Workspace | None = None) -> list[Exclusion]:
    """Take entries back."""
    person.require_operator("exclude or relabel samples")
    gone = set(ids)
    entries = [e for e in read(space) if e.id not in gone]
    _write(entries, space)
    return entries


def _write(entries: list[Exclusion], space: Workspace | None) -> None:
    out = io.StringIO()
    writer = csv.DictWriter(out, FIELDS, lineterminator="\n")
    writer.writeheader()
    writer.writerows({k: safe_cell(v) for k, v in asdict(e).items()} for e in entries)
    write_atomic(file_of(space), out.getvalue())
