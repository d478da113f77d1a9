"""Utterances as the protocols of speech sets list them, with the partition each list is about."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from core.catalog.layouts.base import FAKE, Labels, Part, normal
from core.catalog.problems import Problems


@dataclass(frozen=True)
class Utterance:
    """One row of a protocol."""

    label: int | None
    method: str | None = None
    speaker: str | None = None
    codec: str | None = None
    segments: list[list[float]] | None = None


@dataclass
class Protocol:
    """The rows of one list file."""

    name: str  # of the list
    split: str | None
    about: str = ""  # the folder that it is of, where each has one: the same names may stand in several
    rows: dict[str, Utterance] = field(default_factory=dict)
    taken: set[str] = field(default_factory=set)


@dataclass
class Protocols:
    """Every list of a dataset; a file is looked up by the stem of its name."""

    problems: Problems
    lists: list[Protocol] = field(default_factory=list)
    unlisted: bool = True  # whether a file that no list names is a problem

    def find(self, stem: str, split: str | None, lists: list[Protocol] | None = None) -> Utterance | None:
        """The row of a file, in the first of the lists (default: all) that has one."""
        for one in self.lists if lists is None else lists:
            if (split is None or one.split in (None, split)) and (row := one.rows.get(stem)) is not None:
                one.taken.add(stem)
                return row
        return None

    def of_folder(self, folder: str) -> list[Protocol]:
        """All lists, that of this folder first."""
        way = [normal(name) for name in folder.split("/")]
        return sorted(self.lists, key=lambda one: not one.about or normal(one.about) not in way)

    def labels(self, part: Part, split: str | None, keys: Iterable[tuple[str, ...]] | None = None) -> Labels:
        nearest = self.of_folder(part.folder)
        rows = [self.find(stem, split, nearest) for stem in part.stems]
        if self.unlisted and any(one.rows for one in self.lists):
            for path, row in zip(part.paths, rows, strict=True):
                if row is None:
                    self.problems.add("unlisted", path)
        return Labels(
            label=[row.label if row else None for row in rows],
            method=[row.method if row and row.label == FAKE else None for row in rows],
            split=split,
            groups=list(keys) if keys is not None else [_keys(row) for row in rows],
            identity=[row.speaker if row else None for row in rows],
            meta=[{"codec": row.codec} if row and row.codec else None for row in rows],
            segments=[row.segments if row else None for row in rows],
        )

    def finish(self, suffix: str) -> None:
        """What is listed but absent: one line where nothing of a list is there."""
        for one in self.lists:
            if one.rows and not one.taken:
                text = f"none of the {len(one.rows):,} files that it lists is here; download that part"
                self.problems.add("part missing", one.name, text)
                continue
            for name in one.rows.keys() - one.taken if len(one.taken) < len(one.rows) else ():
                self.problems.add("absent", f"{name}{suffix}", f"listed in {one.name}")


def _keys(row: Utterance | None) -> tuple[str, ...]:
    return (f"speaker:{row.speaker}",) if row and row.speaker else ()
