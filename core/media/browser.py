"""What a browser can show of any media file: H.264/AAC clips, thumbnails, the outline of a waveform."""

from __future__ import annotations

import io
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import av.error
import cv2
import numpy as np
from av.container import InputContainer, OutputContainer
from PIL import Image

from core.errors import MediaError
from core.media.audio import read_audio, sound_stream
from core.media.container import open_container
from core.media.images import NotAPicture, open_image
from core.media.limits import Limits
from core.media.orientation import upright
from core.media.packets import DECODE_TIMES_ONLY, NoVideo, video_stream
from core.media.video import read_frames

LARGEST_SIDE = 1280  # pixels of a clip for the browser
FASTEST = 30.0  # frames a second
CLOCK = 90_000  # ticks a second of the written clip
AUDIO_RATE = 48_000


def playable(
    path: Path | str, target: Path | str, *, seconds: float = 120.0, limits: Limits | None = None
) -> Path:
    """Write the first `seconds` of a clip or recording as an MP4 that every browser plays, upright."""
    path, target, limits = Path(path), Path(target), limits or Limits.from_settings()
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(f".{target.name}.partial")
    try:
        with open_container(path, limits) as source:
            options = {"movflags": "+faststart"}
            with av.open(f"file:{partial.absolute()}", "w", format="mp4", options=options) as output:
                _Encoder(path, source, output, limits).run(seconds)
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)
    return target


class _Encoder:
    """One file on its way from its own codecs to the browser's."""

    def __init__(self, path: Path, source: InputContainer, output: OutputContainer, limits: Limits) -> None:
        self.path, self.source, self.output, self.limits = path, source, output, limits
        self.deadline = limits.deadline()
        self.origin = (source.start_time or 0) / av.time_base
        self.video: Any = None  # opened with the first picture: only that tells how the clip stands
        self.last = -1  # tick of the last picture
        self.size = (0, 0)
        self.shown = 0  # pictures that came out of the decoder
        self.counted = source.format.name in DECODE_TIMES_ONLY
        self.sound = sound_stream(source)
        self.heard: int | None = None  # samples written
        try:
            self.pictures: Any = video_stream(source, path.name)
            self.pictures.thread_type = "AUTO"
        except NoVideo:
            self.pictures = None
            if self.sound is None:
                raise MediaError(f"{path.name}: holds nothing that can be played") from None

    def run(self, seconds: float) -> None:
        """Streams must be known before anything is written, so the first picture is waited for."""
        early: list[av.AudioFrame] = []
        if self.sound is not None:
            self.audio = self.output.add_stream("aac", rate=AUDIO_RATE, layout="stereo")
            self.resampler = av.AudioResampler("fltp", "stereo", AUDIO_RATE, frame_size=1024)
        for frame in self._frames(seconds):
            if isinstance(frame, av.VideoFrame):
                self._write_picture(frame)
                for waiting in early:
                    self._write_sound(waiting)
                early.clear()
            elif self.pictures is not None and self.video is None and len(early) < 1000:
                early.append(frame)
            else:
                self._write_sound(frame)
        for waiting in early:
            self._write_sound(waiting)
        if self.video is None and self.heard is None:
            raise MediaError(f"{self.path.name}: nothing of it can be decoded")
        if self.heard is not None:
            self._encode_sound(self.resampler.resample(None))
            self.output.mux(self.audio.encode(None))
        if self.video is not None:
            self.output.mux(self.video.encode(None))

    def _frames(self, seconds: float) -> Iterator[av.VideoFrame | av.AudioFrame]:
        streams = [s for s in (self.pictures, self.sound) if s is not None]
        try:
            for packet in self.source.demux(streams):
                self.deadline.check(self.path.name)
                known = packet.dts is not None and packet.time_base
                if known and float(packet.dts * packet.time_base) - self.origin > seconds + 1.0:
                    return
                try:
                    frames = packet.stream.codec_context.decode(packet)
                except (av.error.FFmpegError, ValueError):
                    continue  # a damaged packet is a gap; the rest plays
                yield from (f for f in frames if (f.time or 0.0) - self.origin <= seconds)
        except (av.error.FFmpegError, OSError):
            return  # a damaged end

    def _write_picture(self, frame: av.VideoFrame) -> None:
        self.limits.check_pixels(self.path.name, frame.width, frame.height)
        time = (frame.time or 0.0) - self.origin
        if self.counted:  # its times say when frames are decoded, not when they are shown
            time = self.shown / float(self.pictures.average_rate or FASTEST)
        self.shown += 1
        tick = round(max(0.0, time) * CLOCK)
        if tick <= self.last or (self.last >= 0 and tick - self.last < 0.9 * CLOCK / FASTEST):
            return
        picture = upright(frame.to_ndarray(format="rgb24"), frame)
        if self.video is None:
            self._open_video(picture)
        picture = cv2.resize(picture, self.size, interpolation=cv2.INTER_AREA)
        made = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="rgb24")
        made.pts, made.time_base = tick, Fraction(1, CLOCK)
        self.last = tick
        self.output.mux(self.video.encode(made.reformat(format="yuv420p")))

    def _open_video(self, picture: np.ndarray) -> None:
        height, width = picture.shape[:2]
        scale = min(1.0, LARGEST_SIDE / max(height, width))
        self.size = (max(2, round(width * scale / 2) * 2), max(2, round(height * scale / 2) * 2))
        self.video = self.output.add_stream(
            "libx264", rate=round(FASTEST), options={"preset": "veryfast", "crf": "23"}
        )
        self.video.width, self.video.height = self.size
        self.video.pix_fmt = "yuv420p"
        self.video.codec_context.time_base = Fraction(1, CLOCK)

    def _write_sound(self, frame: av.AudioFrame) -> None:
        if self.heard is None:
            self.heard = round(max(0.0, (frame.time or 0.0) - self.origin) * AUDIO_RATE)
        frame.pts = None
        self._encode_sound(self.resampler.resample(frame))

    def _encode_sound(self, frames: list[av.AudioFrame]) -> None:
        for made in frames:
            made.pts, made.time_base = self.heard, Fraction(1, AUDIO_RATE)
            self.heard = (self.heard or 0) + made.samples
            self.output.mux(self.audio.encode(made))


def thumbnail(path: Path | str, side: int = 320, *, quality: int = 85, limits: Limits | None = None) -> bytes:
    """A JPEG of the picture, or of the middle of the clip, at most `side` pixels large."""
    path = Path(path)
    try:
        picture = open_image(path, limits)
    except NotAPicture:
        frames = read_frames(path, 3, "fast", limits=limits).images
        picture = frames[len(frames) // 2]
    return jpeg(picture, side, quality)


def jpeg(picture: np.ndarray, side: int = 320, quality: int = 85) -> bytes:
    """An RGB picture as a JPEG of at most `side` pixels."""
    image = Image.fromarray(picture)
    image.thumbnail((side, side))
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=quality, optimize=True)
    return buffer.getvalue()


def waveform(path: Path | str, columns: int = 800, *, limits: Limits | None = None) -> np.ndarray:
    """The lowest and highest sample in each of `columns` equal parts, float32 (columns, 2)."""
    return peaks(read_audio(path, limits=limits), columns)


def peaks(audio: np.ndarray, columns: int = 800) -> np.ndarray:
    columns = max(1, min(columns, len(audio)))
    edges = np.linspace(0, len(audio), columns + 1).astype(int)[:-1]
    return np.column_stack([np.minimum.reduceat(audio, edges), np.maximum.reduceat(audio, edges)])
