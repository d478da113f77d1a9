"""Walking data roots: folders with their file names, sizes and times, and nothing else. Never writes."""

from __future__ import annotations

import contextlib
import os
import stat
from array import array
from bisect import bisect_left
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from core.catalog.paths import inside
from core.media.kinds import KINDS as KINDS
from core.media.kinds import SHARD, SHARD_ENDINGS, is_shard

PACKED = frozenset(
    (
        "zip",
        "gz",
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
COUNTED = (*MEDIA, SHARD)
_KIND_OF = {**KINDS, **{ending[1:]: SHARD for ending in SHARD_ENDINGS}}
_KIND_OF_LAST_FOUR = {f".{ending}": kind for ending, kind in _KIND_OF.items() if len(ending) == 3}
OTHER = "other"  # files that are not media: lists, readmes, archives
ORDINARY = stat.S_IFREG >> 12
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
    files: dict[str, Files]  # image | audio | video | shard | other; sorted by name
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


def read_folder(path: str, allowed: Sequence[str] | None = None) -> Folder:
    """List one folder with the size and time of every file in it; a link to a file that lies in none of the
    allowed folders is a problem."""
    found = _Listing(path, allowed)
    try:
        handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    except OSError:
        found.problems.append(("unreadable folder", path))
        return found.folder()
    try:
        found.read(handle)
    except OSError:
        found.problems.append(("unreadable folder", path))
    finally:
        os.close(handle)
    return found.folder()


class _Listing:
    """One folder while it is read: its files in three columns, by name."""

    def __init__(self, path: str, allowed: Sequence[str] | None = None) -> None:
        self.path, self.allowed = path, allowed
        self.names: list[str] = []
        self.sizes: list[int] = []
        self.times: list[int] = []
        self.folders: list[str] = []
        self.links: list[str] = []
        self.problems: list[tuple[str, str]] = []

    def read(self, handle: int) -> None:
        names, sizes, times, status_of = self.names, self.sizes, self.times, os.stat
        for name in sorted(os.listdir(handle)):  # the hot loop of a scan: one system call a file
            try:
                status = status_of(name, dir_fd=handle, follow_symlinks=False)
            # Deleted since the folder was listed: there is no file to count or to read.
            except FileNotFoundError:
                continue
            except PermissionError:  # to enter the folder, so it is alike for the others
                raise
            except OSError:
                self.problems.append(("unreadable", f"{self.path}/{name}"))
                continue
            if status.st_mode >> 12 != ORDINARY:
                followed = self.odd(name, status, handle)
                if followed is None:
                    continue
                status = followed
            names.append(name)
            sizes.append(status.st_size)
            times.append(status.st_mtime_ns)

    def odd(self, name: str, status: os.stat_result, handle: int) -> os.stat_result | None:
        """What is no ordinary file: a folder, a pipe, a link (to a file it is that file)."""
        if stat.S_ISDIR(status.st_mode):
            if not is_hidden(name):
                self.folders.append(name)
            return None
        if stat.S_ISLNK(status.st_mode):
            try:
                status = os.stat(name, dir_fd=handle)
            except OSError:
                self.problems.append(("broken link", f"{self.path}/{name}"))
                return None
            if stat.S_ISDIR(status.st_mode):
                self.links.append(name)
                return None
            if self.allowed is not None and not leads_into(f"{self.path}/{name}", self.allowed):
                self.problems.append(("link out", f"{self.path}/{name}"))
                return None
        if stat.S_ISREG(status.st_mode):
            return status
        self.problems.append(("not a file", f"{self.path}/{name}"))
        return None

    def folder(self) -> Folder:
        start, end = bisect_left(self.names, "."), bisect_left(self.names, "/")
        hidden = sum(kind_of(name) != OTHER for name in self.names[start:end])
        for column in (self.names, self.sizes, self.times):
            del column[start:end]
        return Folder(self.path, self.folders, self._by_kind(), self.problems, self.links, hidden)

    def _by_kind(self) -> dict[str, Files]:
        """The files by what they are; empty media and names that are not UTF-8 become problems."""
        endings = {_KIND_OF_LAST_FOUR.get(name[-4:]) for name in self.names}
        alike = endings.pop() if len(endings) == 1 else None
        if alike and all(self.sizes) and is_utf8(self.path):
            with contextlib.suppress(UnicodeEncodeError):  # a name is not UTF-8: looked at one by one
                return {alike: _pack(self.names, self.sizes, self.times)}
        rows: dict[str, list[tuple[str, int, int]]] = {kind: [] for kind in (*COUNTED, OTHER)}
        for row in zip(self.names, self.sizes, self.times, strict=True):
            kind = kind_of(row[0])
            if not is_utf8(path := f"{self.path}/{row[0]}"):
                self.problems.append(("not UTF-8", path))
            elif kind != OTHER and row[1] == 0:
                self.problems.append(("empty", path))
            else:
                rows[kind].append(row)
        return {kind: _pack(*zip(*some, strict=True)) for kind, some in rows.items() if some}


def _pack(names: Sequence[str], sizes: Sequence[int], times: Sequence[int]) -> Files:
    packed = array("q", sizes).tobytes(), array("q", times).tobytes()
    return Files(len(names), "\0".join(names).encode(), *packed)


def kind_of(name: str) -> str:
    ending = name[name.rfind(".") + 1 :].lower()
    return SHARD if ending == "gz" and is_shard(name) else _KIND_OF.get(ending, OTHER)


def is_utf8(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def walk_some(
    paths: list[str], limit: int = BATCH, allowed: Sequence[str] | None = None
) -> tuple[list[Folder], list[str]]:
    """Walk folders depth first until `limit` entries were seen; what was walked, and what is still to walk."""
    pending = paths[::-1]
    done: list[Folder] = []
    seen = 0
    while pending and seen < limit:
        folder = read_folder(pending.pop(), allowed)
        done.append(folder)
        seen += 10 + sum(files.total for files in folder.files.values())
        prefix = folder.path.rstrip("/")
        pending.extend(f"{prefix}/{name}" for name in reversed(folder.folders))
    return done, pending


Walker = Callable[[list[str], Sequence[str]], Iterable[list[Folder]]]


def walk_here(paths: list[str], allowed: Sequence[str]) -> Iterable[list[Folder]]:
    """Walk in this process, a batch at a time."""
    pending = deque([paths])
    while pending:
        done, rest = walk_some(pending.popleft(), allowed=allowed)
        if rest:
            pending.append(rest)
        yield done


def walk(
    roots: list[str],
    walker: Walker = walk_here,
    seen: Callable[[int], None] | None = None,
    others: Iterable[str] = (),
) -> Tree:
    """Everything below the roots. Links are followed within the roots and into the other configured ones, and not
    where they lead back into what is walked."""
    tree = Tree(roots)
    allowed = sorted({os.path.realpath(root) for root in (*roots, *others)})
    count = 0
    todo = list(roots)
    while todo:
        links: list[str] = []
        for batch in walker(todo, allowed):
            tree.add(batch)
            links += [f"{folder.path.rstrip('/')}/{name}" for folder in batch for name in folder.links]
            count += sum(files.total for folder in batch for files in folder.files.values())
            if seen:
                seen(count)
        todo = _follow(sorted(links), tree, allowed)
    tree.folders = dict(sorted(tree.folders.items(), key=lambda item: item[0].split("/")))
    return tree


def _follow(links: list[str], tree: Tree, allowed: Sequence[str]) -> list[str]:
    """The links worth walking: those into a configured root, outside of everything that is walked already."""
    fresh: list[str] = []
    walked = {os.path.realpath(root) for root in tree.roots}
    walked |= {os.path.realpath(folder) for folder in tree.linked}
    for link in links:
        target = os.path.realpath(link)
        if any(inside(target, other) or inside(other, target) for other in walked):
            tree.problems.append(("link back", link))
            continue
        if not leads_into(link, allowed):
            tree.problems.append(("link out", link))
            continue
        walked.add(target)
        fresh.append(link)
    for link in fresh:
        tree.linked.append(link)
        parent, _, name = link.rpartition("/")
        tree.folders[parent].folders.append(name)
    return fresh


def leads_into(path: str, folders: Sequence[str]) -> bool:
    """Whether what lies behind all links of the path is in one of these folders (which are free of links)."""
    target = os.path.realpath(path)
    return any(inside(target, folder) for folder in folders)
