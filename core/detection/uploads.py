"""Uploaded files on disk for as long as a session lasts: under names of our own, in a folder of the session."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import tempfile
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from core.errors import MediaError
from core.media.limits import Limits

PREFIX = "deepfake-detect-"
BLOCK = 1 << 20
LONGEST_NAME = 200


@dataclass(frozen=True)
class Upload:
    """A file to judge: where it lies, and the name it came with, which is only ever shown."""

    path: Path
    shown: str
    ours: bool = True  # False: a sample of the catalogue, which stays where it is


class SessionFolder:
    """Everything of one session on disk; `close` leaves nothing behind."""

    def __init__(self) -> None:
        self.path = Path(tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-"))
        self._count = 0
        self._lock = threading.Lock()

    def keep(self, content: BinaryIO, shown: str, limits: Limits) -> Upload:
        """Write an upload to disk in blocks; one that is too large is refused and removed."""
        path = self._next()
        written = 0
        content.seek(0)
        with path.open("wb") as file:
            while block := content.read(BLOCK):
                written += len(block)
                if written > limits.bytes:
                    break
                file.write(block)
        if written > limits.bytes:
            path.unlink()
            raise MediaError(f"{shown}: more than the limit of {limits.bytes:,} bytes (settings, [limits])")
        return Upload(path, shown[:LONGEST_NAME])

    def results(self) -> Path:
        """A fresh folder for the pictures of one judgement."""
        with self._lock:
            self._count += 1
            folder = self.path / f"result-{self._count:05d}"
        folder.mkdir()
        return folder

    def _next(self) -> Path:
        with self._lock:
            self._count += 1
            return self.path / f"upload-{self._count:05d}"

    def remove(self, upload: Upload) -> None:
        if upload.ours:
            upload.path.unlink(missing_ok=True)

    def close(self) -> None:
        shutil.rmtree(self.path, ignore_errors=True)


def sweep() -> int:
    """Remove folders of servers that died without tidying up; how many there were."""
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
    except PermissionError:
        return True
    return True
