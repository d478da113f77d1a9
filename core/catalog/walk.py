"""Walking data roots: folders with their file names, sizes and times, and nothing else. Never writes."""

from __future__ import annotations

import os
import stat
from array import array
from bisect import bisect_left
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from operator import itemgetter
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
MEDIA = ("image", "audio", "video")
Row = tuple[str, int, int]  # name, size in bytes, time of change in nanoseconds
_KIND_OF_LAST_FOUR = {f".{ending}": kind for ending, kind in KINDS.items() if len(ending) == 3}
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
    found = _Listing(path)
    rows = found.rows
    try:
        with os.scandir(path) as entries:
            for entry in entries:  # the hot loop of a scan: ordinary files take the first branch
                if entry.is_file(follow_symlinks=False):
                    status = entry.stat(follow_symlinks=False)
                    rows.append((entry.name, status.st_size, status.st_mtime_ns))
                else:
                    found.odd(entry)
    except OSError:
        found.problems.append(("unreadable folder", path))
    return found.folder()


class _Listing:
    """One folder while it is read."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.rows: list[Row] = []
        self.folders: list[str] = []
        self.links: list[str] = []
        self.problems: list[tuple[str, str]] = []
        self.hidden = 0

    def odd(self, entry: os.DirEntry[str]) -> None:
        """What is no ordinary file: a folder, a link, a pipe."""
        if entry.is_dir(follow_symlinks=False):
            if not is_hidden(entry.name):
                self.folders.append(entry.name)
            return
        try:
            status = entry.stat()
        except OSError:
            self.problems.append(("broken link" if entry.is_symlink() else "unreadable", entry.path))
            return
        if stat.S_ISDIR(status.st_mode):
            self.links.append(entry.name)
        elif stat.S_ISREG(status.st_mode):
            self.rows.append((entry.name, status.st_size, status.st_mtime_ns))
        else:
            self.problems.append(("not a file", entry.path))

    def folder(self) -> Folder:
        self.rows.sort(key=itemgetter(0))  # by name; half the time of comparing whole rows
        start, end = bisect_left(self.rows, (".", 0, 0)), bisect_left(self.rows, ("/", 0, 0))
        self.hidden = sum(kind_of(name) != OTHER for name, _, _ in self.rows[start:end])
        del self.rows[start:end]
        files = self._by_kind()
        return Folder(self.path, sorted(self.folders), files, self.problems, sorted(self.links), self.hidden)

    def _by_kind(self) -> dict[str, Files]:
        """The files by what they are; empty media and names that are not UTF-8 become problems."""
        rows = self.rows
        if not is_utf8(self.path):
            self.problems += [
                ("not UTF-8", f"{self.path}/{name}") for name, _, _ in rows if kind_of(name) != OTHER
            ]
            return {}
        kinds = {_KIND_OF_LAST_FOUR.get(row[0][-4:]) for row in rows}
        if len(kinds) == 1 and None not in kinds:
            parts = {str(kinds.pop()): rows}
        else:
            parts = {kind: [row for row in rows if kind_of(row[0]) == kind] for kind in (*MEDIA, OTHER)}
        packed = {kind: self._packed(part, kind) for kind, part in parts.items() if part}
        return {kind: files for kind, files in packed.items() if files.total}

    def _packed(self, rows: list[Row], kind: str) -> Files:
        sizes = [row[1] for row in rows]
        if kind != OTHER and 0 in sizes:
            self.problems += [("empty", f"{self.path}/{name}") for name, size, _ in rows if size == 0]
            rows = [row for row in rows if row[1]]
            sizes = [row[1] for row in rows]
        try:
            names = "\0".join([row[0] for row in rows]).encode()
        except UnicodeEncodeError:
            self.problems += [("not UTF-8", f"{self.path}/{row[0]}") for row in rows if not is_utf8(row[0])]
            return self._packed([row for row in rows if is_utf8(row[0])], kind)
        times = array("q", [row[2] for row in rows])
        return Files(len(rows), names, array("q", sizes).tobytes(), times.tobytes())


def kind_of(name: str) -> str:
    return KINDS.get(name[name.rfind(".") + 1 :].lower(), OTHER)


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
