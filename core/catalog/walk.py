"""Walking data roots: folders with their file names, sizes and times, and nothing else. Never writes."""

from __future__ import annotations

import os
import stat
from array import array
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

KINDS = {
    **dict.fromkeys(("jpg", "jpeg", "png", "bmp", "webp", "tif", "tiff", "gif"), "image"),
    **dict.fromkeys(
        ("wav", "flac", "mp3", "ogg", "oga", "opus", "m4a", "aac", "wma", "aif", "aiff"), "audio"
    ),
    **dict.fromkeys(("mp4", "avi", "mov", "mkv", "webm", "m4v", "mpg", "mpeg", "wmv", "flv", "3gp"), "video"),
}
PACKED = frozenset(
    (
        "zip",
        "tar",
        "gz",
        "tgz",
        "bz2",
        "xz",
        "7z",
        "rar",
        "npz",
        "npy",
        "h5",
        "hdf5",
        "pkl",
        "mat",
        "tfrecord",
    )
)
OTHER = "other"  # files that are not media: lists, readmes, archives
BATCH = 25_000  # entries of one task; small enough to share out, large enough to hide the telling


class Files(NamedTuple):
    """Some files of one folder: names joined by NUL, sizes and times as packed 64-bit integers."""

    total: int
    names: bytes
    sizes: bytes
    times: bytes

    def list(self) -> list[str]:
        return self.names.decode().split("\0") if self.total else []


class Folder(NamedTuple):
    """One folder as walked."""

    path: str  # absolute
    folders: list[str]  # names of the folders in it that are walked too
    files: dict[str, Files]  # image | audio | video | other; sorted by name
    problems: list[tuple[str, str]]  # kind of problem, path
    links: list[str]  # names of links to folders
    hidden: int = 0  # media in hidden files and folders, and __MACOSX


@dataclass
class Tree:
    """Everything found below the roots, by absolute path."""

    roots: list[str]
    folders: dict[str, Folder] = field(default_factory=dict)
    problems: list[tuple[str, str]] = field(default_factory=list)  # of links
    linked: list[str] = field(default_factory=list)  # links to folders that were followed

    def add(self, folders: Iterable[Folder]) -> None:
        self.folders.update((f.path, f) for f in folders)


def is_hidden(name: str) -> bool:
    return name.startswith(".") or name == "__MACOSX"


def read_folder(path: str) -> Folder:
    """List one folder with the size and time of every file in it."""
    folders: list[str] = []
    links: list[str] = []
    problems: list[tuple[str, str]] = []
    rows: list[tuple[str, int, int]] = []
    hidden = 0
    try:
        with os.scandir(path) as entries:
            for entry in entries:
                name = entry.name
                if entry.is_dir(follow_symlinks=False):
                    if not is_hidden(name):
                        folders.append(name)
                    continue
                if name[0] == ".":
                    hidden += kind_of(name) != OTHER
                    continue
                try:
                    status = entry.stat()
                except OSError:
                    problems.append(("broken link" if entry.is_symlink() else "unreadable", entry.path))
                    continue
                if entry.is_symlink() and entry.is_dir():
                    links.append(name)
                elif status.st_size == 0 and not stat.S_ISREG(status.st_mode):
                    problems.append(("not a file", entry.path))
                else:
                    rows.append((name, status.st_size, status.st_mtime_ns))
    except OSError:
        problems.append(("unreadable folder", path))
    rows.sort()
    folders.sort()
    return Folder(path, folders, _by_kind(path, rows, problems), problems, sorted(links), hidden)


def kind_of(name: str) -> str:
    return KINDS.get(name[name.rfind(".") + 1 :].lower(), OTHER)


