"""Scan: recognise what lies below the data roots, count it, and save the catalogue. Writes only the workspace."""

from __future__ import annotations

import contextlib
import os
import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from core.access import LOCAL, Person
from core.catalog import generic, overrides
from core.catalog.info import DatasetInfo, datasets, file_of, forget
from core.catalog.leftovers import Left, unrecognised, walk_problems
from core.catalog.paths import inside
from core.catalog.problems import Problems, printable
from core.catalog.recognise import recognise
from core.catalog.recognised import Found, Recognised
from core.catalog.roots import read as configured_roots
from core.catalog.shards.sets import torn_tables
from core.catalog.task import Bundle, Task, fingerprint
from core.catalog.walk import Tree, walk
from core.catalog.workers import Workers
from core.errors import BadInput, WorkbenchError
from core.workspace import Workspace, workspace

Progress = Callable[[str, int, int], None]  # what is being done, done so far, out of (0: unknown)
Cancel = Callable[[], bool]


LABEL_HERE = 30_000  # samples; fewer are labelled in this process


class Cancelled(WorkbenchError):
    """The scan was asked to stop; the catalogue is as it was."""


@dataclass(frozen=True)
class ScanResult:
    seconds: float
    datasets: list[DatasetInfo]
    unrecognised: list[Left]
    ignored: list[Left] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)  # of no one dataset


def scan(
    roots: Iterable[str | Path],
    progress: Progress | None = None,
    cancel: Cancel | None = None,
    space: Workspace | None = None,
    person: Person = LOCAL,
) -> ScanResult:
    """Scan the roots and replace what the catalogue holds of them; datasets below other roots stay."""
    person.require_operator("scan folders")
    started = time.perf_counter()
    space = space or workspace()
    paths = check_roots(roots)

    def tell(what: str, done: int, out_of: int = 0) -> None:
        if cancel and cancel():
            raise Cancelled("the scan was cancelled; the catalogue is as it was")
        if progress:
            progress(what, done, out_of)

    with Workers() as workers:
        others = [os.fspath(root) for root in configured_roots(space)]
        tree = walk(paths, workers.walk, lambda n: tell("files found", n), others)
        recognised = recognise(tree)
        generic.add(tree, recognised, space)
        named = name_datasets(_keep_known(recognised, tree, space), paths)
        _count_hidden(tree, recognised)
        tree.problems += torn_tables(tree, recognised.left)
        homeless = Problems()
        problems = walk_problems(tree, [found for _, found in named], homeless)
        tasks = [task_of(name, found, tree) for name, found in named]
        replaced = _find_replaced(tasks, paths, space)
        infos = _label_all(tasks, problems, workers, space, tell)
    forget_stale(paths, infos, space)
    return ScanResult(
        time.perf_counter() - started,
        infos,
        unrecognised(tree, recognised),
        [Left(printable(p), n, why) for (p, why), n in sorted(recognised.ignored.items())],
        homeless.texts() + replaced,
    )


def _count_hidden(tree: Tree, recognised: Recognised) -> None:
    for folder in tree.folders.values():
        if folder.hidden:
            recognised.ignored[folder.path, "hidden files"] = folder.hidden


def _label_all(
    tasks: list[Task],
    problems: list[Problems],
    workers: Workers,
    space: Workspace,
    tell: Callable[[str, int, int], None],
) -> list[DatasetInfo]:
    """Label every dataset that changed since the last scan; the large ones first, shared out where it pays."""
    done: dict[int, DatasetInfo] = {}
    todo: list[int] = []
    for i, task in enumerate(tasks):
        task.fingerprint = fingerprint(task, problems[i])
        known = _reuse_unchanged(task, space)
        if known is not None:
            done[i] = known
        else:
            todo.append(i)
    todo.sort(key=lambda i: -tasks[i].cost)
    orders = [("label", tasks[i], problems[i], space) for i in todo]
    if sum(tasks[i].cost for i in todo) < LABEL_HERE:
        from core.catalog import dataset  # imports Arrow, which a large scan leaves to its workers

        answers: Iterable[tuple[int, DatasetInfo]] = (
            (n, dataset.save_dataset(*order[1:])) for n, order in enumerate(orders)
        )
    else:
        answers = workers.run(orders)
    for number, about in answers:
        done[todo[number]] = about
        tell("datasets counted", len(done), len(tasks))
    return [done[i] for i in range(len(tasks))]


