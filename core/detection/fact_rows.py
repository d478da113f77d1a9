"""What a file states of itself, as lines to read: page and report name the same facts the same way."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core import numbers, words

PARTS = {"exif": "EXIF", "tags": "tags", "c2pa": "C2PA"}
KINDS = {"image": "picture", "video": "video", "audio": "recording"}
NAMES = {
    "stated_bytes": "bytes that its header states",
    "width": "width × height",
    "duration": "length, seconds",
    "fps": "frames per second",
    "rotation": "rotation, degrees",
    "quality": "JPEG quality, estimated",
    "sample_rate": "sound, samples per second",
    "bitrate": "bits per second",
    "has_audio": "has sound",
    "audio_codec": "codec of the sound",
}


def of_contents(facts: Mapping[str, Any]) -> dict[str, str]:
    """What probing found: fact and value. The size is said elsewhere, and what is not so is left out."""
    media = dict(facts.get("media") or {})
    if media.get("width") and media.get("height"):
        media["width"] = f"{text(media['width'])} × {text(media.pop('height'))} pixels"
    if media.get("kind") == "image" and media.get("frames") == 1:
        del media["frames"]
    found = {}
    for name, value in media.items():
        if name != "bytes" and not _is_nothing(value):
            found[NAMES.get(name) or words.plain(name)] = _of_probe(name, value)
    return found


def _of_probe(name: str, value: object) -> str:
    if name == "kind":
        return KINDS.get(str(value), str(value))
    # FFmpeg names a family of formats in one word: mov,mp4,m4a
    return str(value).replace(",", ", ") if name == "container" else text(value)


def of_part(facts: Mapping[str, Any], part: str) -> dict[str, str]:
    """EXIF and tags keep the names that the file gives them."""
    found = (facts.get(part) or {}).items()
    return {
        words.plain(name) if part == "c2pa" else str(name): text(value)
        for name, value in found
        if not _is_nothing(value)
    }


def _is_nothing(value: object) -> bool:
    return value in (None, "", False, [])  # a rotation by 0 is none


def text(value: object) -> str:
    if isinstance(value, bool):
        return "yes"
    if isinstance(value, int):
        return numbers.count(value)
    if isinstance(value, float):
        return numbers.short(value, 6)  # 29.97 frames a second are not 30
    return ", ".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value)
