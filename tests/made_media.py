"""Media files made on the spot for benchmarks, fuzzing and tests: each frame carries its own number.

The number is drawn as black and white squares, so that after any codec the picture itself says which frame it is.
"""

from __future__ import annotations

import functools
import math
import os
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np

BITS = 14
CLOCK = 90_000  # ticks a second
LAYOUTS = {1: "mono", 2: "stereo", 6: "5.1", 8: "7.1"}  # by channels


def picture(number: int, width: int, height: int, *, noise: int = 0) -> np.ndarray:
    """Frame `number`: moving waves (and noise, for a bitrate like a camera's) with the number across the top."""
    x, y = np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32)[:, None]
    t = number / 10
    made = np.empty((height, width, 3), np.uint8)
    grain = _grain(number, width, height, noise)
    made[:, :, 0] = _level(np.cos(y / 31 - t) * np.sin(x / 23 + t), grain)
    made[:, :, 1] = _level(np.sin(y / 37 - t) * np.cos(x / 37) + np.cos(y / 37 - t) * np.sin(x / 37), grain)
    made[:, :, 2] = _level(np.cos(y / 17 + t) + 0 * x, grain)
    side = width // (BITS + 2)
    for bit in range(BITS):
        left = (bit + 1) * side
        made[side : 2 * side, left : left + side] = 255 if number >> bit & 1 else 0
    return made


def _level(wave: np.ndarray, grain: np.ndarray | float) -> np.ndarray:
    return np.clip(128 + 80 * wave + grain, 0, 255)


def _grain(number: int, width: int, height: int, noise: int) -> np.ndarray | float:
    """A piece of one fixed field of noise, another for each frame."""
    if not noise:
        return 0.0
    field = _noise_field()
    rng = np.random.default_rng(number)
    top, left = rng.integers(0, field.shape[0] - height), rng.integers(0, field.shape[1] - width)
    return field[top : top + height, left : left + width] * noise


@functools.cache
def _noise_field() -> np.ndarray:
    return np.random.default_rng(0).standard_normal((2200, 2200), dtype=np.float32)


def number_of(image: np.ndarray) -> int:
    """The number that a decoded frame carries."""
    side = image.shape[1] // (BITS + 2)
    inner = slice(side + side // 4, 2 * side - side // 4)
    number = 0
    for bit in range(BITS):
        left = (bit + 1) * side
        square = image[inner, left + side // 4 : left + side - side // 4]
        number |= int(square.mean() > 127) << bit
    return number


def tone(seconds: float, rate: int = 44_100, channels: int = 1, frequency: float = 440.0) -> np.ndarray:
    """float32 (channels, samples): a tone that rises a little and swells, another in each channel."""
    t = np.arange(round(seconds * rate)) / rate
    swell = 0.3 + 0.2 * np.sin(2 * np.pi * 1.5 * t)
    parts = [swell * np.sin(2 * np.pi * (frequency * (1 + c / 2) * t + 20 * t * t)) for c in range(channels)]
    return np.stack(parts).astype(np.float32)


def clip(
    path: Path,
    codec: str = "libx264",
    *,
    size: tuple[int, int] = (320, 240),
    frames: int = 60,
    fps: int = 30,
    gop: int = 12,
    times: Sequence[float] | None = None,
    rotation: int = 0,
    sound: np.ndarray | None = None,
    sound_codec: str = "aac",
    sound_rate: int = 44_100,
    sound_begin: float = 0.0,
    options: dict[str, str] | None = None,
    container_options: dict[str, str] | None = None,
    noise: int = 0,
    shift: float = 0.0,
    pix_fmt: str = "yuv420p",
) -> Path:
    """A clip whose frame i carries number i. `times`: when each is shown; `shift`: seconds added to all of them."""
    with av.open(str(path), "w", options=container_options or {}) as output:
        stream: Any = output.add_stream(codec, rate=fps, options={"g": str(gop), **(options or {})})
        stream.width, stream.height = size
        stream.pix_fmt = pix_fmt
        if times is not None:
            stream.codec_context.time_base = Fraction(1, CLOCK)
        if rotation:
            stream.set_display_rotation(rotation)
        track: Any = None
        if sound is not None:
            layout = LAYOUTS[len(sound)]
            track = output.add_stream(sound_codec, rate=sound_rate, layout=layout)
        for number in range(frames):
            frame = av.VideoFrame.from_ndarray(picture(number, *size, noise=noise), format="rgb24")
            frame.pts = number if times is None else round(times[number] * CLOCK)
            frame.time_base = Fraction(1, fps) if times is None else Fraction(1, CLOCK)
            _mux(output, stream.encode(frame), shift)
        _mux(output, stream.encode(None), shift)
        if track is not None and sound is not None:
            _encode_sound(output, track, sound, sound_rate, sound_begin)
    _leave_real_time()
    return path


def _leave_real_time() -> None:
    """Run by root, SVT-AV1's encoder puts its caller before every other process of the machine, and leaves it there."""
    if os.sched_getscheduler(0) != os.SCHED_OTHER:
        os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))


