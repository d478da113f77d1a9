"""Reading media, against the other decoders: `python -m benchmarks.media [--repeats N] [--small] [--json]`.

Makes its own files, checks that every reader gave the frames asked for, and prints milliseconds a clip for 16
frames in one table; then what the prepared cache, two filling processes and following faces cost. The clips are
made once a folder (--folder), because encoding takes longer than measuring.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import av
import cv2
import numpy as np

from benchmarks import media_parts
from core.media.video import read_frames
from tests.made_media import clip, evenly, number_of

N = 16
SLOWER_AT_MOST = 1.15  # exact against the best of the others
FASTER_AT_LEAST = 2.5  # fast against torchcodec where two key frames or more stand for a sampled frame

Reader = Callable[[Path, list[int]], "list[np.ndarray]"]


@dataclass(frozen=True)
class Clip:
    """A clip to measure on: how it is made, and how many frames it has."""

    name: str
    codec: str
    size: tuple[int, int]
    seconds: int
    gop: int
    rotation: int = 0
    noise: int = 8

    @property
    def frames(self) -> int:
        return self.seconds * 30

    @property
    def key_rich(self) -> bool:
        return self.frames / self.gop >= 2 * N


CLIPS = (
    Clip("480p 12 s, key 1 in 250", "libx264", (854, 480), 12, 250),
    Clip("1080p 20 s, key 1 in 250", "libx264", (1920, 1080), 20, 250),
    Clip("720p 60 s, key 1 in 30", "libx264", (1280, 720), 60, 30),
    Clip("portrait HEVC 10 s, key 1 in 30", "libx265", (1920, 1080), 10, 30, rotation=-90),
)
SMALL = (
    Clip("240p 4 s, key 1 in 250", "libx264", (426, 240), 4, 250),
    Clip("240p 40 s, key 1 in 30", "libx264", (426, 240), 40, 30),
)


def ours(mode: str) -> Reader:
    return lambda path, _: list(read_frames(path, N, mode).images)


def torchcodec_exact(path: Path, indices: list[int]) -> list[np.ndarray]:
    from torchcodec.decoders import VideoDecoder

    decoder = VideoDecoder(str(path), dimension_order="NHWC", num_ffmpeg_threads=0, seek_mode="exact")
    return list(decoder.get_frames_at(indices).data.numpy())


def opencv_sequential(path: Path, indices: list[int]) -> list[np.ndarray]:
    capture, wanted, got = cv2.VideoCapture(str(path)), set(indices), []
    for i in range(indices[-1] + 1):
        capture.grab()
        if i in wanted:
            got.append(cv2.cvtColor(capture.retrieve()[1], cv2.COLOR_BGR2RGB))
    return got


def opencv_seeking(path: Path, indices: list[int]) -> list[np.ndarray]:
    capture, got = cv2.VideoCapture(str(path)), []
    for i in indices:
        capture.set(cv2.CAP_PROP_POS_FRAMES, i)
        got.append(cv2.cvtColor(capture.read()[1], cv2.COLOR_BGR2RGB))
    return got


def pyav_seeking(path: Path, indices: list[int]) -> list[np.ndarray]:
    got = []
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        stream.thread_type = "AUTO"
        start, step = stream.start_time or 0, 1 / (stream.average_rate * stream.time_base)
        for i in indices:
            wanted = start + round(i * step)
            container.seek(wanted, stream=stream)
            frame = next(f for f in container.decode(stream) if f.pts >= wanted)
            got.append(frame.to_ndarray(format="rgb24"))
    return got


def readers() -> dict[str, Reader]:
    """Ours and those of the others that can be imported and decode."""
    found = {"exact": ours("exact"), "fast": ours("fast")}
    try:
        from torchcodec.decoders import VideoDecoder  # noqa: F401

        found["torchcodec"] = torchcodec_exact
    except (ImportError, OSError, RuntimeError) as error:
        print(f"torchcodec is left out: {str(error).splitlines()[0]}", file=sys.stderr)
    return found | {
        "OpenCV sequential": opencv_sequential,
        "OpenCV seeking": opencv_seeking,
        "PyAV seeking": pyav_seeking,
    }


def made(folder: Path, spec: Clip) -> Path:
    path = folder / f"{spec.name.replace(' ', '_').replace(',', '')}.mp4"
    if not path.exists():
        print(f"making {path.name}", file=sys.stderr)
        options = {"preset": "veryfast"} | ({"x265-params": "log-level=0"} if "265" in spec.codec else {})
        partial = path.with_name(f"partial_{path.name}")
        clip(
            partial,
            spec.codec,
            size=spec.size,
            frames=spec.frames,
            gop=spec.gop,
            rotation=spec.rotation,
            options=options,
            noise=spec.noise,
        )
        partial.rename(path)
    return path


def measure(path: Path, spec: Clip, repeats: int) -> dict[str, float]:
    """Median milliseconds of each reader; turns are taken, so that a busy moment hits all alike.

    Another decoder that gives other frames than those asked for is left out; ours must not.
    """
    indices = evenly(spec.frames, N)
    known = readers()
    for name, reader in list(known.items()):
        given = _wrong(name, reader(path, indices), indices, spec)
        if given and name in ("exact", "fast"):
            raise SystemExit(f"{name} gave frames {given} of {spec.name}, not {indices}")
        if given:
            print(f"{name} gave wrong frames of {spec.name} ({given}) and is left out", file=sys.stderr)
            known.pop(name)
    times: dict[str, list[float]] = {name: [] for name in known}
    for _ in range(repeats):
        for name, reader in known.items():
            begin = time.perf_counter()
            reader(path, indices)
            times[name].append((time.perf_counter() - begin) * 1000)
    return {name: statistics.median(taken) for name, taken in times.items()}


def _wrong(name: str, images: list[np.ndarray], indices: list[int], spec: Clip) -> list[int]:
    """The numbers in the pictures where they are not those asked for (of `fast`: within half a step)."""
    quarter = 1 if spec.rotation else 0
    given = [number_of(_unturned(image, spec) if quarter else image) for image in images]
    step = (spec.frames - 1) / (N - 1)
    if name == "fast":
        wrong = len(given) != N or any(abs(g - i * step) > step / 2 + 1 for i, g in enumerate(given))
    else:
        wrong = given != indices
    return given if wrong else []


def _unturned(image: np.ndarray, spec: Clip) -> np.ndarray:
    """Back as it was encoded: a reader may or may not turn the frames upright."""
    return image if image.shape[1] == spec.size[0] else np.rot90(image, -1 if spec.rotation > 0 else 1)


def verdicts(spec: Clip, row: dict[str, float]) -> dict[str, float | None]:
    """The ratios that the promises are about."""
    others = min(v for k, v in row.items() if k not in ("exact", "fast"))
    return {
        "exact / best other": row["exact"] / others,
        "fast / best other": row["fast"] / others,
        "torchcodec / fast": row["torchcodec"] / row["fast"] if "torchcodec" in row else None,
    }


def holds(spec: Clip, ratio: dict[str, float | None]) -> bool:
    exact, fast, gain = ratio["exact / best other"], ratio["fast / best other"], ratio["torchcodec / fast"]
    assert exact is not None
    assert fast is not None
    quick = gain is None or gain >= FASTER_AT_LEAST if spec.key_rich else fast <= 1.0
    return exact <= SLOWER_AT_MOST and quick


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.media", description=__doc__)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--small", action="store_true", help="two small clips: minutes become seconds")
    parser.add_argument("--folder", type=Path, help="where the clips are kept (default: made anew)")
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = args.folder or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        result = benchmark(folder, SMALL if args.small else CLIPS, args.repeats)
    print(json.dumps(result, indent=2) if args.json else table(result))


def benchmark(folder: Path, specs: tuple[Clip, ...], repeats: int) -> dict[str, object]:
    rows = []
    for spec in specs:
        path = made(folder, spec)
        row = measure(path, spec, repeats)
        ratio = verdicts(spec, row)
        rows.append({"clip": spec.name, "ms": row, **ratio, "holds": holds(spec, ratio)})
    paths = [made(folder, spec) for spec in specs]
    return {
        "cores": len(os.sched_getaffinity(0)),
        "frames": N,
        "clips": rows,
        "prepared": media_parts.prepared_against_decoding(paths, repeats),
        "filling": media_parts.two_processes_against_one(paths),
        "faces": media_parts.faces_passes(),
    }


def table(result: dict[str, object]) -> str:
    rows: list[dict] = result["clips"]  # type: ignore[assignment,type-arg]
    names = list(dict.fromkeys(name for row in rows for name in row["ms"]))
    lines = [
        f"milliseconds a clip for {result['frames']} frames, {result['cores']} cores, medians",
        "",
        "| clip | " + " | ".join(names) + " | exact / best | fast / best | torchcodec / fast | holds |",
        "|---" * (len(names) + 5) + "|",
    ]
    for row in rows:
        cells = [f"{row['ms'][name]:.0f}" if name in row["ms"] else "wrong" for name in names]
        gain = row["torchcodec / fast"]
        cells += [f"{row['exact / best other']:.2f}", f"{row['fast / best other']:.2f}"]
        cells += [f"{gain:.2f}" if gain else "", "yes" if row["holds"] else "NO"]
        lines.append(f"| {row['clip']} | " + " | ".join(cells) + " |")
    lines.append("")
    for part in ("prepared", "filling", "faces"):
        lines += [f"{part}: {line}" for line in media_parts.words(part, result[part])]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
