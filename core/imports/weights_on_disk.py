"""Whether a file of weights that lies here is the one that was published: by its sum, which is remembered.

weights/NAME ──size, mtime as remembered?──▶ cache/weights_sums.json ──▶ sum
                    └─ no: read it whole once ─────────┘
"""

from __future__ import annotations

import contextlib
import json
import zipfile
from pathlib import Path

from core.imports.fetching import sum_of
from core.imports.known_weights import Weights
from core.workspace import Workspace, write_atomic

REMEMBERED = "weights_sums.json"
HEADER = 8  # bytes of a safetensors file that say how long its table is
LONGEST_TABLE = 100_000_000  # bytes
SUFFIXES = (".safetensors", ".pth", ".pt", ".bin")  # under any of which a backbone is found (models.weights)


def state_of(one: Weights, space: Workspace) -> str:
    """here, damaged (another sum, or cut off), or not here."""
    path = space.weights / one.name
    if one.parts:
        return "here" if all((path / part).is_file() for part in one.parts) else "not here"
    if path.is_file():
        return "here" if _is_right(one, path, space) else "damaged"
    if one.exact:
        return "not here"
    stem = one.name.removesuffix(path.suffix)
    others = [space.weights / f"{stem}{suffix}" for suffix in SUFFIXES]
    found = [other for other in others if other.is_file()]
    if not found:
        return "not here"
    return "here" if all(map(is_whole, found)) else "damaged"


def _is_right(one: Weights, path: Path, space: Workspace) -> bool:
    if one.exact and path.stat().st_size != one.bytes:
        return False
    if one.sha256 is None and not one.begins:
        return is_whole(path)
    return remembered_sum(path, space).startswith(one.sha256 or one.begins)


def is_whole(path: Path) -> bool:
    """Where no sum is known: whether the file ends where its own table of contents says."""
    with path.open("rb") as file:
        head = file.read(HEADER + 1)
        if head.startswith(b"PK"):
            return zipfile.is_zipfile(path)
        length = int.from_bytes(head[:HEADER], "little")
        if head[HEADER:] != b"{" or length > LONGEST_TABLE:
            return path.stat().st_size > 0
        try:
            table = json.loads(head[HEADER:] + file.read(length - 1))
            ends = [entry["data_offsets"][1] for name, entry in table.items() if name != "__metadata__"]
            return bool(path.stat().st_size == HEADER + length + max(ends, default=0))
        # No whole safetensors file: the caller lists it as broken off.
        except (ValueError, KeyError, TypeError, IndexError, AttributeError, RecursionError):
            return False


def remembered_sum(path: Path, space: Workspace) -> str:
    """The sha256 of a file; read again only where its size or its time has changed."""
    place = space.cache / REMEMBERED
    stat = path.stat()
    stamp = [stat.st_size, stat.st_mtime_ns]
    known = _remembered(place)
    entry = known.get(path.name)
    if isinstance(entry, dict) and entry.get("stamp") == stamp and isinstance(entry.get("sha256"), str):
        return str(entry["sha256"])
    known[path.name] = {"stamp": stamp, "sha256": sum_of(path)}
    with contextlib.suppress(OSError):  # a workspace that is only read: it is worked out each time
        place.parent.mkdir(parents=True, exist_ok=True)
        write_atomic(place, json.dumps(known, indent=1))
    return str(known[path.name]["sha256"])


def _remembered(place: Path) -> dict[str, dict[str, object]]:
    """Empty where nothing was written yet, or what was written is damaged: it is only worked out again."""
    try:
        found = json.loads(place.read_bytes())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