def _mux(output: Any, packets: list[av.Packet], shift: float) -> None:
    for packet in packets:
        if shift:
            ticks = round(shift / packet.time_base)
            packet.pts, packet.dts = packet.pts + ticks, packet.dts + ticks
        output.mux(packet)


def recording(
    path: Path,
    codec: str,
    samples: np.ndarray,
    rate: int = 44_100,
    sample_format: str | None = None,
    options: dict[str, str] | None = None,
) -> Path:
    """A recording of (channels, samples) in any codec of the wheel; the name's ending says the container."""
    with av.open(str(path), "w") as output:
        layout = LAYOUTS[len(samples)]
        track: Any = output.add_stream(codec, rate=rate, layout=layout, options=options or {})
        if sample_format:
            track.format = sample_format
        _encode_sound(output, track, samples, rate)
    return path


def _encode_sound(output: Any, track: Any, samples: np.ndarray, rate: int, begin: float = 0.0) -> None:
    size = track.codec_context.frame_size or 1024
    resampler = av.AudioResampler(track.format, track.layout, track.rate, frame_size=size)
    # Packed: PyAV fills no more than seven planes.
    packed = np.ascontiguousarray(samples.T).reshape(1, -1)
    made = av.AudioFrame.from_ndarray(packed, format="flt", layout=track.layout.name)
    made.sample_rate = rate
    at = round(begin * track.rate)
    for frame in resampler.resample(made) + resampler.resample(None):
        frame.pts, frame.time_base = at, Fraction(1, track.rate)
        at += frame.samples
        output.mux(track.encode(frame))
    output.mux(track.encode(None))


def tall_gif(path: Path, frames: int) -> Path:
    """An animated GIF of so many frames in a few bytes each."""
    from PIL import Image

    small = [Image.new("P", (16, 16), color) for color in (0, 1)]
    for image in small:
        image.putpalette([0, 0, 0, 255, 255, 255] + [0] * 762)
    small[0].save(path, save_all=True, append_images=small[1:], duration=20, loop=0)
    data = path.read_bytes()
    start = data.index(b"\x21\xf9", data.index(b"\x21\xf9") + 2)  # the second frame, with its control block
    path.write_bytes(data[:start] + data[start:-1] * (frames - 1) + data[-1:])
    return path


def boxes(data: bytes, start: int = 0, end: int | None = None) -> list[tuple[str, int, int]]:
    """The boxes of an MP4 at one level: kind, start and end."""
    found, at, end = [], start, len(data) if end is None else end
    while at + 8 <= end:
        size = int.from_bytes(data[at : at + 4], "big")
        size = int.from_bytes(data[at + 8 : at + 16], "big") if size == 1 else size or end - at
        if size < 8:
            break
        found.append((data[at + 4 : at + 8].decode("latin-1"), at, min(at + size, end)))
        at += size
    return found


def declare_duration(path: Path, seconds: float) -> None:
    """Make the headers of an MP4 say that it lasts so long; its samples stay as they are."""
    data = bytearray(path.read_bytes())
    for kind in (b"mvhd", b"mdhd"):
        at = data.find(kind)
        while at >= 0:
            scale = int.from_bytes(data[at + 16 : at + 20], "big")
            data[at + 20 : at + 24] = min(2**32 - 2, round(seconds * scale)).to_bytes(4, "big")
            at = data.find(kind, at + 4)
    path.write_bytes(bytes(data))


def evenly(frames: int, n: int) -> list[int]:
    """Frame numbers at n moments evenly spaced from the first frame to the last, by plain arithmetic."""
    if frames <= n:
        return list(range(frames))
    if n == 1:
        return [0]
    return sorted({math.floor(i * (frames - 1) / (n - 1) + 1e-9) for i in range(n)})
