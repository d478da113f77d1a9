"""The prepared cache: crops and waveforms kept once per (file, recipe), quick to read, safe to delete. Beside them, once
a file, lies what the same decoding told of it: what it is, and its fingerprint.

An entry is one file: a fixed head with a checksum, then the message of wire.py. Its name is the hash of what it was made
from (path, size and modification time of the file, the recipe), so a changed file never meets an old entry. It is
written beside its place and renamed; whoever reads it sees all of it or nothing. A damaged entry is made again.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import struct
import tempfile
import time
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2

from core.errors import MediaError
from core.media import sandbox, shards
from core.media.limits import Limits, reason
from core.media.prepare import Prepared
from core.media.recipe import Recipe
from core.media.single_pass import FileFacts, make
from core.media.wire import pack, unpack
from core.workspace import Workspace, workspace

MAGIC = b"DFPREP01"
HEAD = struct.Struct("<8sQQ8x")  # magic, checksum of all that follows, bytes that follow
SWEEP_EVERY = 64  # new entries between two looks at the size of the whole cache
SWEEP_TO = 0.9  # a full cache is emptied to this share of its bound
LEFT_OVER_AFTER = 3600.0  # seconds: no writer takes so long

IRRELEVANT = {  # fields of a recipe that do not touch what is prepared
    "audio": (
        "frames",
        "sampling",
        "image_size",
        "resize",
        "faces",
        "face_margin",
        "face_share",
        "face_detector",
        "max_tracks",
    ),
    "image": ("sample_rate", "trim_silence"),
    "video": ("sample_rate", "trim_silence"),
    "multimodal": (),
}


def prepare_cached(
    path: Path | str,
    recipe: Recipe,
    space: Workspace | None = None,
    *,
    limits: Limits | None = None,
    threads: int = 0,
    guarded: bool = False,
) -> Prepared:
    """The prepared file, from the cache or made and kept; `guarded`: a decoder that dies costs this file alone."""
    return fetch(path, recipe, space, limits=limits, threads=threads, guarded=guarded)[0]


def fetch(
    path: Path | str,
    recipe: Recipe,
    space: Workspace | None = None,
    *,
    limits: Limits | None = None,
    threads: int = 0,
    guarded: bool = False,
) -> tuple[Prepared, bool]:
    """The prepared file, and whether it was in the cache."""
    path, space = Path(path), space or workspace()
    entry = entry_path(path, recipe, space)
    kept = read(entry)
    if kept is not None:
        return kept, True
    limits = limits or Limits.from_settings(space)
    if guarded:
        made = sandbox.run(make, path, recipe, limits=limits, threads=threads, space=space)
    else:
        made = make(path, recipe, limits=limits, threads=threads, space=space)
    # A file that changed while it was read is kept under neither name.
    if entry_path(path, recipe, space) == entry:
        with contextlib.suppress(OSError):  # a full or read-only disk makes the cache useless, not the work
            write(entry, made.prepared)
            if made.facts is not None:
                write(facts_path(path, space), made.facts)
            _sweep_sometimes(space, limits.cache_bytes)
    return made.prepared, False


def facts_of(path: Path, space: Workspace | None = None) -> FileFacts | None:
    """What was kept of a file when it was prepared, by whatever recipe; None where it was not, or has changed."""
    try:
        found = _read(facts_path(path, space))
    except MediaError:
        return None
    return found if isinstance(found, FileFacts) else None


def facts_path(path: Path, space: Workspace | None = None) -> Path:
    key = _key_of(path)
    return (space or workspace()).cache / "facts" / key[:2] / f"{key[2:40]}.facts"


def fill(
    path: Path | str,
    recipe: Recipe,
    space: Workspace | None = None,
    *,
    limits: Limits | None = None,
    threads: int = 0,
) -> dict[str, Any]:
    """Make sure that the entry is there: whether it was, its bytes, and why the file cannot be judged, if so.

    With a number of `threads` the whole process keeps to it, OpenCV too: other processes have the other cores.
    """
    if threads:
        cv2.setNumThreads(threads)
    made, kept = fetch(path, recipe, space, limits=limits, threads=threads)
    # No entry on a full disk: its size is 0, and preparing says that nothing is kept.
    with contextlib.suppress(OSError):
        length = entry_path(Path(path), recipe, space).stat().st_size
        return {"cached": kept, "bytes": length, "not_applicable": made.not_applicable}
    return {"cached": kept, "bytes": 0, "not_applicable": made.not_applicable}


def entry_path(path: Path, recipe: Recipe, space: Workspace | None = None) -> Path:
    """Where the entry of a file lies, whether it is there or not."""
    fields = recipe.to_dict()
    for name in (*IRRELEVANT.get(recipe.modality, ()), "aggregation", "seconds"):
        fields.pop(name)
    if not fields.get("face_share"):  # younger than the first caches, whose entries stay known
        fields.pop("face_share", None)
    key = _key_of(path, fields)
    return (space or workspace()).cache / "prepared" / key[:2] / f"{key[2:40]}.prep"


def _key_of(path: Path, *more: Any) -> str:
    """The hash of a file as it is now, and of what was made of it."""
    try:
        status = shards.status(path)
    except (OSError, ValueError) as error:
        raise MediaError(f"{path.name}: cannot be opened ({reason(error)})") from error
    made_from = [os.path.abspath(path), status.st_size, status.st_mtime_ns, *more]
    return hashlib.sha256(
        json.dumps(made_from, sort_keys=True).encode("utf-8", "surrogateescape")
    ).hexdigest()


def is_kept(path: Path | str, recipe: Recipe, space: Workspace | None = None) -> bool:
    """Whether the file is prepared already."""
    return entry_path(Path(path), recipe, space).exists()


def write(entry: Path, value: Prepared | FileFacts) -> None:
    parts = pack(value)
    checksum = 0
    for part in parts:
        checksum = zlib.crc32(part, checksum)
    entry.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=entry.parent, prefix=".", suffix=".tmp")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(HEAD.pack(MAGIC, checksum, sum(len(part) for part in parts)))
            for part in parts:
                file.write(part)
        os.replace(name, entry)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def read(entry: Path) -> Prepared | None:
    """The entry, or None where there is none or it is damaged (then it is removed)."""
    value = _read(entry)
    if value is None:
        return None
    if not isinstance(value, Prepared):
        entry.unlink(missing_ok=True)
        return None
    with contextlib.suppress(OSError):
        os.utime(entry)  # used now: what was used least recently goes first
    return value


def _read(entry: Path) -> Any:
    try:
        with entry.open("rb", buffering=0) as file:
            data = bytearray(os.fstat(file.fileno()).st_size)  # writable, as networks want their inputs
            file.readinto(data)
    # Not there: it is prepared anew.
    except OSError:
        return None
    try:
        magic, checksum, length = HEAD.unpack_from(data)
        body = memoryview(data)[HEAD.size :]
        if magic != MAGIC or len(body) != length or zlib.crc32(body) != checksum:
            raise ValueError("damaged")
        return unpack(body)
    except (ValueError, struct.error):
        entry.unlink(missing_ok=True)
        return None


_written = 0


def _sweep_sometimes(space: Workspace, bound: int) -> None:
    global _written
    _written += 1
    if _written % SWEEP_EVERY == 1:
        sweep(space, bound)


def entries(space: Workspace | None = None) -> Iterator[tuple[float, int, Path]]:
    """Last use, bytes and path of every entry (and of what a killed writer left)."""
    folder = (space or workspace()).cache / "prepared"
    for directory, _, names in os.walk(folder):
        for name in names:
            path = Path(directory, name)
            with contextlib.suppress(OSError):  # another process may have removed it
                status = path.stat()
                yield status.st_mtime, status.st_size, path


def size(space: Workspace | None = None) -> int:
    """Bytes in the cache."""
    return sum(length for _, length, _ in entries(space))


def sweep(space: Workspace | None = None, bound: int | None = None) -> int:
    """Remove what was used least recently until the cache is within its bound; the bytes freed."""
    bound = Limits.from_settings(space).cache_bytes if bound is None else bound
    found = sorted(entries(space))
    total, freed = sum(length for _, length, _ in found), 0
    too_old = time.time() - LEFT_OVER_AFTER
    keep = bound * SWEEP_TO if total > bound else total
    for used, length, path in found:
        left_over = path.suffix == ".tmp" and used < too_old  # its writer was killed
        if total - freed > keep or left_over:
            # Another process may have it open or removed; the next sweep tries again.
            with contextlib.suppress(OSError):
                path.unlink(missing_ok=True)
                freed += length
    return freed
