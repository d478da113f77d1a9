"""Where pre-trained weights come from: a folder first, then the caches and hubs of the libraries.

What cannot be had is an error that names the file and the folder; nothing falls back to random weights.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

from models.registry import MissingWeights

FOLDER_VARIABLE = "DEEPFAKE_WEIGHTS"
SUFFIXES = (".safetensors", ".pth", ".pt", ".bin")
_folder: ContextVar[str | None] = ContextVar("weights_folder", default=None)


@contextmanager
def folder_in_force(folder: str | None) -> Iterator[None]:
    token = _folder.set(folder or _folder.get())
    try:
        yield
    finally:
        _folder.reset(token)


def folder() -> Path | None:
    named = _folder.get() or os.environ.get(FOLDER_VARIABLE, "")
    return Path(named).expanduser() if named else None


def local_file(stem: str) -> Path | None:
    """The file `stem` with one of the usual suffixes in the folder of weights."""
    place = folder()
    if place is None:
        return None
    return next((path for s in SUFFIXES if (path := place / f"{stem}{s}").is_file()), None)


def missing(what: str, stem: str, origin: str, cause: Exception) -> MissingWeights:
    """The error to raise: which file, from where, into which folder."""
    place = folder() or f"a folder named by {FOLDER_VARIABLE}"
    reason = " ".join(str(cause).split())[:160]
    return MissingWeights(
        f"pre-trained weights of {what} cannot be had ({type(cause).__name__}: {reason}); put {origin} into {place} as {stem}, "
        "or choose pretrained=false"
    )
