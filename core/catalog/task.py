"""What a process needs to label one dataset, and the fingerprint of it. Light: imports no Arrow."""

from __future__ import annotations

import contextlib
import hashlib
import os
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import NamedTuple

from core.catalog import layouts
from core.catalog.layouts.base import Evidence, Layout, Site, normal
from core.catalog.problems import Problems
from core.catalog.walk import Files
from core.media.kinds import SHARD

PACKED_ROW = 2_000  # bytes of a shard a sample, about
ROW = 60  # bytes of a list file a sample, at least


class Bundle(NamedTuple):
    """Files of one kind in one folder with the rule they fall under."""

    rule: int
    captures: tuple[tuple[str, str], ...]
    claimed: str  # the folder that fits the rule, absolute
    folder: str  # absolute
    kind: str
    files: Files


@dataclass
class Task:
    """All that is needed to label one dataset, also in another process."""

    layout: Layout
    name: str
    root: str
    anchor: str
    evidence: Evidence
    bundles: list[Bundle]
    lists: dict[str, list[str]]
    fingerprint: str = ""
    roots: list[str] = field(default_factory=list)  # that were scanned

    @property
    def files(self) -> int:
        return sum(bundle.files.total for bundle in self.bundles)

    @property
    def cost(self) -> int:
        """How long it takes to label, in files: a row of a list file costs about as much as a file."""
        listed = sum(os.path.getsize(p) for paths in self.lists.values() for p in paths if os.path.isfile(p))
        packed = sum(
            sum(memoryview(bundle.files.sizes).cast("q")) for bundle in self.bundles if bundle.kind == SHARD
        )
        return self.files + listed // ROW + packed // PACKED_ROW

    def site(self) -> Site:
        lists = {name: [Path(p) for p in paths] for name, paths in self.lists.items()}
        return Site(Path(self.root), Path(self.anchor), lists, self.evidence)


def lacking(task: Task) -> list[str]:
    """The folders and lists of a whole download that are not here, one line each."""
    whole = task.layout.whole(task.evidence)
    folders = {bundle.folder for bundle in task.bundles} if whole.folders else set()
    here = {normal(name) for folder in folders for name in folder.split("/")}
    lines = [f"the folder {name} is missing" for name in whole.folders if normal(name) not in here]
    return lines + [
        f"the list {name} is missing" for name in whole.lists if name.casefold() not in task.lists
    ]


def fingerprint(task: Task, problems: Problems) -> str:
    """A hash of everything that the table is made from: names, sizes, times, lists, and the code that reads them."""
    digest = hashlib.blake2b(_code(), digest_size=16)
    head = (task.name, task.root, task.anchor, task.layout.slug, problems.texts(), vars(task.layout))
    digest.update(repr(head).encode("utf-8", "backslashreplace"))
    for bundle in task.bundles:
        digest.update(repr((bundle[:5], bundle.files.total)).encode())
        for packed in bundle.files[1:]:
            digest.update(packed)
    for paths in task.lists.values():
        for path in paths:
            with contextlib.suppress(OSError):  # gone since it was found: reading it will say so
                status = os.stat(path)
                digest.update(repr((path, status.st_size, status.st_mtime_ns)).encode())
    return digest.hexdigest()


@cache
def _code() -> bytes:
    """A hash of the layouts and of what labels with them, so that a change of either is seen."""
    here = Path(__file__).parent
    files = [
        *Path(str(layouts.__file__)).parent.glob("*.*"),
        *(
            here / name
            for name in (
                "labelling.py",
                "list_files.py",
                "label_lists.py",
                "listing.py",
                "generic.py",
                "dataset.py",
            )
        ),
        *(here / "shards").glob("*.py"),
        Path(__file__),
    ]
    return hashlib.blake2b(b"".join(p.read_bytes() for p in sorted(files)), digest_size=16).digest()
