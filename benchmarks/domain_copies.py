"""Copies of a detector's own files, as benchmarks.domain judges them: re-encoded, resized, noisy, captured, the wrong
way round. Each is a file of its own; `kept as` is one whose container no longer tells what was done to it."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import soundfile
from PIL import Image

from core.training.scoring.evaluation.degradations import audio_codec, audio_noise, encode_sound

# (file, folder): where the copy lies.
Copy = Callable[[Path, Path], Path]
Sound = Callable[[np.ndarray, int], np.ndarray]


def as_picture(change: Callable[[Image.Image], Image.Image]) -> Copy:
    def write(file: Path, folder: Path) -> Path:
        with Image.open(file) as picture:
            change(picture.convert("RGB")).save(copy := folder / f"{file.stem}.png")
        return copy

    return write


def as_jpeg(quality: int) -> Copy:
    def write(file: Path, folder: Path) -> Path:
        with Image.open(file) as picture:
            picture.convert("RGB").save(copy := folder / f"{file.stem}.jpg", quality=quality)
        return copy

    return write


def as_wav(change: Sound) -> Copy:
    def write(file: Path, folder: Path) -> Path:
        sound, rate = mono(file)
        soundfile.write(copy := folder / f"{file.stem}.wav", change(sound, rate), rate, subtype="PCM_16")
        return copy

    return write


def as_coded(codec: str, kbits: int) -> Copy:
    def write(file: Path, folder: Path) -> Path:
        copy = folder / f"{file.stem}.{codec}"
        copy.write_bytes(encode_sound(*mono(file), codec, kbits))
        return copy

    return write


def copy_all(files: Sequence[Path], copy: Copy, folder: Path) -> list[Path]:
    """Each in a folder of its own: two files of one name stay two."""
    places = [folder / str(number) for number in range(len(files))]
    for place in places:
        place.mkdir()
    return [copy(file, place) for file, place in zip(files, places, strict=True)]


def mono(file: Path) -> tuple[np.ndarray, int]:
    sound, rate = soundfile.read(file, dtype="float32", always_2d=True)
    return sound.mean(axis=1), rate


def through_jpeg(quality: int) -> Callable[[Image.Image], Image.Image]:
    def change(picture: Image.Image) -> Image.Image:
        picture.save(file := io.BytesIO(), "JPEG", quality=quality)
        return Image.open(file)

    return change


def resized_to(side: int) -> Callable[[Image.Image], Image.Image]:
    return lambda picture: picture.resize((side, side), Image.Resampling.LANCZOS)


def on_a_page(picture: Image.Image) -> Image.Image:
    """Shown twice as large on a grey page, and captured."""
    page = Image.new("RGB", (1280, 720), (235, 235, 235))
    page.paste(resized_to(512)(picture), (380, 100))
    return page


def with_grain(picture: Image.Image) -> Image.Image:
    frame = np.asarray(picture)
    grain = np.random.default_rng(0).normal(0, 8, frame.shape)
    return Image.fromarray(np.clip(frame + grain, 0, 255).astype(np.uint8))


PICTURE_COPIES: dict[str, Copy] = {
    "JPEG 70": as_jpeg(70),
    "JPEG 70 kept as PNG": as_picture(through_jpeg(70)),
    "JPEG 25": as_jpeg(25),
    "resized to 192": as_picture(resized_to(192)),
    "noise of 8 levels": as_picture(with_grain),
    "screenshot": as_picture(on_a_page),
    "upside down": as_picture(lambda picture: picture.transpose(Image.Transpose.ROTATE_180)),
}
SOUND_COPIES: dict[str, Copy] = {
    "MP3 128 kbit/s": as_coded("mp3", 128),
    "AAC 128 kbit/s": as_coded("aac", 128),
    "AAC 128 kbit/s kept as WAV": as_wav(lambda sound, rate: audio_codec(sound, rate, "aac", 128)),
    "Opus 12 kbit/s": as_coded("opus", 12),
    "noise of 15 dB": as_wav(lambda sound, rate: audio_noise(sound, rate, 15, 0)),
    "played backwards": as_wav(lambda sound, _: sound[::-1]),
}
