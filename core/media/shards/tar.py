"""Media in tar files: the offsets of its members, read once a process, and one of them."""

from __future__ import annotations

import tarfile
from collections import OrderedDict
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple, cast

from core.errors import MediaError
from core.media.kinds import KINDS
from core.media.limits import Limits, reason

LONGEST_HEADER = 1 << 20  # bytes; a longer one is an attack on memory
MOST_MEMBERS = 5_000_000
SMALL = 1 << 20  # bytes of a member that describes another: JSON, a label, a caption
OPEN = 8  # indexes that are kept
FAILURES = (OSError, tarfile.TarError, ValueError, EOFError, OverflowError, MemoryError, RecursionError)


class Member(NamedTuple):
    """A plain file in the archive."""

    name: str
    offset: int
    bytes: int
    kind: str  # image | audio | video, or empty for what only describes


class _Guarded:
    """The archive as tarfile reads it: no header makes it read more than a header may hold."""

    def __init__(self, file: BinaryIO) -> None:
        self.file = file

    def read(self, size: int = -1) -> bytes:
        if size < 0 or size > LONGEST_HEADER:
            raise tarfile.ReadError("a header is longer than any header is")
        return self.file.read(size)

    def seek(self, position: int, whence: int = 0) -> int:
        return self.file.seek(position, whence)

    def tell(self) -> int:
        return self.file.tell()


def members(path: Path) -> Iterator[Member]:
    """The plain files of an archive in its order; links, devices and sparse files are passed over."""
    with path.open("rb") as file:
        end = file.seek(0, 2)
        file.seek(0)
        with tarfile.open(fileobj=cast(BinaryIO, _Guarded(file)), mode="r:", errors="replace") as archive:
            for number, info in enumerate(archive):
                archive.members = []  # type: ignore[attr-defined]  # a kilobyte a file otherwise
                if number >= MOST_MEMBERS:
                    raise tarfile.ReadError(f"it holds more than {MOST_MEMBERS:,} files")
                if not info.isreg() or info.issparse() or info.offset_data + info.size > end:
                    continue
                name = info.name.encode("utf-8", "replace").decode()
                kind = KINDS.get(name[name.rfind(".") + 1 :].lower(), "")
                hidden = any(part.startswith(".") for part in name.split("/") if part not in (".", ".."))
                if info.size and not hidden:
                    yield Member(name, info.offset_data, info.size, kind)


_indexes: OrderedDict[tuple[str, int, int], list[Member]] = OrderedDict()


def media(path: Path) -> list[Member]:
    """The media files of an archive: the row of a path is a position in this list."""
    status = path.stat()
    key = (str(path), status.st_size, status.st_mtime_ns)
    if key not in _indexes:
        _indexes[key] = [member for member in members(path) if member.kind]
        while len(_indexes) > OPEN:
            _indexes.popitem(last=False)
    _indexes.move_to_end(key)
    return _indexes[key]


def read(path: Path, row: int, limits: Limits) -> bytes:
    name = f"{path.name}#{row}"
    try:
        found = media(path)
        if row >= len(found):
            raise MediaError(f"{name}: the archive has {len(found):,} media files; scan again")
        member = found[row]
        if member.bytes > limits.bytes:
            raise MediaError(
                f"{name}: {member.bytes:,} bytes; the limit is {limits.bytes:,} (settings, [limits])"
            )
        with path.open("rb") as file:
            file.seek(member.offset)
            data = file.read(member.bytes)
    except FAILURES as error:
        raise MediaError(f"{name}: the archive is damaged ({reason(error)})") from error
    if len(data) < member.bytes:
        raise MediaError(f"{name}: the archive ends before the file does")
    return data
