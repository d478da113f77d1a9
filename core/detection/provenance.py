"""A C2PA manifest where the file carries one: what it says, not whether its signature holds.

JPEG keeps it in APP11 segments, PNG in a `caBX` chunk, WebP and WAV in a `C2PA` chunk, MP4 and MOV in a `uuid`
box. What is found is a tree of JUMBF boxes whose claims and assertions are CBOR or JSON.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from core.media import shards

C2PA_UUID = bytes.fromhex("d8fec3d61b0e483c92975828877ec481")
MOST_BYTES = 32 * 1024 * 1024  # of a manifest store
MOST_BOXES = 20_000
AI_SOURCES = ("trainedAlgorithmicMedia", "compositeWithTrainedAlgorithmicMedia", "algorithmicMedia")


def read(path: Path) -> dict[str, Any] | None:
    """What the manifest says, None where there is none; a damaged one is reported as such."""
    try:
        with shards.reader(path) as file:
            store = _store(file)
    except (OSError, struct.error, ValueError):
        return None
    if not store:
        return None
    try:
        return _summary(store)
    except (ValueError, struct.error, RecursionError, IndexError) as error:
        return {"present": True, "damaged": str(error), "verified": False}


def _store(file: BinaryIO) -> bytes:
    head = file.read(16)
    file.seek(0)
    if head[:2] == b"\xff\xd8":
        return _from_jpeg(file)
    if head[:8] == b"\x89PNG\r\n\x1a\n":
        return _from_png(file)
    if head[:4] == b"RIFF":
        return _from_riff(file)
    if head[4:8] in (b"ftyp", b"moov", b"free", b"wide", b"mdat"):
        return _from_bmff(file)
    return b""


def _from_jpeg(file: BinaryIO) -> bytes:
    """APP11 segments: CI `JP`, box instance, sequence number, then the box; continuations repeat its header."""
    parts: dict[int, bytes] = {}
    file.seek(2)
    while True:
        marker = file.read(2)
        if len(marker) < 2 or marker[0] != 0xFF or marker[1] in (0xDA, 0xD9):
            break
        (length,) = struct.unpack(">H", file.read(2))
        data = file.read(length - 2)
        if marker[1] == 0xEB and data[:2] == b"JP" and len(data) > 16:
            instance = struct.unpack(">H", data[2:4])[0]
            box = data[8:]
            parts[instance] = parts.get(instance, b"") + (box if instance not in parts else box[8:])
    return next((p for p in parts.values() if b"c2pa" in p[:200]), b"")[:MOST_BYTES]


def _from_png(file: BinaryIO) -> bytes:
    file.seek(8)
    while len(header := file.read(8)) == 8:
        length, kind = struct.unpack(">I4s", header)
        if kind == b"caBX":
            return file.read(min(length, MOST_BYTES))
        file.seek(length + 4, 1)
    return b""


def _from_riff(file: BinaryIO) -> bytes:
    file.seek(12)
    while len(header := file.read(8)) == 8:
        kind, length = header[:4], struct.unpack("<I", header[4:])[0]
        if kind == b"C2PA":
            return file.read(min(length, MOST_BYTES))
        file.seek(length + length % 2, 1)
    return b""


def _from_bmff(file: BinaryIO) -> bytes:
    size = file.seek(0, 2)
    position = 0
    for _ in range(MOST_BOXES):
        file.seek(position)
        header = file.read(16)
        if len(header) < 8:
            break
        length, kind = struct.unpack(">I4s", header[:8])
        start = position + 8
        if length == 1 and len(header) == 16:
            length, start = struct.unpack(">Q", header[8:])[0], position + 16
        if length == 0:
            length = size - position
        if length < start - position:
            break
        if kind == b"uuid":
            file.seek(start)
            data = file.read(min(length - (start - position), MOST_BYTES))
            if data[:16] == C2PA_UUID:
                return data[data.find(b"jumb") - 4 :] if b"jumb" in data else b""
        position += length
    return b""


def _boxes(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    position = 0
    for _ in range(MOST_BOXES):
        if position + 8 > len(data):
            return
        length, kind = struct.unpack(">I4s", data[position : position + 8])
        start = position + 8
        if length == 1:
            length, start = struct.unpack(">Q", data[start : start + 8])[0], start + 8
        end = len(data) if length == 0 else position + length
        if end <= start and length != 8:
            return
        yield kind, data[start:end]
        position = end


def _labelled(data: bytes, depth: int = 0) -> Iterator[tuple[str, bytes, int]]:
    """Every superbox's label with its content boxes, outermost first."""
    if depth > 12:
        raise ValueError("boxes are nested too deeply")
    for kind, body in _boxes(data):
        if kind != b"jumb":
            continue
        label, content = "", b""
        for inner, inside in _boxes(body):
            if inner == b"jumd":
                label = inside[17:].split(b"\0", 1)[0].decode("utf-8", "replace") if len(inside) > 17 else ""
            elif inner in (b"cbor", b"json"):
                content = inside
        yield label, content, depth
        yield from _labelled(body, depth + 1)


