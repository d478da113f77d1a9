"""What a browser can play of a file: the file itself where every browser knows it, else a copy that it
knows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from core.errors import MediaError
from core.media.limits import Limits
from core.media.sandbox import Sandbox

SHOWN_AS_IS = {
    "jpeg": "image/jpeg",
    "png": "image/png",
    "gif": "image/gif",
    "webp": "image/webp",
    "bmp": "image/bmp",
}
SOUND_AS_IS = {"mp3": "audio/mpeg", "flac": "audio/flac", "wav": "audio/wav"}
PCM = {"pcm_s16le", "pcm_u8"}
LONGEST = 600.0  # seconds of a copy


def known_everywhere(info: Any) -> str | None:
    """The MIME type where every browser plays the file as it is, else None."""
    if info.kind == "image":
        return SHOWN_AS_IS.get(info.container)
    if info.kind == "audio":
        if info.container == "wav" and info.codec not in PCM:
            return None
        return SOUND_AS_IS.get(info.container)
    mp4 = "mp4" in info.container.split(",")
    plain = info.codec == "h264" and info.pixel_format in ("yuv420p", "yuvj420p")
    sound = not info.has_audio or info.audio_codec in ("aac", "mp3")
    return "video/mp4" if mp4 and plain and sound else None


def playable(path: Path, folder: Path, decoders: Sandbox) -> tuple[Path, str, str]:
    """Path, MIME type and kind of what to play; a copy is made under `folder` where one is needed."""
    limits = Limits.from_settings()
    info = decoders.run("core.media.probe:probe", path, limits=limits)
    mime = known_everywhere(info)
    if mime is not None:
        return path, mime, info.kind
    if info.kind == "image":
        target = folder / "player.png"
        decoders.run("core.detection.serving.player:picture_copy", path, target, limits=limits)
        return target, "image/png", "image"
    target = folder / "player.mp4"
    decoders.run("core.media.browser:playable", path, target, seconds=LONGEST, limits=limits)
    return target, ("video/mp4" if info.kind == "video" else "audio/mp4"), info.kind


def picture_copy(path: Path, target: Path) -> Path:
    """A picture as a PNG of at most 1600 pixels a side."""
    from PIL import Image

    from core.media.images import open_image

    picture = Image.fromarray(open_image(path))
    picture.thumbnail((1600, 1600))
    try:
        picture.save(target, format="PNG")
    except OSError as error:
        raise MediaError(f"{path.name}: cannot be copied for the browser ({error})") from error
    return target
