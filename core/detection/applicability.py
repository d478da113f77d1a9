"""Can this detector judge this file?"""

from __future__ import annotations

from typing import Any

SHORTEST_SOUND = 0.5  # seconds, without the silence at both ends where the recipe cuts it
LOWEST_RATE = 4000  # hertz; a telephone has 8000
SMALLEST_PICTURE = 16  # pixels
NAMES = {"image": "a picture", "video": "a video", "audio": "a recording"}


def why_not(modality: str, info: Any) -> str | None:
    """Why a detector of this modality cannot judge the file; None where it can."""
    kind = info.kind
    if modality == "image" and kind == "audio":
        return "wrong kind of file: the detector judges pictures, the file is a recording without any"
    if modality == "video" and kind != "video":
        return f"wrong kind of file: the detector judges video, the file is {NAMES[kind]}"
    if modality == "audio" and kind == "image":
        return "wrong kind of file: the detector judges sound, the file is a picture"
    if modality == "audio" and kind == "video" and not info.has_audio:
        return "the detector judges sound, and the video has no sound track"
    if modality == "audio" and info.sample_rate is not None and info.sample_rate < LOWEST_RATE:
        return f"too coarse: {info.sample_rate:,} samples a second, at least {LOWEST_RATE:,} are needed for a voice"
    return None


def cut_off(modality: str, info: Any, prepared: Any) -> list[str]:
    """What to say of a file that ends earlier than its header states."""
    if not info.duration or not prepared.duration or (modality == "audio" and info.kind != "audio"):
        return []  # a sound track shorter than its pictures is nothing unusual
    # Where FFmpeg reckons the length from the bytes that are there, the header still counts those that are
    # not.
    stated = max(info.duration, prepared.duration * (info.stated_bytes or 0) / info.bytes)
    missing = stated - prepared.duration
    if missing <= max(1.0, 0.1 * stated):
        return []
    return [
        f"The file states {stated:.1f} s and holds {prepared.duration:.1f} s that can be decoded: "
        "it is cut off or damaged."
    ]


def list_damage(modality: str, info: Any, prepared: Any) -> tuple[str, ...]:
    """What of the file could not be read, a sentence each."""
    noted = [note for note in prepared.notes if note.startswith("damaged")]
    return (*noted, *cut_off(modality, info, prepared))


def too_little(modality: str, prepared: Any) -> str | None:
    """Why a prepared file holds too little to say anything of; None where it is enough."""
    pictures = prepared.frames is not None and len(prepared.frames) > 0
    if pictures and 0 < min(prepared.frame_size) < SMALLEST_PICTURE:
        width, height = prepared.frame_size
        return f"too small: {width} x {height} pixels, at least {SMALLEST_PICTURE} a side are needed"
    if modality not in ("audio", "multimodal") or prepared.audio is None or pictures:
        return None
    seconds = len(prepared.audio) / prepared.sample_rate
    if seconds >= SHORTEST_SOUND:
        return None
    return f"too short: {seconds:.2f} s of sound, at least {SHORTEST_SOUND} s are needed"
