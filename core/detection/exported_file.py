"""The one file that `export` makes of a detector: how it is written, and what it says when it is read."""

from __future__ import annotations

import io
import re
from collections.abc import Mapping
from dataclasses import asdict
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.errors import BadInput
from core.workspace import write_atomic

if TYPE_CHECKING:
    from core.detection.source import Source

KIND = "deepfake-workbench detector"
# What a file from elsewhere may call itself: files are named by it.
PLAIN_NAME = re.compile(r"\w[\w .()-]{0,150}")
MOST_BYTES = 8_000_000_000


def write(path: Path, source: Source, reference: bytes | None) -> Path:
    """Weights, recipe, calibration, operating point, and the reference where it is known."""
    import torch

    from core.detection.domain.reference import EXPORTED
    from core.detection.exports import plain
    from core.training.learning import best_model

    content = best_model.read(source.checkpoint)
    content |= {
        "kind": KIND,
        "id": source.id,
        "config": plain(source.config),
        "operating_point": plain(source.operating_point),
        "calibration": plain(source.calibration) if source.calibration else None,
        "learned_nothing": source.learned_nothing,
        "demo": source.demo,
        "about": plain(asdict(source.about)),
        "imported": plain(source.imported) if source.imported is not None else None,
    }
    if reference is not None:
        content[EXPORTED] = torch.frombuffer(bytearray(reference), dtype=torch.uint8)
    if source.demo_files:
        content["demo_files"] = torch.frombuffer(bytearray(source.demo_files), dtype=torch.uint8)
    buffer = io.BytesIO()
    torch.save(content, buffer)
    write_atomic(path, buffer.getvalue())
    return path


def read(path: Path) -> dict[str, Any]:
    """What it says beside its weights; its id, its configuration and the fingerprints of demo files are there always."""
    status = path.stat()
    if status.st_size > MOST_BYTES:
        raise BadInput(f"{path.name} is larger than any detector of this workbench")
    content = _without_weights(path, status.st_size, status.st_mtime_ns)
    recipe = content.get("recipe")
    if not isinstance(recipe, Mapping):
        raise BadInput(
            f"{path.name} lacks its recipe; it is not a detector of this workbench. If it is a published one, "
            f"`python -m core import {path}` makes a detector of it"
        )
    for part in ("config", "operating_point", "calibration", "imported"):
        if content.get(part) is not None and not isinstance(content[part], Mapping):
            raise BadInput(
                f"{path.name}: its {part} is no table of names; it is not a detector of this workbench"
            )
    stated = content.get("id")
    return content | {
        "id": stated if isinstance(stated, str) and PLAIN_NAME.fullmatch(stated) else path.stem,
        "config": {"modality": recipe.get("modality"), **(content.get("config") or {})},
        "demo_files": _decode_bytes(content.get("demo_files")),
    }


@lru_cache(maxsize=16)
def _without_weights(path: Path, size: int, changed: int) -> dict[str, Any]:
    """Read once as long as the file stays the same."""
    from core.training.learning import best_model

    content = best_model.read(path)
    if "state_dict" not in content:
        raise BadInput(
            f"{path.name} is not a detector of this workbench. If it is a published one, "
            f"`python -m core import {path}` makes a detector of it"
        )
    return {k: v for k, v in content.items() if k != "state_dict"}


def _decode_bytes(value: Any) -> bytes | None:
    """Bytes that an export keeps as a tensor, as weights are stored."""
    import torch

    plain_bytes = isinstance(value, torch.Tensor) and value.dtype == torch.uint8 and value.ndim == 1
    return value.numpy().tobytes() if plain_bytes else None