def _by_kind(
    path: str, rows: list[tuple[str, int, int]], problems: list[tuple[str, str]]
) -> dict[str, Files]:
    """The rows sorted by what they are; empty media and names that are not UTF-8 become problems."""
    if not is_utf8(path):
        problems += [("not UTF-8", f"{path}/{name}") for name, _, _ in rows if kind_of(name) != OTHER]
        return {}
    endings = {name[name.rfind(".") + 1 :] for name, _, _ in rows}
    kinds = {KINDS.get(ending.lower(), OTHER) for ending in endings}
    if len(kinds) == 1:
        packed = _packed(path, rows, kinds.pop(), problems)
        return {packed[0]: packed[1]} if packed[1].total else {}
    parts: dict[str, list[tuple[str, int, int]]] = {kind: [] for kind in sorted(kinds)}
    for row in rows:
        parts[kind_of(row[0])].append(row)
    found = dict(_packed(path, part, kind, problems) for kind, part in parts.items())
    return {kind: files for kind, files in found.items() if files.total}


def _packed(
    path: str, rows: list[tuple[str, int, int]], kind: str, problems: list[tuple[str, str]]
) -> tuple[str, Files]:
    if kind != OTHER and any(size == 0 for _, size, _ in rows):
        problems += [("empty", f"{path}/{name}") for name, size, _ in rows if size == 0]
        rows = [row for row in rows if row[1]]
    try:
        names = "\0".join([row[0] for row in rows]).encode()
    except UnicodeEncodeError:
        bad = {row[0] for row in rows if not is_utf8(row[0])}
        problems += [("not UTF-8", f"{path}/{name}") for name in sorted(bad)]
        rows = [row for row in rows if row[0] not in bad]
        names = "\0".join([row[0] for row in rows]).encode()
    sizes = array("q", [row[1] for row in rows]).tobytes()
    times = array("q", [row[2] for row in rows]).tobytes()
    return kind, Files(len(rows), names, sizes, times)


def is_utf8(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def walk_some(paths: list[str], limit: int = BATCH) -> tuple[list[Folder], list[str]]:
    """Walk folders depth first until `limit` entries were seen; what was walked, and what is still to walk."""
    pending = paths[::-1]
    done: list[Folder] = []
    seen = 0
    while pending and seen < limit:
        folder = read_folder(pending.pop())
        done.append(folder)
        seen += 10 + sum(files.total for files in folder.files.values())
        prefix = folder.path.rstrip("/")
        pending.extend(f"{prefix}/{name}" for name in reversed(folder.folders))
    return done, pending


Walker = Callable[[list[str]], Iterable[list[Folder]]]


def walk_here(paths: list[str]) -> Iterable[list[Folder]]:
    """Walk in this process, a batch at a time."""
    pending = deque([paths])
    while pending:
        done, rest = walk_some(pending.popleft())
        if rest:
            pending.append(rest)
        yield done


def walk(roots: list[str], walker: Walker = walk_here, seen: Callable[[int], None] | None = None) -> Tree:
    """Everything below the roots. Links to folders are followed unless they lead back into what is walked."""
    tree = Tree(roots)
    count = 0
    todo = list(roots)
    while todo:
        links: list[str] = []
        for batch in walker(todo):
            tree.add(batch)
            links += [f"{folder.path.rstrip('/')}/{name}" for folder in batch for name in folder.links]
            count += sum(files.total for folder in batch for files in folder.files.values())
            if seen:
                seen(count)
        todo = _follow(sorted(links), tree)
    tree.folders = dict(sorted(tree.folders.items(), key=lambda item: item[0].split("/")))
    return tree


def _follow(links: list[str], tree: Tree) -> list[str]:
    """The links worth walking: those that lead outside of everything that is walked already."""
    fresh: list[str] = []
    walked = {os.path.realpath(root) for root in tree.roots}
    walked |= {os.path.realpath(folder) for folder in tree.linked}
    for link in links:
        target = os.path.realpath(link)
        if any(_inside(target, other) or _inside(other, target) for other in walked):
            tree.problems.append(("link back", link))
            continue
        walked.add(target)
        fresh.append(link)
    for link in fresh:
        tree.linked.append(link)
        parent, _, name = link.rpartition("/")
        tree.folders[parent].folders.append(name)
    return fresh


def _inside(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder.rstrip("/") + "/")
