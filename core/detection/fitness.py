"""Can this detector judge this file?"""

from __future__ import annotations

from typing import Any

NAMES = {"image": "a picture", "video": "a video", "audio": "a recording"}


def why_not(modality: str, info: Any) -> str | None:
    """Why a detector of this modality cannot judge the file; None where it can."""
    kind = info.kind
    if modality == "image" and kind == "audio":
        return "wrong modality: the detector judges pictures, the file is a recording without any"
    if modality == "video" and kind != "video":
        return f"wrong modality: the detector judges video, the file is {NAMES[kind]}"
    if modality == "audio" and kind == "image":
        return "wrong modality: the detector judges sound, the file is a picture"
    if modality == "audio" and kind == "video" and not info.has_audio:
        return "the detector judges sound, and the video has no sound track"
    return None
