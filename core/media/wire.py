"""Prepared files and other results as bytes: a JSON header and raw arrays, so that nothing is ever unpickled.

The cache keeps it and the decoding worker answers with it. It knows plain values, arrays, paths and the few
dataclasses of this room; anything else is refused.
"""

from __future__ import annotations

import json
import struct
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

import numpy as np

from core.media.audio import Sound
from core.media.fingerprint import Fingerprint
from core.media.limits import Limits
from core.media.prepare import Prepared
from core.media.probe import MediaInfo
from core.media.recipe import Recipe
from core.media.single_pass import FileFacts, Made
from core.media.video import Frames
from core.workspace import Workspace

KINDS_KNOWN = (Prepared, MediaInfo, Frames, Sound, Fingerprint, FileFacts, Made, Recipe, Limits, Workspace)
KNOWN: dict[str, type] = {kind.__name__: kind for kind in KINDS_KNOWN}
KINDS = "biuf"  # booleans and numbers: never objects
ALIGN = 16  # bytes: where arrays begin
_SIZE = struct.Struct("<Q")


def pack(value: Any) -> list[memoryview]:
    """The parts of the message, in order; arrays are not copied."""
    arrays: list[np.ndarray] = []
    text = json.dumps(_plain(value, arrays), allow_nan=True).encode("utf-8", "surrogatepass")
    head = _SIZE.pack(len(text)) + text
    head += b" " * (-len(head) % ALIGN)
    parts = [memoryview(head)]
    for array in arrays:
        parts.append(array.reshape(-1).view(np.uint8).data if array.size else memoryview(b""))
        parts.append(memoryview(bytes(-array.nbytes % ALIGN)))
    return parts


def unpack(data: bytearray | memoryview) -> Any:
    """The value; its arrays lie in `data`. A ValueError where the bytes are no such message."""
    view = memoryview(data)
    try:
        (length,) = _SIZE.unpack_from(view)
        document = json.loads(bytes(view[_SIZE.size : _SIZE.size + length]).decode("utf-8", "surrogatepass"))
        start = _SIZE.size + length
        return _Reader(view, start + -start % ALIGN).value(document)
    except (
        struct.error,
        KeyError,
        TypeError,
        IndexError,
        AttributeError,
        RecursionError,
        OverflowError,
    ) as error:
        raise ValueError(f"not a message ({error})") from error


def _plain(value: Any, arrays: list[np.ndarray]) -> Any:
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, np.ndarray):
        if value.dtype.kind not in KINDS:
            raise TypeError(f"array of {value.dtype} cannot be passed on")
        arrays.append(np.ascontiguousarray(value))
        return {"array": [value.dtype.str, list(value.shape)]}
    if isinstance(value, np.generic):
        return _plain(value.item(), arrays)
    if isinstance(value, Path):
        return {"path": str(value)}
    if isinstance(value, (list, tuple)):
        return {"list" if isinstance(value, list) else "tuple": [_plain(v, arrays) for v in value]}
    if isinstance(value, dict):
        return {"dict": [[_plain(k, arrays), _plain(v, arrays)] for k, v in value.items()]}
    if is_dataclass(value) and type(value).__name__ in KNOWN:
        content = {f.name: _plain(getattr(value, f.name), arrays) for f in fields(value)}
        return {"of": type(value).__name__, "fields": content}
    raise TypeError(f"{type(value).__name__} cannot be passed on")


class _Reader:
    """Builds the value, taking arrays one after the other from where they lie."""

    def __init__(self, view: memoryview, at: int) -> None:
        self.view, self.at = view, at

    def value(self, document: Any) -> Any:
        if not isinstance(document, dict):
            return document
        if "array" in document:
            return self._array(*document["array"])
        if "path" in document:
            return Path(document["path"])
        if "list" in document:
            return [self.value(v) for v in document["list"]]
        if "tuple" in document:
            return tuple(self.value(v) for v in document["tuple"])
        if "dict" in document:
            return {self.value(k): self.value(v) for k, v in document["dict"]}
        kind = KNOWN[document["of"]]
        return kind(**{name: self.value(v) for name, v in document["fields"].items()})

    def _array(self, kind: str, shape: list[int]) -> np.ndarray:
        dtype = np.dtype(str(kind))
        if dtype.kind not in KINDS or any(not isinstance(n, int) or n < 0 for n in shape):
            raise ValueError(f"array of {kind} {shape} is refused")
        count = int(np.prod(shape, dtype=np.float64)) if shape else 1
        if count * dtype.itemsize > len(self.view) - self.at:
            raise ValueError("an array is longer than the message")
        array = np.frombuffer(self.view, dtype=dtype, count=count, offset=self.at).reshape(shape)
        self.at += array.nbytes + -array.nbytes % ALIGN
        return array
