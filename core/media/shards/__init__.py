"""Samples inside Parquet and tar files, read where they lie: a sample's path is `shard#row`.

train-00000.parquet#17   the 18th row        WildDeepfake/1.tar#3   the 4th media file in the archive

A compressed archive (`.tar.gz`, `.tgz`) is decompressed once by each process that opens it, and not kept on disk.

Everything that opens a sample asks here, so a row is opened like a file. A plain file of that name comes first.
"""

from __future__ import annotations

import io
import os
import threading
from collections import OrderedDict
from io import BufferedReader
from pathlib import Path
from typing import TYPE_CHECKING

from core.errors import MediaError
from core.media.kinds import is_shard

if TYPE_CHECKING:
    from core.media.limits import Limits

KEPT_BYTES = 64 << 20  # of rows that were read last: probing, preparing and drawing ask for the same one
_kept: OrderedDict[tuple[str, int, int], bytes] = OrderedDict()
_lock = threading.Lock()


def address(path: Path | str) -> tuple[Path, int] | None:
    """The shard and the row in it; None for a plain file, also for one whose name looks like a row's."""
    text = os.fspath(path)
    shard, mark, row = text.rpartition("#")
    if not mark or not (row.isascii() and row.isdecimal()) or len(row) > 12:
        return None
    if not is_shard(shard) or os.path.lexists(text):
        return None
    return Path(shard), int(row)


def file_of(path: Path) -> Path:
    """The file on disk that holds the sample."""
    found = address(path)
    return found[0] if found else path


def is_file(path: Path) -> bool:
    return file_of(path).is_file()


def status(path: Path) -> os.stat_result:
    """Size and time of the file on disk: what changes when the sample does."""
    return file_of(path).stat()


def source(path: Path) -> Path | io.BytesIO:
    """What a decoder opens: the path of a plain file, the bytes of a row."""
    return path if address(path) is None else io.BytesIO(read(path))


def reader(path: Path) -> BufferedReader | io.BytesIO:
    """The sample's bytes as an open file."""
    return path.open("rb") if address(path) is None else io.BytesIO(read(path))


def length(path: Path, limits: Limits) -> int:
    """The bytes of a row; a MediaError where it is not there or above the limit."""
    return len(read(path, limits))


def read(path: Path, limits: Limits | None = None) -> bytes:
    """The bytes of a row."""
    from core.media.limits import Limits, reason

    found = address(path)
    if found is None:
        raise MediaError(f"{path.name}: is no row of a shard")
    shard, row = found
    limits = limits or Limits()
    try:
        stamp = shard.stat().st_mtime_ns
    except OSError as error:
        raise MediaError(f"{path.name}: cannot be opened ({reason(error)})") from error
    key = (str(shard), row, stamp)
    with _lock:
        if key in _kept:
            _kept.move_to_end(key)
            return _kept[key]
        data = _read(shard, row, limits)
        _kept[key] = data
        while len(_kept) > 1 and sum(map(len, _kept.values())) > KEPT_BYTES:
            _kept.popitem(last=False)
    return data


def _read(shard: Path, row: int, limits: Limits) -> bytes:
    if shard.suffix.lower() == ".parquet":
        from core.media.shards import parquet

        return parquet.read(shard, row, limits)
    from core.media.shards import tar

    return tar.read(shard, row, limits)


def extract(path: Path, folder: Path) -> Path:
    """A plain file for programs that only know those: the file itself, or a copy of the row made once."""
    import hashlib

    found = address(path)
    if found is None:
        return path
    status = found[0].stat()
    text = f"{os.path.abspath(path)}-{status.st_size}-{status.st_mtime_ns}"
    digest = hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:24]
    data = read(path)
    target = folder / f"{digest}.{ending(data)}"
    if not target.is_file():
        from core.workspace import write_atomic

        target.parent.mkdir(parents=True, exist_ok=True)
        write_atomic(target, data)
    return target


SIGNS = (
    (0, b"\xff\xd8\xff", "jpg"),
    (0, b"\x89PNG", "png"),
    (0, b"GIF8", "gif"),
    (8, b"WEBP", "webp"),
    (0, b"BM", "bmp"),
    (0, b"II*\0", "tif"),
    (0, b"MM\0*", "tif"),
    (8, b"WAVE", "wav"),
    (0, b"fLaC", "flac"),
    (0, b"OggS", "ogg"),
    (0, b"ID3", "mp3"),
    (0, b"\xff\xfb", "mp3"),
    (0, b"\xff\xf3", "mp3"),
    (8, b"AVI ", "avi"),
    (0, b"\x1a\x45\xdf\xa3", "mkv"),
    (4, b"ftypavif", "avif"),
    (4, b"ftyphei", "heic"),
    (4, b"ftypM4A", "m4a"),
    (4, b"ftyp", "mp4"),
    (8, b"AIFF", "aiff"),
)


def ending(data: bytes) -> str:
    """The usual ending of a file that begins so; `bin` where it is not known."""
    return next((name for at, sign, name in SIGNS if data[at : at + len(sign)] == sign), "bin")
