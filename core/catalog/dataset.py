"""One dataset of a scan: label its samples and write its table, unless nothing changed since the last time."""

from __future__ import annotations

import hashlib
import os
import time
from functools import cache
from pathlib import Path

from core.catalog import layouts, table
from core.catalog.demo import is_demo
from core.catalog.labelling import Tally, Task, batches
from core.catalog.problems import Problems
from core.catalog.table import DatasetInfo
from core.errors import BadInput
from core.workspace import Workspace


def save_dataset(task: Task, problems: Problems, space: Workspace) -> DatasetInfo:
    """Label one dataset and write its table."""
    lists = task.layout.read(task.site(), problems)
    tally = Tally()
    about: list[DatasetInfo] = []

    def describe() -> DatasetInfo:
        task.layout.finish(lists, problems)
        published = task.layout.published_of(task.evidence)
        about.append(
            DatasetInfo(
                name=task.name,
                layout=task.layout.slug,
                root=task.root,
                scanned=time.time(),
                published={"real": published.real, "fake": published.fake} if published else None,
                problems=problems.texts(),
                problem_count=problems.total,
                notes=list(task.layout.notes),
                counts=tally.rows(),
                formats=dict(tally.formats.most_common()),
                demo=is_demo(task.root),
                fingerprint=task.fingerprint,
                extra={"copies": task.layout.copies(task.evidence), "ignored": dict(tally.ignored)},
            )
        )
        return about[0]

    table.save(task.name, batches(task, lists, tally), describe, space)
    return about[0]


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
            status = os.stat(path)
            digest.update(repr((path, status.st_size, status.st_mtime_ns)).encode())
    return digest.hexdigest()


@cache
def _code() -> bytes:
    """A hash of the layouts and of what labels with them, so that a change of either is seen."""
    here = Path(__file__).parent
    files = [
        *Path(str(layouts.__file__)).parent.glob("*.*"),
        here / "labelling.py",
        here / "lists.py",
        Path(__file__),
    ]
    return hashlib.blake2b(b"".join(p.read_bytes() for p in sorted(files)), digest_size=16).digest()


def unchanged(task: Task, space: Workspace) -> DatasetInfo | None:
    """What the last scan wrote of this dataset, if it would be the same again."""
    if not table.file_of(task.name, space).is_file():
        return None
    try:
        known = table.info(task.name, space)
    except BadInput:
        return None  # damaged: it is written anew
    return known if known.fingerprint == task.fingerprint else None
