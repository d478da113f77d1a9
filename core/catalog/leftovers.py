"""What a scan left aside: folders with media that no layout knows, and problems outside of datasets."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass

from core.catalog.paths import inside, name_of
from core.catalog.problems import Problems, printable
from core.catalog.recognised import Found, Recognised
from core.catalog.walk import OTHER, PACKED, Folder, Tree
from core.media.kinds import SHARD, is_tar


@dataclass(frozen=True)
class Left:
    """A folder that no layout knows."""

    path: str
    files: int
    why: str = ""


def walk_problems(tree: Tree, found: list[Found], homeless: Problems) -> list[Problems]:
    """What went wrong while walking, given to the dataset in which it happened."""
    collected = [Problems() for _ in found]
    owners: dict[str, set[int]] = defaultdict(set)
    for i, item in enumerate(found):
        for folder in {owned.folder for owned in item.owned}:
            path = folder
            while path and i not in owners[path]:
                owners[path].add(i)
                path = path.rpartition("/")[0]
    everything = [p for folder in tree.folders.values() for p in folder.problems] + tree.problems
    for kind, path in everything:
        folder = path
        while folder and folder not in owners:
            folder = folder.rpartition("/")[0]
        near = [i for i in owners.get(folder, ()) if inside(path, found[i].root)]
        alone = len(owners.get(folder, ())) == 1 or folder not in tree.roots
        (collected[min(near, key=lambda i: -len(found[i].root))] if near and alone else homeless).add(
            kind, path
        )
    return collected


def unrecognised(tree: Tree, recognised: Recognised) -> list[Left]:
    """What nobody owns, told by the outermost folders that hold nothing else; archives and arrays count here too."""
    busy: set[str] = set()
    for item in recognised.found:
        for owned in item.owned:
            path = owned.folder
            while path and path not in busy:
                busy.add(path)
                path = path.rpartition("/")[0]
    counts: Counter[str] = Counter()
    for folder, kind in recognised.left:
        files = tree.folders[folder].files[kind]
        if kind != SHARD:
            counts[_outermost(folder, tree, busy)] += files.total
        elif not any(inside(folder, item.root) for item in recognised.found):
            tars = sum(map(is_tar, files.list()))  # a table is no media
            if tars:
                counts[_outermost(folder, tree, busy)] += tars
    for walked in tree.folders.values():
        lists = {name_of(file) for file in recognised.lists.by_folder.get(walked.path, ())}
        packed = [n for n in _others(walked) if n[n.rfind(".") + 1 :].lower() in PACKED and n not in lists]
        if packed and not any(inside(walked.path, item.root) for item in recognised.found):
            counts[_outermost(walked.path, tree, busy)] += len(packed)
    return [Left(printable(path), n) for path, n in sorted(counts.items())]


def _outermost(folder: str, tree: Tree, busy: set[str]) -> str:
    """The folder or the highest one around it that holds nothing of a dataset and is no root."""
    while folder not in tree.roots and (above := folder.rpartition("/")[0]) not in tree.roots:
        if above in busy:
            break
        folder = above
    return folder


def _others(folder: Folder) -> list[str]:
    return folder.files[OTHER].list() if OTHER in folder.files else []
