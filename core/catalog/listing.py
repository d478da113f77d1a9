"""What a list says of each path, and which of it a file took."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

from core.catalog.layouts.base import FAKE, Labels, Part, normal
from core.catalog.problems import Problems


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
