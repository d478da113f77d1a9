"""Media as they come from phones, messengers and jokers: made here, small, each odd in one way."""

from __future__ import annotations

import os
import shutil
import zipfile
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from PIL import Image

WIDTH, HEIGHT = 160, 96
NAMES = (
    "a b.png",
    "line\nbreak.png",
    "ünïcödé 日本.png",
    "-dash.png",
    "<img src=x onerror=alert(1)>.png",
    "quo\"te's.png",
    "\u202egpj.exe.png",
    "=cmd|'x'!A1.png",
    "semi;colon&amp.png",
)
BAD = {
    "empty.jpg": b"",
    "text.jpg": b"hello",
    "noise.mp4": bytes(range(256)) * 99,
    "noise.mp3": bytes(range(255)) * 99,
    "page.png": b"<html><script>alert(1)</script></html>",
    "svg.png": b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
}


def frame(k: int = 0) -> np.ndarray:
    rng = np.random.default_rng(k)
    coarse = Image.fromarray(rng.integers(0, 255, (6, 10, 3), dtype=np.uint8))
    return np.asarray(coarse.resize((WIDTH, HEIGHT), Image.Resampling.BICUBIC))


def tone(seconds: float, rate: int) -> np.ndarray:
    t = np.arange(int(seconds * rate)) / rate
    return (0.3 * np.sin(2 * np.pi * 220 * t)).astype(np.float32)


def clip(
    path: Path,
    frames: int = 8,
    *,
    codec: str = "libx264",
    size: tuple[int, int] = (WIDTH, HEIGHT),
    pts: list[int] | None = None,
    sound: np.ndarray | None = None,
    rotate: int | None = None,
    container: str | None = None,
) -> Path:
    with av.open(str(path), "w", format=container) as output:
        stream = output.add_stream(codec, rate=8)
        stream.width, stream.height, stream.pix_fmt = *size, "yuv420p"
        if pts is not None:
            stream.codec_context.time_base = Fraction(1, 1000)
        if rotate is not None:
            stream.set_display_rotation(rotate)
        voice = output.add_stream("aac", rate=16_000, layout="mono") if sound is not None else None
        for k in range(frames):
            image = np.asarray(Image.fromarray(frame(k)).resize(size))
            picture = av.VideoFrame.from_ndarray(image, format="rgb24")
            if pts is not None:
                picture.pts, picture.time_base = pts[k], Fraction(1, 1000)
            output.mux(stream.encode(picture))
        output.mux(stream.encode(None))
        if voice is not None and sound is not None:
            for start in range(0, len(sound), 1024):
                part = av.AudioFrame.from_ndarray(
                    sound[start : start + 1024][None], format="fltp", layout="mono"
                )
                part.sample_rate, part.pts, part.time_base = 16_000, start, Fraction(1, 16_000)
                output.mux(voice.encode(part))
            output.mux(voice.encode(None))
    return path


def recording(path: Path, samples: np.ndarray, rate: int, codec: str, layout: str = "mono") -> Path:
    with av.open(str(path), "w") as output:
        stream = output.add_stream(codec, rate=rate, layout=layout)
        channels = stream.codec_context.channels
        resampler = av.AudioResampler(format=stream.codec_context.format, layout=layout, rate=rate)
        data = np.repeat((samples * 32767).astype(np.int16)[:, None], channels, axis=1).reshape(1, -1)
        whole = av.AudioFrame.from_ndarray(np.ascontiguousarray(data), format="s16", layout=layout)
        whole.sample_rate, whole.pts = rate, 0
        buffer = av.AudioFifo()
        for part in resampler.resample(whole):
            buffer.write(part)
        size = stream.codec_context.frame_size or 1024
        while (part := buffer.read(size, partial=True)) is not None and part.samples:
            output.mux(stream.encode(part))
        output.mux(stream.encode(None))
    return path


def make(root: Path) -> Path:
    """All of them, under one folder with folders in it."""
    root.mkdir()
    clip(root / "rotated.mp4", rotate=90)
    clip(root / "vfr.mp4", pts=[0, 20, 60, 250, 300, 640, 650, 1400])
    clip(root / "one_frame.mp4", 1)
    clip(root / "tiny.mp4", size=(16, 16))
    clip(root / "tall.webm", codec="libvpx", size=(96, 160))
    clip(root / "silent_film.mp4")
    clip(root / "with_sound.mp4", sound=tone(1.0, 16_000))
    clip(root / "renamed_clip.jpg", container="mp4")
    recording(root / "only_sound.mp4", tone(2, 16_000), 16_000, "aac")
    recording(root / "silence.wav", np.zeros(16_000, np.float32), 16_000, "pcm_s16le")
    recording(root / "short.wav", tone(0.2, 16_000), 16_000, "pcm_s16le")
    recording(root / "telephone.wav", tone(2, 8_000), 8_000, "pcm_mulaw")
    recording(root / "surround.flac", tone(2, 48_000), 48_000, "flac", "5.1")
    picture = Image.fromarray(frame())
    grey = np.asarray(picture.convert("L")).astype(np.uint16) * 257
    Image.fromarray(grey).save(root / "grey16.png")
    picture.convert("CMYK").save(root / "cmyk.jpg")
    frames = [Image.fromarray(frame(k)) for k in range(4)]
    for ending in ("gif", "webp"):
        frames[0].save(root / f"animated.{ending}", save_all=True, append_images=frames[1:], duration=90)
    picture.putalpha(120)
    picture.save(root / "alpha.png")
    Image.new("RGB", (1, 1)).save(root / "one_pixel.png")
    Image.fromarray(np.tile(frame(), (1, 12, 1))).save(root / "panorama.jpg")
    exif = Image.Exif()
    exif[0x0112] = 6
    frames[0].save(root / "turned.jpg", exif=exif)
    for name in NAMES:
        frames[0].save(root / name, format="PNG")
    for name, content in BAD.items():
        (root / name).write_bytes(content)
    (root / "cut.mp4").write_bytes((root / "with_sound.mp4").read_bytes()[:900])
    with zipfile.ZipFile(root / "zip.png", "w") as archive:
        archive.writestr("a.png", (root / "alpha.png").read_bytes())
    (root / "in" / "side").mkdir(parents=True)
    shutil.copy(root / "alpha.png", root / "in" / "side" / "deep.png")
    (root / "in" / "notes.txt").write_text("no media")
    with open(os.fsencode(root) + b"/not_\xff_utf8.png", "wb") as file:
        file.write((root / "alpha.png").read_bytes())
    return root
