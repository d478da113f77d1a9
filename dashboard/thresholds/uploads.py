"""Score files that were uploaded, kept by this server for a while: a reload and a shared link find them again.

A file is named by the hash of its content, so nobody comes upon it without a link or the file itself.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

import streamlit as st

from core.detection.serving.uploads import SERVER, own_prefix
from core.errors import BadInput

BLOCK = 1 << 20
MOST_FILES = 60
MOST_BYTES = 12_000_000_000
KEPT_FOR = 12 * 3600.0  # seconds since it was last looked at


@dataclass
class Kept:
    """One file: where it lies, and the name it came with, which is only ever shown."""

    token: str
    name: str
    path: Path
    bytes: int
    used: float = 0.0


@dataclass
class UploadStore:
    """Those used longest ago make room for new ones."""

    clock: Callable[[], float] = time.time
    most_files: int = MOST_FILES
    most_bytes: int = MOST_BYTES
    folder: Path = field(default_factory=lambda: Path(tempfile.mkdtemp(prefix=own_prefix())))

    def __post_init__(self) -> None:
        self._kept: dict[str, Kept] = {}
        self._lock = threading.Lock()

    def keep(self, content: BinaryIO, name: str) -> Kept:
        """Write it to disk in blocks under the hash of its content."""
        content.seek(0)
        digest = hashlib.sha256()
        handle, part = tempfile.mkstemp(dir=self.folder)
        total = 0
        try:
            with os.fdopen(handle, "wb") as file:
                while block := content.read(BLOCK):
                    digest.update(block)
                    total += len(block)
                    if total > self.most_bytes:
                        raise BadInput(
                            f"{name} holds over {self.most_bytes:,} bytes; use the command instead"
                        )
                    file.write(block)
            token = digest.hexdigest()[:32]
            os.replace(part, self.folder / token)
        except BaseException:
            Path(part).unlink(missing_ok=True)
            raise
        with self._lock:
            found = Kept(token, name[:200], self.folder / token, total, self.clock())
            SERVER.change(total if token not in self._kept else 0)
            self._kept[token] = found
            self._make_room(token)
        return found

    def find(self, token: str) -> Kept | None:
        """The file of this token, which counts as used now; None where it is here no longer."""
        with self._lock:
            self._make_room(token)
            found = self._kept.get(token)
            if found is not None:
                found.used = self.clock()
            return found

    def close(self) -> None:
        SERVER.change(-sum(kept.bytes for kept in self._kept.values()))
        self._kept.clear()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _make_room(self, asked: str) -> None:
        oldest = sorted(self._kept.values(), key=lambda kept: kept.used)
        over = [kept for kept in oldest if self.clock() - kept.used > KEPT_FOR]
        rest = [kept for kept in oldest if kept not in over]
        while len(rest) > self.most_files or sum(kept.bytes for kept in rest) > self.most_bytes:
            over.append(rest.pop(0))
        for kept in over:
            if kept.token != asked or self.clock() - kept.used > KEPT_FOR:
                SERVER.change(-self._kept.pop(kept.token).bytes)
                # Deleted already, by the end of its session.
                with contextlib.suppress(FileNotFoundError):
                    kept.path.unlink()


@st.cache_resource(show_spinner=False, on_release=UploadStore.close)
def store() -> UploadStore:
    """The one store of this server."""
    return UploadStore()