def _info(name: str, space: Workspace) -> DatasetInfo:
    from core.catalog import table  # imports Arrow, which a first scan does without here

    return table.info(name, space)


def _reuse_unchanged(task: Task, space: Workspace) -> DatasetInfo | None:
    """What the last scan wrote of this dataset, if it would be the same again."""
    if not file_of(task.name, space).is_file():
        return None
    try:
        known = _info(task.name, space)
    except BadInput:
        return None  # damaged: it is written anew
    return known if known.fingerprint == task.fingerprint else None


def _find_replaced(tasks: list[Task], roots: list[str], space: Workspace) -> list[str]:
    """Datasets of other folders whose name is now taken by one that was found here."""
    lines = []
    for task in tasks:
        if file_of(task.name, space).is_file():
            with contextlib.suppress(BadInput):  # a damaged table is replaced without a word
                root = _info(task.name, space).root
                if os.path.isdir(root) and not any(inside(root, r) for r in roots):
                    lines.append(
                        f"{task.name} in {root} left the catalogue; scan both folders together to keep both"
                    )
    return lines


def check_roots(roots: Iterable[str | Path]) -> list[str]:
    """The roots as absolute paths; one inside another is scanned once."""
    paths: list[str] = []
    for root in roots:
        path = os.path.abspath(os.path.expanduser(root))
        if not os.path.exists(path):
            raise BadInput(f"{root} does not exist; give a folder that holds datasets")
        if not os.path.isdir(path):
            raise BadInput(f"{root} is not a folder; give a folder that holds datasets")
        if not os.access(path, os.R_OK | os.X_OK):
            raise BadInput(f"{root} cannot be read; grant read access to it or give another folder")
        paths.append(path)
    if not paths:
        raise BadInput("no folder was given; name at least one to scan")
    real = {path: os.path.realpath(path) for path in paths}
    unique = list(dict.fromkeys(paths))
    return [
        path
        for i, path in enumerate(unique)
        if not any(
            inside(real[path], real[other]) and (real[path] != real[other] or j < i)
            for j, other in enumerate(unique)
            if other != path
        )
    ]


def _keep_known(recognised: Recognised, tree: Tree, space: Workspace) -> list[Found]:
    """The datasets without those that the analyst wants skipped; the others under the names that were given."""
    said = overrides.read(space)
    for item in recognised.found:
        override = said.get(item.root) or said.get(item.key.anchor) or overrides.Override()
        item.name = override.name
        if override.skip:
            files = sum(tree.folders[o.folder].files[o.kind].total for o in item.owned)
            recognised.ignored[item.root, "skipped by hand"] = files
            item.owned = []
    return [item for item in recognised.found if item.owned]


def name_datasets(found: list[Found], roots: list[str]) -> list[tuple[str, Found]]:
    """Each dataset under its published name; further copies are numbered, in the order of roots and paths."""
    ranked = sorted(found, key=lambda f: (_rank(f.root, roots), f.root.split("/"), f.key))
    copies: Counter[str] = Counter()
    named = []
    for item in ranked:
        name = item.name or item.layout.name_of(item.evidence)
        copies[name.casefold()] += 1
        number = copies[name.casefold()]
        named.append((name if number == 1 else f"{name} ({number})", item))
    return named


def _rank(path: str, roots: list[str]) -> int:
    return next((i for i, root in enumerate(roots) if inside(path, root)), len(roots))


def task_of(name: str, found: Found, tree: Tree) -> Task:
    bundles = [
        Bundle(
            o.claim.rule,
            o.claim.captures,
            o.claim.folder,
            o.folder,
            o.kind,
            tree.folders[o.folder].files[o.kind],
        )
        for o in found.owned
    ]
    return Task(
        found.layout,
        name,
        found.root,
        found.key.anchor,
        found.evidence,
        bundles,
        found.lists,
        roots=tree.roots,
    )


def forget_stale(roots: list[str], fresh: list[DatasetInfo], space: Workspace) -> None:
    """Take out what an earlier scan found below these roots and this one did not, and what is there no more."""
    names = {about.name for about in fresh}
    for name in datasets(space):
        if name in names:
            continue
        root = _info(name, space).root
        if any(inside(root, r) for r in roots) or not os.path.isdir(root):
            forget(name, space)