def _summary(store: bytes) -> dict[str, Any]:
    manifests, generators, actions, sources, titles = [], [], [], [], []
    for label, content, depth in _labelled(store):
        if depth == 1:
            manifests.append(label)
        document = _decode(content)
        if not isinstance(document, dict):
            continue
        if label.startswith("c2pa.claim"):
            generators.append(_generator(document))
            titles.append(str(document.get("dc:title", "")))
        if label.startswith("c2pa.actions"):
            for action in document.get("actions", []):
                if isinstance(action, dict):
                    actions.append(str(action.get("action", "")))
                    sources.append(str(action.get("digitalSourceType", "")).rsplit("/", 1)[-1])
    sources = sorted({s for s in sources if s})
    return {
        "present": True,
        "verified": False,
        "manifests": manifests,
        "generator": ", ".join(g for g in generators if g),
        "title": ", ".join(t for t in titles if t),
        "actions": sorted({a for a in actions if a}),
        "digital_source": sources,
        "says_generated": any(s in AI_SOURCES for s in sources),
    }


def _generator(claim: dict[Any, Any]) -> str:
    info = claim.get("claim_generator_info")
    if isinstance(info, list) and info:
        info = info[0]
    if isinstance(info, dict) and info.get("name"):
        return " ".join(str(info[k]) for k in ("name", "version") if info.get(k))
    return str(claim.get("claim_generator", ""))


def _decode(content: bytes) -> Any:
    if not content:
        return None
    if content[:1] in (b"{", b"["):
        return json.loads(content)
    return _cbor(content, 0, 0)[0]


def _cbor(data: bytes, at: int, depth: int) -> tuple[Any, int]:
    """The little of CBOR (RFC 8949) that manifests use; anything else raises ValueError."""
    if depth > 32 or at >= len(data):
        raise ValueError("the manifest's CBOR is damaged")
    major, minor = data[at] >> 5, data[at] & 31
    at += 1
    if major == 7:
        if minor in (20, 21, 22, 23):
            return {20: False, 21: True}.get(minor), at
        size = {25: 2, 26: 4, 27: 8}.get(minor)
        if size is None:
            raise ValueError("the manifest's CBOR is damaged")
        return struct.unpack({2: ">e", 4: ">f", 8: ">d"}[size], data[at : at + size])[0], at + size
    if minor == 31:
        return _cbor_open(data, at, depth, major)
    count = minor
    if minor >= 24:
        size = {24: 1, 25: 2, 26: 4, 27: 8}.get(minor)
        if size is None:
            raise ValueError("the manifest's CBOR is damaged")
        count, at = int.from_bytes(data[at : at + size], "big"), at + size
    if major in (0, 1):
        return (count if major == 0 else -1 - count), at
    if major in (2, 3):
        if at + count > len(data):
            raise ValueError("the manifest's CBOR is cut short")
        raw = data[at : at + count]
        return (raw if major == 2 else raw.decode("utf-8", "replace")), at + count
    if major == 6:  # a tag: its content is enough
        return _cbor(data, at, depth + 1)
    return _cbor_items(data, at, depth, major, count)


def _cbor_items(data: bytes, at: int, depth: int, major: int, count: int) -> tuple[Any, int]:
    if count > len(data):
        raise ValueError("the manifest's CBOR is cut short")
    if major == 4:
        items = []
        for _ in range(count):
            item, at = _cbor(data, at, depth + 1)
            items.append(item)
        return items, at
    pairs = {}
    for _ in range(count):
        key, at = _cbor(data, at, depth + 1)
        pairs[str(key)], at = _cbor(data, at, depth + 1)
    return pairs, at


def _cbor_open(data: bytes, at: int, depth: int, major: int) -> tuple[Any, int]:
    """Items of unstated number, up to the break byte."""
    items: list[Any] = []
    while at < len(data) and data[at] != 0xFF:
        item, at = _cbor(data, at, depth + 1)
        items.append(item)
    at += 1
    if major == 5:
        return {str(k): v for k, v in zip(items[::2], items[1::2], strict=False)}, at
    if major == 3:
        return "".join(map(str, items)), at
    return (b"".join(items) if major == 2 else items), at
