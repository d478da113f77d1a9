"""Uploaded files on disk for as long as a session lasts: under names of our own, in a folder of the
session."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import tempfile
import threading
from collections.abc import Iterable
from dataclasses import dataclass, fields
from pathlib import Path
from typing import BinaryIO

from core.errors import BadInput, MediaError
from core.media.limits import Limits
from core.workspace import Workspace, workspace

PREFIX = "deepfake-detect-"
BLOCK = 1 << 20
LONGEST_NAME = 200


@dataclass(frozen=True)
class Room:
    """What uploads may take up at a time. settings.toml, `[uploads]`."""

    files: int = 500  # of one session
    session_bytes: int = 4_000_000_000
    server_bytes: int = 20_000_000_000

    @classmethod
    def from_settings(cls, space: Workspace | None = None) -> Room:
        given = (space or workspace()).settings().get("uploads", {})
        known = {f.name for f in fields(cls)}
        for name, value in given.items():
            if name not in known:
                raise BadInput(
                    f"settings.toml, [uploads]: unknown {name!r}; known are {', '.join(sorted(known))}"
                )
            if isinstance(value, bool) or not isinstance(value, int) or value < 1:
                raise BadInput(f"settings.toml, [uploads]: {name} ({value!r}) must be a whole number > 0")
        return cls(**given)


class _Taken:
    """Bytes of the uploads of all sessions of this server."""

    def __init__(self) -> None:
        self.bytes = 0
        self._lock = threading.Lock()

    def change(self, by: int) -> int:
        with self._lock:
            self.bytes = max(0, self.bytes + by)
            return self.bytes


SERVER = _Taken()


@dataclass(frozen=True)
class Upload:
    """A file to judge: where it lies, and the name it came with, which is only ever shown."""

    path: Path
    shown: str
    ours: bool = True  # False: a sample of the catalogue, which stays where it is


class SessionFolder:
    """Everything of one session on disk; `close` leaves nothing behind."""

    def __init__(self) -> None:
        self.path = Path(tempfile.mkdtemp(prefix=own_prefix()))
        self._count = 0
        self._held: dict[Path, int] = {}  # uploads with their bytes
        self._lock = threading.Lock()

    def keep(self, content: BinaryIO, shown: str, limits: Limits, room: Room | None = None) -> Upload:
        """Write an upload to disk in blocks; one that is too large or one too many is refused and removed."""
        room = room or Room()
        if len(self._held) >= room.files:
            raise MediaError(
                f"{shown}: this session holds {room.files:,} files already; press Clear, "
                "or judge a folder with `python -m core detect`"
            )
        path = self._next()
        self._held[path] = 0
        content.seek(0)
        try:
            with path.open("wb") as file:
                while block := content.read(BLOCK):
                    self._count_in(path, len(block), shown, limits, room)
                    file.write(block)
        except BaseException:
            self._drop(path)
            raise
        return Upload(path, shown[:LONGEST_NAME])

    def _count_in(self, path: Path, more: int, shown: str, limits: Limits, room: Room) -> None:
        self._held[path] += more
        total = SERVER.change(more)
        if self._held[path] > limits.bytes:
            raise MediaError(f"{shown}: more than the limit of {limits.bytes:,} bytes (settings, [limits])")
        if self.bytes > room.session_bytes:
            raise MediaError(
                f"{shown}: the files of this session take more than {room.session_bytes:,} bytes; press Clear"
            )
        if total > room.server_bytes:
            raise MediaError(
                f"{shown}: the uploads on this server take more than {room.server_bytes:,} bytes; try again later"
            )

    def results(self) -> Path:
        """A fresh folder for the pictures of one judgement."""
        with self._lock:
            self._count += 1
            folder = self.path / f"result-{self._count:05d}"
        folder.mkdir()
        return folder

    @property
    def bytes(self) -> int:
        """Of the uploads that are held now."""
        return sum(self._held.values())

    def _next(self) -> Path:
        with self._lock:
            self._count += 1
            return self.path / f"upload-{self._count:05d}"

    def _drop(self, path: Path) -> None:
        path.unlink(missing_ok=True)
        SERVER.change(-self._held.pop(path, 0))

    def remove(self, upload: Upload, results: Iterable[Path] = ()) -> None:
        """The file, if it is ours, and the pictures that were made of it."""
        if upload.ours:
            self._drop(upload.path)
        for folder in results:
            if folder.parent == self.path:
                shutil.rmtree(folder, ignore_errors=True)

    def close(self) -> None:
        SERVER.change(-self.bytes)
        self._held.clear()
        shutil.rmtree(self.path, ignore_errors=True)


def own_prefix() -> str:
    """Of this process's temporary folders: it says whose they are, should the process be killed."""
    return f"{PREFIX}{os.getpid()}-"


def sweep() -> int:
    """Remove folders of processes that died without tidying up; how many there were."""
    removed = 0
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        owner = re.match(rf"{PREFIX}(\d+)-", folder.name)
        if owner is None or _alive(int(owner[1])) or folder.is_symlink():
            continue
        with contextlib.suppress(OSError):  # another person's on a shared machine
            shutil.rmtree(folder)
            removed += 1
    return removed


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    # It belongs to somebody else, so it lives.
    except PermissionError:
        return True
    return True
