"""Mutated media files against every reader: `python -m benchmarks.fuzz_media [--count N] [--seed S]`.

Valid files of many formats are changed at random (bits, blocks, lengths, cuts, splices): pictures, clips, sound of up
to eight channels, Content Credentials and XMP, Parquet and tar files with media in them. Each must be read or give one
line of the workbench's own; a crash, a hang or any other exception is a finding, and its file is kept.
"""

from __future__ import annotations

import argparse
import io
import json
import shutil
import sys
import tarfile
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import soundfile
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from core.catalog.scan import scan
from core.errors import MediaError
from core.media import sandbox
from core.media.limits import Limits
from core.media.recipe import Recipe
from core.workspace import Workspace
from tests.detection.signed_files import make_signer
from tests.made_media import clip, picture, recording, tone

LIMITS = Limits(
    pixels=4_000_000, frames=5_000, streams=16, duration=600.0, decode_seconds=20.0, memory=1_500_000_000
)
CRASHED = ("the decoder crashed", "cannot be decoded (")  # what the sandbox says of findings
EXTREMES = (0, 1, 0x7F, 0xFF, 2**31 - 1, 2**31, 2**32 - 1)  # what lengths and counts are changed to
SHARDS = (".parquet", ".tar", ".tgz")
XMP = b"""<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about="" xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/"
 Iptc4xmpExt:DigitalSourceType="http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"/>
</rdf:RDF></x:xmpmeta>"""
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
        ("b.mp4", "libx264"),
        ("b.mkv", "libx264"),
        ("b.avi", "mpeg4"),
        ("b.webm", "libvpx-vp9"),
        ("b.mov", "mpeg4"),
        ("b.ts", "libx264"),
        ("hevc.mp4", "libx265"),
        ("av1.mp4", "libsvtav1"),
        ("b.mpg", "mpeg2video"),
    ):
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
    many_channels(folder)
    marked(folder, image)
    shards(folder)
    return sorted(path for path in folder.iterdir() if path.is_file())


def many_channels(folder: Path) -> None:
    """Surround sound, planar and packed."""
    for channels in (6, 8):
        sound = tone(0.2, 48_000, channels)
        recording(folder / f"aac{channels}.m4a", "aac", sound, 48_000)
        recording(folder / f"opus{channels}.ogg", "libopus", sound, 48_000)
        soundfile.write(folder / f"flac{channels}.flac", sound.T, 48_000)
        soundfile.write(folder / f"pcm{channels}.wav", sound.T, 48_000, subtype="PCM_24")
    recording(folder / "surround.ac3", "ac3", tone(0.2, 48_000, 6), 48_000)


def marked(folder: Path, image: Image.Image) -> None:
    """Pictures that say where they come from: Content Credentials, XMP and IPTC, what generators write."""
    signer = make_signer()
    for name, kind in (("a.jpg", "image/jpeg"), ("a.png", "image/png"), ("b.mp4", "video/mp4")):
        signer.sign(folder / name, kind, folder / f"signed_{name}")
    image.save(folder / "xmp.jpg", xmp=XMP)
    written = PngInfo()
    written.add_itxt("XML:com.adobe.xmp", XMP.decode())
    written.add_text("parameters", "a face\nSteps: 20, Sampler: Euler a, Model: v1-5")
    written.add_text("AIGC", '{"Label": "1", "ContentProducer": "somebody"}')
    image.save(folder / "xmp.png", pnginfo=written)


def shards(folder: Path) -> None:
    """Pictures in the rows of a Parquet file and the members of a tar file."""
    pictures = [(folder / name).read_bytes() for name in ("a.jpg", "a.png", "a.webp", "a.gif")]
    rows = {
        "image": [{"bytes": data, "path": f"{k}.jpg"} for k, data in enumerate(pictures)],
        "label": [0, 1, 0, 1],
    }
    pq.write_table(pa.table(rows), folder / "rows.parquet", row_group_size=2)
    for file in ("members.tar", "members.tgz"):
        with tarfile.open(folder / file, "w:gz" if file.endswith("gz") else "w") as archive:
            for k, data in enumerate(pictures):
                words = json.dumps({"label": k % 2}).encode()
                for name, content in ((f"{k}.jpg", data), (f"{k}.json", words)):
                    member = tarfile.TarInfo(name)
                    member.size = len(content)
                    archive.addfile(member, io.BytesIO(content))


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
    folder: Path, count: int, seed: int, on_finding: Callable[[str], object] = lambda _line: None
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
        problem = try_file(path, RECIPES[number % len(RECIPES)], valid[which].name)
        if problem:
            findings.append(f"{path.name}: {problem}")
            on_finding(findings[-1])
        else:
            path.unlink()
    return findings


def try_file(path: Path, recipe: Recipe, seed: str = "") -> str | None:
    """None where the file is read or refused in one line; else what happened."""
    begin = time.monotonic()
    if path.suffix in SHARDS:
        asked: list[Callable[[], object]] = [lambda: scanned(path)]
        asked += [lambda row=row: whole(Path(f"{path}#{row}"), recipe) for row in (0, 3)]  # type: ignore[misc]
    else:
        asked = [lambda: whole(path, recipe)]
    if seed.startswith(("signed", "xmp")):
        asked.append(lambda: sandbox.run("core.detection.facts:read", path, limits=LIMITS))
    problems = [problem for question in asked if (problem := answered(question, path.name)) is not None]
    if not problems and time.monotonic() - begin > 2 * LIMITS.decode_seconds + 10:
        return "took too long"
    return "; ".join(problems) or None


def whole(path: Path, recipe: Recipe) -> None:
    sandbox.run("core.media.probe:probe", path, limits=LIMITS)
    sandbox.run("core.media.prepare:prepare", path, recipe, limits=LIMITS)


def scanned(path: Path) -> None:
    """As somebody who adds the folder: in this process and its workers."""
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder, "data")
        data.mkdir()
        shutil.copyfile(path, data / path.name)
        scan([data], space=Workspace(Path(folder, "workspace")))


def answered(question: Callable[[], object], name: str) -> str | None:
    try:
        question()
    except MediaError as error:
        text = str(error)
        if "\n" in text or not text.startswith(name) or any(word in text for word in CRASHED):
            return text
    except Exception as error:  # noqa: BLE001 (anything else is a finding)
        return f"{type(error).__name__}: {error}"
    return None


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.fuzz_media", description=__doc__)
    parser.add_argument("--count", type=int, default=10_000)
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
