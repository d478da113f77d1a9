"""What is known of a catalogued dataset beside its samples, and where its table lies. Light: imports no Arrow."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

from core.errors import BadInput
from core.workspace import Workspace, workspace

_SAFE = " ()+,&'!@="  # what a file name may hold unquoted


@dataclass(frozen=True)
class DatasetInfo:
    """What is known of a dataset beside its samples; it travels in the same file."""

    name: str
    layout: str
    root: str  # absolute
    scanned: float = 0.0  # Unix seconds
    published: dict[str, int | None] | None = None
    problems: list[str] = field(default_factory=list)
    problem_count: int = 0  # problems holds the first of each kind
    notes: list[str] = field(default_factory=list)
    counts: list[dict[str, Any]] = field(default_factory=list)  # split, modality, method, label, n
    formats: dict[str, int] = field(default_factory=dict)
    edition: str = ""
    demo: bool = False
    fingerprint: str = ""  # of everything the table was made from; equal means nothing changed
    extra: dict[str, Any] = field(default_factory=dict)

    @property
    def samples(self) -> int:
        return sum(int(row["n"]) for row in self.counts)


def file_of(name: str, space: Workspace | None = None) -> Path:
    """Where a dataset's table lies; the name is quoted, so that it is never a path."""
    quoted = quote(name, safe=_SAFE)
    return (
        space or workspace()
    ).catalog / f"{'%2E' + quoted[1:] if quoted.startswith('.') else quoted}.parquet"


def datasets(space: Workspace | None = None) -> list[str]:
    """The names of all catalogued datasets, sorted."""
    folder = (space or workspace()).catalog
    names = (unquote(p.stem) for p in folder.glob("*.parquet") if not p.name.startswith("."))
    return sorted(names, key=lambda name: (name.casefold(), name))


def existing(name: str, space: Workspace | None = None) -> Path:
    """The dataset's file; an error that lists the known ones where there is none."""
    path = file_of(name, space)
    if not path.is_file():
        known = ", ".join(datasets(space)) or "none; scan a folder first"
        raise BadInput(f"there is no dataset {name!r} in the catalogue; known are {known}")
    return path


def forget(name: str, space: Workspace | None = None) -> None:
    """Take a dataset out of the catalogue; its media stay where they are."""
    existing(name, space).unlink(missing_ok=True)
