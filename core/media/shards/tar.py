"""Media in tar files, also compressed ones: where its members lie, read once a process, and one of them."""

from __future__ import annotations

import tarfile
import zlib
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, NamedTuple, Protocol, cast

from core.errors import MediaError
from core.media.kinds import KINDS
from core.media.limits import Limits, reason
from core.media.shards.seekable_gzip import SeekableGzip

LONGEST_HEADER = 1 << 20  # bytes; a longer one is an attack on memory
MOST_MEMBERS = 5_000_000
SMALL = 1 << 20  # bytes of a member that describes another: JSON, a label, a caption
OPEN, OPEN_COMPRESSED = 8, 64  # indexes that are kept; that of a compressed archive costs reading all of it
FAILURES = (
    OSError,
    tarfile.TarError,
    zlib.error,
    ValueError,
    EOFError,
    OverflowError,
    MemoryError,
    RecursionError,
)


class Member(NamedTuple):
    """A plain file in the archive."""

    name: str
    offset: int
    bytes: int
    kind: str  # image | audio | video, or empty for what only describes


class Stream(Protocol):
    """What an archive is read from."""

    def read(self, size: int) -> bytes: ...

    def seek(self, position: int, whence: int = 0) -> int: ...

    def tell(self) -> int: ...


class _Guarded:
    """The archive as tarfile reads it: no header makes it read more than a header may hold."""

    def __init__(self, stream: Stream) -> None:
        self.stream = stream
        self.seek, self.tell = stream.seek, stream.tell

    def read(self, size: int = -1) -> bytes:
        if size < 0 or size > LONGEST_HEADER:
            raise tarfile.ReadError("a header is longer than any header is")
        return self.stream.read(size)


class Archive:
    """An open tar file; `.gz` and `.tgz` are decompressed as they are read."""

    def __init__(self, path: Path, limits: Limits | None = None) -> None:
        self.file = path.open("rb")
        self.compressed = is_compressed(path)
        self.unused: dict[str, tuple[str, int]] = {}  # why files are no members: the first name, how many
        self.stream: Stream = self.file
        self.end: int | None = None
        try:
            if self.compressed:
                self.stream = SeekableGzip(self.file, path.name, limits or Limits.from_settings())
            else:
                self.end = self.file.seek(0, 2)
        except BaseException:
            self.file.close()
            raise

    def __enter__(self) -> Archive:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.file.close()

    def members(self) -> Iterator[Member]:
        """The plain files in their order; links, devices and sparse files are passed over."""
        self.stream.seek(0)
        with tarfile.open(
            fileobj=cast(BinaryIO, _Guarded(self.stream)), mode="r:", errors="replace"
        ) as archive:
            for number, info in enumerate(archive):
                archive.members = []  # type: ignore[attr-defined]  # a kilobyte a file otherwise
                if number >= MOST_MEMBERS:
                    raise tarfile.ReadError(f"it holds more than {MOST_MEMBERS:,} files")
                if not info.isreg() or info.issparse():
                    continue
                name = info.name.encode("utf-8", "replace").decode()
                kind = KINDS.get(name[name.rfind(".") + 1 :].lower(), "")
                if any(part.startswith(".") for part in name.split("/") if part not in (".", "..")):
                    continue
                cut = self.end is not None and info.offset_data + info.size > self.end
                if info.size and not cut:
                    yield Member(name, info.offset_data, info.size, kind)
                elif kind or cut:
                    self.pass_over(name, "cut off" if cut else "empty")

    def pass_over(self, name: str, why: str) -> None:
        """Count a file that is not used, and keep the first of each reason."""
        first, n = self.unused.get(why, (name, 0))
        self.unused[why] = (first, n + 1)

    def read(self, member: Member) -> bytes:
        self.stream.seek(member.offset)
        return self.stream.read(member.bytes)


def is_compressed(path: Path) -> bool:
    return path.suffix.lower() in (".gz", ".tgz")


@dataclass
class Index:
    """An archive that stays open, and its media files: the row of a path is a position in that list."""

    archive: Archive
    media: list[Member]


_indexes: OrderedDict[tuple[str, int, int], Index] = OrderedDict()


def _index(path: Path, limits: Limits) -> Index:
    status = path.stat()
    key = (str(path), status.st_size, status.st_mtime_ns)
    if key not in _indexes:
        archive = Archive(path, limits)
        try:
            _indexes[key] = Index(archive, [member for member in archive.members() if member.kind])
        except BaseException:
            archive.file.close()
            raise
        _drop_old(archive.compressed)
    _indexes.move_to_end(key)
    return _indexes[key]


def _drop_old(compressed: bool) -> None:
    alike = [key for key, index in _indexes.items() if index.archive.compressed == compressed]
    for key in alike[: -(OPEN_COMPRESSED if compressed else OPEN)]:
        _indexes.pop(key).archive.file.close()


def read(path: Path, row: int, limits: Limits) -> bytes:
    name = f"{path.name}#{row}"
    try:
        index = _index(path, limits)
        if row >= len(index.media):
            raise MediaError(f"{name}: the archive has {len(index.media):,} media files; scan again")
        member = index.media[row]
        if member.bytes > limits.bytes:
            raise MediaError(
                f"{name}: {member.bytes:,} bytes; the limit is {limits.bytes:,} (settings, [limits])"
            )
        data = _bytes_of(path, member, index.archive.stream, limits)
    except FAILURES as error:
        raise MediaError(f"{name}: the archive is damaged ({reason(error)})") from error
    if len(data) < member.bytes:
        raise MediaError(f"{name}: the archive ends before the file does")
    return data


def _bytes_of(path: Path, member: Member, stream: Stream, limits: Limits) -> bytes:
    if isinstance(stream, SeekableGzip):
        stream.begin(limits)
        stream.seek(member.offset)
        return stream.read(member.bytes)
    with path.open("rb") as file:
        file.seek(member.offset)
        return file.read(member.bytes)
