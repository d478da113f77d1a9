"""What a file is, told by decoding its beginning: never by its name."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
import av.error
from av.container import InputContainer

from core.errors import MediaError
from core.media.audio import NoSound, sound_stream
from core.media.container import open_container, stated_bytes
from core.media.images import NotAPicture, open_header, open_image
from core.media.jpeg_quality import jpeg_quality
from core.media.limits import Limits, reason
from core.media.packets import is_cover, video_stream
from core.media.subtitles import subtitle_codec

SOUND_PACKETS = 4  # that must decode
PACKETS_TRIED = 64  # a stream that gives nothing in so many packets cannot be decoded


@dataclass(frozen=True)
class MediaInfo:
    """Facts of a file; None where they do not apply or the file does not say."""

    kind: str  # image | audio | video
    container: str
    codec: str
    bytes: int
    stated_bytes: int | None = None  # of a recording, by its header; fewer where it was cut off
    width: int | None = None
    height: int | None = None
    duration: float | None = None  # seconds
    fps: float | None = None  # mean over the clip
    frames: int | None = None  # as the header says; what can be decoded is known after decoding
    rotation: int = 0  # degrees
    pixel_format: str | None = None
    quality: int | None = None  # of a JPEG, 1 to 100
    sample_rate: int | None = None
    channels: int | None = None
    bitrate: int | None = None  # bits a second of the whole file
    has_audio: bool = False
    audio_codec: str | None = None
    subtitles: str | None = None  # codec of the words in the container

    @property
    def modality(self) -> str:
        return self.kind


def probe(path: Path | str, limits: Limits | None = None) -> MediaInfo:
    """What the file is; a MediaError where it is nothing that can be decoded."""
    path, limits = Path(path), limits or Limits.from_settings()
    size = limits.check_file(path)
    try:
        return _probe_picture(path, size, limits)
    # Then it is a clip or a recording, or the last of them raises.
    except NotAPicture:
        pass
    with open_container(path, limits) as container:
        if any(not is_cover(s) for s in container.streams.video):
            try:
                return _probe_video(path, size, container, limits)
            except MediaError:
                if sound_stream(container) is None:
                    raise
                container.seek(0)
        if sound_stream(container) is not None:
            return _probe_audio(path, size, container, limits)
    raise MediaError(f"{path.name}: holds neither pictures nor sound that can be decoded")


def _probe_picture(path: Path, size: int, limits: Limits) -> MediaInfo:
    with open_header(path, limits) as image:
        height, width = open_image(path, limits).shape[:2]
        name = (image.format or "").lower()
        return MediaInfo(
            "image",
            name,
            name,
            size,
            width=width,
            height=height,
            pixel_format=image.mode,
            quality=jpeg_quality(image),
            frames=1,
        )


def _probe_video(path: Path, size: int, container: InputContainer, limits: Limits) -> MediaInfo:
    stream = video_stream(container, path.name)
    limits.check_pixels(path.name, stream.width, stream.height)
    frame = _first(container, stream, path, limits)
    limits.check_pixels(path.name, frame.width, frame.height)
    turned = frame.rotation % 180 != 0
    duration = _seconds(container, stream)
    fps = float(stream.average_rate or stream.guessed_rate or 0) or None
    audio = sound_stream(container)
    return MediaInfo(
        kind="video",
        container=container.format.name,
        codec=stream.codec_context.codec.canonical_name,
        bytes=size,
        width=frame.height if turned else frame.width,
        height=frame.width if turned else frame.height,
        duration=duration,
        fps=fps,
        frames=stream.frames or (round(duration * fps) if duration and fps else None),
        rotation=frame.rotation,
        pixel_format=frame.format.name,
        sample_rate=audio.rate if audio is not None else None,
        channels=audio.channels if audio is not None else None,
        bitrate=container.bit_rate or None,
        has_audio=audio is not None,
        audio_codec=audio.codec_context.codec.canonical_name if audio is not None else None,
        subtitles=subtitle_codec(container),
    )


def _probe_audio(path: Path, size: int, container: InputContainer, limits: Limits) -> MediaInfo:
    stream = sound_stream(container)
    assert stream is not None
    frame = _first(container, stream, path, limits)
    return MediaInfo(
        kind="audio",
        container=container.format.name,
        codec=stream.codec_context.codec.canonical_name,
        bytes=size,
        stated_bytes=stated_bytes(path),
        duration=_seconds(container, stream),
        sample_rate=frame.sample_rate,
        channels=frame.layout.nb_channels,
        bitrate=container.bit_rate or None,
        has_audio=True,
        audio_codec=stream.codec_context.codec.canonical_name,
        subtitles=subtitle_codec(container),
    )


def _first(container: InputContainer, stream: Any, path: Path, limits: Limits) -> Any:
    """The first frame, once enough packets decode: proof that the file is what its header says."""
    deadline = limits.deadline()
    problem, first, failed, decoded = "", None, 0, 0
    for tried, packet in enumerate(container.demux(stream)):
        deadline.check(path.name)
        try:
            frames = stream.codec_context.decode(packet)
        except (av.error.FFmpegError, ValueError) as error:
            frames, problem = [], reason(error)
            failed += 1
        if frames:
            first = first if first is not None else frames[0]
            decoded += 1
        # Noise looks like a compressed recording here and there: one packet that decodes proves nothing.
        if tried > PACKETS_TRIED or (
            decoded > failed and (stream.type == "video" or decoded >= SOUND_PACKETS)
        ):
            break
    if first is not None and decoded >= failed:
        return first
    kind = "frame" if stream.type == "video" else "sample"
    if kind == "sample" and not problem:
        raise NoSound(f"{path.name}: its sound track holds no samples")
    raise MediaError(f"{path.name}: not one {kind} can be decoded ({problem or 'no data'})")


def _seconds(container: InputContainer, stream: Any) -> float | None:
    if stream.duration and stream.time_base:
        return float(stream.duration * stream.time_base)
    return container.duration / av.time_base if container.duration else None
