"""Mutated media files against every reader: `python -m benchmarks.fuzz_media [--count N] [--seed S]`.

Valid files of many formats are changed at random (bits, blocks, lengths, cuts, splices). Each must be read or give
one line of the workbench's own; a crash, a hang or any other exception is a finding, and its file is kept.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
from PIL import Image

from core.errors import MediaError
from core.media import sandbox
from core.media.limits import Limits
from core.media.recipe import Recipe
from tests.made_media import clip, picture, recording, tone

LIMITS = Limits(
    pixels=4_000_000, frames=5_000, streams=16, duration=600.0, decode_seconds=20.0, memory=1_500_000_000
)
CRASHED = ("the decoder crashed", "cannot be decoded (")  # what the sandbox says of findings
EXTREMES = (0, 1, 0x7F, 0xFF, 2**31 - 1, 2**31, 2**32 - 1)  # what lengths and counts are changed to
RECIPES = (
    Recipe(modality="multimodal", frames=4, image_size=32),
    Recipe(modality="image", frames=2, image_size=32, sampling="fast"),
    Recipe(modality="audio"),
)


def seeds(folder: Path) -> list[Path]:
    """One small valid file of each format."""
    folder.mkdir(parents=True, exist_ok=True)
    image = Image.fromarray(picture(5, 96, 64))
    for name in ("a.jpg", "a.png", "a.webp", "a.bmp", "a.tif", "a.gif", "a.avif", "a.heic"):
        image.save(folder / name)
    image.convert("CMYK").save(folder / "cmyk.jpg")
    image.convert("P").save(folder / "palette.png")
    sound = tone(0.3)
    small: dict[str, Any] = {"frames": 12, "size": (96, 64), "gop": 6}
    for name, codec in (
        ("b.mp4", "libx264"), ("b.mkv", "libx264"), ("b.avi", "mpeg4"), ("b.webm", "libvpx-vp9"), ("b.mov", "mpeg4"),
        ("b.ts", "libx264"), ("hevc.mp4", "libx265"), ("av1.mp4", "libsvtav1"), ("b.mpg", "mpeg2video"),
    ):  # fmt: skip
        options = {"x265-params": "log-level=none"} if codec == "libx265" else {}
        with_sound = None if name.endswith(("mpg", "webm")) else sound
        clip(folder / name, codec, options=options, sound=with_sound, **small)
    for name, subtype in (
        ("c.wav", "PCM_16"),
        ("float.wav", "FLOAT"),
        ("adpcm.wav", "MS_ADPCM"),
        ("c.flac", None),
    ):
        soundfile.write(folder / name, sound[0], 44_100, subtype=subtype)
    recording(folder / "c.mp3", "libmp3lame", sound)
    recording(folder / "c.m4a", "aac", sound)
    recording(folder / "c.ogg", "libopus", tone(0.3, 48_000), 48_000)
    return sorted(path for path in folder.iterdir() if path.is_file())


def mutate(data: bytes, other: bytes, rng: np.random.Generator) -> bytes:
    """A few random changes; most near the beginning, where the structure is."""
    changed = bytearray(data)
    for _ in range(int(rng.integers(1, 6))):
        if not changed:
            break
        reach = len(changed) if rng.random() < 0.5 else min(len(changed), 1024)
        at = int(rng.integers(reach))
        length = min(len(changed) - at, 1 << int(rng.integers(0, 9)))
        kind = rng.integers(8)
        if kind == 0:
            changed[at] ^= 1 << int(rng.integers(8))
        elif kind == 1:
            changed[at : at + length] = rng.bytes(length)
        elif kind == 2:
            changed[at : at + 4] = EXTREMES[int(rng.integers(len(EXTREMES)))].to_bytes(
                4, "big" if rng.random() < 0.5 else "little"
            )
        elif kind == 3:
            del changed[at : at + length]
        elif kind == 4:
            changed[at:at] = changed[at : at + length]
        elif kind == 5:
            changed[at : at + length] = bytes(length)
        elif kind == 6:
            start = int(rng.integers(max(1, len(other) - length)))
            changed[at : at + length] = other[start : start + length]
        else:
            del changed[int(rng.integers(len(changed))) :]
    return bytes(changed)


def fuzz(
    folder: Path, count: int, seed: int, told: Callable[[str], object] = lambda _line: None
) -> list[str]:
    """What went wrong, a line a finding; findings' files stay in `folder`."""
    rng = np.random.default_rng(seed)
    valid = seeds(folder / "valid")
    contents = [path.read_bytes() for path in valid]
    findings = []
    for number in range(count):
        which = int(rng.integers(len(valid)))
        data = mutate(contents[which], contents[int(rng.integers(len(valid)))], rng)
        path = folder / f"{number}_{valid[which].name}"
        path.write_bytes(data)
        problem = try_file(path, RECIPES[number % len(RECIPES)])
        if problem:
            findings.append(f"{path.name}: {problem}")
            told(findings[-1])
        else:
            path.unlink()
    return findings


def try_file(path: Path, recipe: Recipe) -> str | None:
    """None where the file is read or refused in one line; else what happened."""
    begin = time.monotonic()
    try:
        sandbox.run("core.media.probe:probe", path, limits=LIMITS)
        sandbox.run("core.media.prepare:prepare", path, recipe, limits=LIMITS)
    except MediaError as error:
        text = str(error)
        if "\n" in text or not text.startswith(path.name) or any(word in text for word in CRASHED):
            return text
    except Exception as error:  # noqa: BLE001 (anything else is a finding)
        return f"{type(error).__name__}: {error}"
    if time.monotonic() - begin > 2 * LIMITS.decode_seconds + 10:
        return "took too long"
    return None


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.fuzz_media", description=__doc__)
    parser.add_argument("--count", type=int, default=3000)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="fuzz_media_"))
    begin = time.monotonic()
    findings = fuzz(folder, args.count, args.seed, lambda line: print(line, file=sys.stderr))
    print(f"{args.count} mutated files in {time.monotonic() - begin:.0f} s: {len(findings)} findings")
    if findings:
        print(f"their files are in {folder}")
    return bool(findings)


if __name__ == "__main__":
    sys.exit(main())
