"""How large a checkpoint is once unpacked, known before it is unpacked: 657 kB of zeros can ask for gigabytes.

zip directory ──▶ bytes of its parts ─┐
tensors without memory ──▶ storages ──┴─▶ more than `[limits]` bytes? refused
"""

from __future__ import annotations

import warnings
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import torch

from core.errors import BadInput
from core.media.limits import Limits

MOST_SHRUNK = 20  # times: weights hardly compress
UNSUSPICIOUS = 64_000_000  # bytes
DEEPEST = 8  # dictionaries in dictionaries


def check_archive(path: Path, limits: Limits | None = None) -> None:
    """Refuses a file whose parts unpack to more than the limit, by the directory of the archive alone."""
    limits = limits or Limits.from_settings()
    packed = path.stat().st_size
    check_bytes(path.name, packed, packed, limits)
    if not zipfile.is_zipfile(path):
        return
    try:
        with zipfile.ZipFile(path) as parts:
            unpacked = sum(part.file_size for part in parts.infolist())
    except (zipfile.BadZipFile, NotImplementedError, ValueError, OSError) as error:
        raise BadInput(f"{path.name} is a damaged archive ({type(error).__name__})") from error
    check_bytes(path.name, unpacked, packed, limits)


def check(path: Path, limits: Limits | None = None) -> None:
    """Also by the storages and tensors that it names: a tensor may be one number seen a million times."""
    limits = limits or Limits.from_settings()
    check_archive(path, limits)
    packed = path.stat().st_size
    tensors = list(tensors_in(_without_memory(path)))
    storages = {t.untyped_storage()._cdata: t.untyped_storage().nbytes() for t in tensors if not t.is_sparse}
    check_bytes(path.name, sum(storages.values()), packed, limits)
    check_bytes(path.name, sum(t.numel() * t.element_size() for t in tensors), packed, limits)


def check_bytes(name: str, unpacked: int, packed: int, limits: Limits) -> None:
    if unpacked > limits.bytes:
        raise BadInput(
            f"{name} unpacks to {unpacked:,} bytes; the limit is {limits.bytes:,} (settings.toml, [limits] bytes)"
        )
    if unpacked > max(UNSUSPICIOUS, MOST_SHRUNK * packed):
        raise BadInput(
            f"{name} has {packed:,} bytes and unpacks to {unpacked:,}: no weights shrink that far; it is not loaded"
        )


def tensors_in(content: Any, depth: int = 0) -> Iterable[torch.Tensor]:
    """Every tensor in dictionaries and lists, however they are nested."""
    if isinstance(content, torch.Tensor):
        yield content
    elif isinstance(content, (dict, list, tuple)) and depth < DEEPEST:
        for value in content.values() if isinstance(content, dict) else content:
            yield from tensors_in(value, depth + 1)


def _without_memory(path: Path) -> Any:
    """The checkpoint with shapes alone; nothing is executed, and no storage is allocated."""
    from torch._subclasses.fake_tensor import FakeTensorMode

    try:
        with warnings.catch_warnings(), FakeTensorMode():
            warnings.simplefilter("ignore")
            return torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # torch raises whatever a damaged or hostile file provokes
        reason = " ".join(str(error).split())
        why = (
            "it would run code when opened"
            if "Unsupported" in reason or "weights_only" in reason
            else type(error).__name__
        )
        raise BadInput(f"{path.name} is no checkpoint of plain tensors ({why})") from error
