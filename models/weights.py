"""Where pre-trained weights come from: a folder first, then the caches and hubs of the libraries.

What cannot be had is an error that names the file and the folder; nothing falls back to random weights.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from pathlib import Path
from textwrap import shorten
from urllib.parse import urlsplit
from urllib.request import getproxies

import torch

from models.cards import MissingWeights

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


def read(path: Path) -> dict[str, torch.Tensor]:
    """A state dict from a file; nothing is unpickled."""
    if path.suffix == ".safetensors":
        from safetensors.torch import load_file

        return load_file(path)
    return torch.load(path, map_location="cpu", weights_only=True)


@contextmanager
def quick_without_network() -> Iterator[None]:
    """Where the hub cannot be reached, only its cache is asked: without this a machine offline waits a
    minute."""
    from huggingface_hub import constants

    before = constants.HF_HUB_OFFLINE
    constants.HF_HUB_OFFLINE = before or not _reachable(constants.ENDPOINT)
    try:
        yield
    finally:
        constants.HF_HUB_OFFLINE = before


@cache
def _reachable(endpoint: str) -> bool:
    if getproxies().get("https"):
        return True  # the proxy knows the way; this machine need not
    try:
        with socket.create_connection((urlsplit(endpoint).hostname or "", 443), timeout=5):
            return True
    except OSError:
        return False


def missing(what: str, stem: str, origin: str, cause: Exception) -> MissingWeights:
    """The error to raise: which file, from where, into which folder."""
    place = folder() or f"a folder named by {FOLDER_VARIABLE}"
    reason = shorten(" ".join(str(cause).split()), 120, placeholder=" …")
    return MissingWeights(
        f"pre-trained weights of {what} cannot be had ({type(cause).__name__}: {reason}): "
        f"put {origin} into {place} as {stem}, or choose pretrained=false"
    )
