"""One dataset of a scan: label its samples and write its table."""

from __future__ import annotations

import time

from core.catalog import table
from core.catalog.demo import is_demo
from core.catalog.info import DatasetInfo
from core.catalog.labelling import Tally, batches
from core.catalog.problems import Problems
from core.catalog.task import Task, lacking
from core.media.kinds import SHARD
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
                notes=list(task.layout.notes_on(lists)),
                counts=tally.rows(),
                formats=dict(tally.formats.most_common()),
                demo=is_demo(task.root),
                fingerprint=task.fingerprint,
                extra={
                    "anchor": task.anchor,
                    "copies": task.layout.copies(task.evidence),
                    "ignored": dict(tally.ignored),
                    "roots": task.roots,
                    "lacking": lacking(task),
                },
            )
        )
        return about[0]

    packed = any(bundle.kind == SHARD for bundle in task.bundles)
    distinct = ("text", "meta") if packed else ()
    table.save(task.name, batches(task, lists, tally, problems), describe, space, distinct)
    return about[0]
