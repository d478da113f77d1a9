"""The parts of `python -m benchmarks.media` beside decoding: the prepared cache, filling it, following
faces."""

from __future__ import annotations

import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from core.catalog.demo.faces import paint
from core.catalog.demo.people import Pose, draw_light, draw_person
from core.cli.prepare import Task, fill_cache
from core.media import cache, sandbox
from core.media.faces import CascadeDetector
from core.media.prepare import prepare
from core.media.recipe import Recipe
from core.media.tracks import follow, overlap
from core.media.video import read_frames
from core.workspace import Workspace

CLIP = 16  # frames
RECIPE = Recipe(modality="video", frames=CLIP, image_size=224)
COPIES = 4  # of every clip that is filled: a cache is filled with more files than processes
PASSES_AT_MOST = 10.0
READ_AT_MOST = 1 / 20
FILL_AT_LEAST = 1.7


def prepared_against_decoding(paths: list[Path], repeats: int) -> dict[str, Any]:
    """Reading a prepared clip against decoding its frames."""
    rows: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as folder:
        space = Workspace(Path(folder))
        for path in paths:
            cache.write(cache.entry_path(path, RECIPE, space), prepare(path, RECIPE))
            read = _median(lambda path=path: cache.prepare_cached(path, RECIPE, space), repeats * 3)  # type: ignore[misc]
            decode = _median(lambda path=path: read_frames(path, CLIP), repeats)  # type: ignore[misc]
            rows.append({"clip": path.name, "read_ms": read, "decode_ms": decode, "ratio": read / decode})
    return {"rows": rows, "holds": all(row["ratio"] <= READ_AT_MOST for row in rows)}


def two_processes_against_one(paths: list[Path]) -> dict[str, Any]:
    """Filling the cache with one decoding process and with two; the processes stand ready in both cases."""
    seconds = {}
    with tempfile.TemporaryDirectory() as folder:
        files = []
        for copy in range(COPIES):
            for path in paths:
                file = Path(folder, f"{copy}_{path.name}")
                file.symlink_to(path.absolute())
                files.append(str(file))
        sandbox.close()
        for workers in (2, 1):
            warm = [Task(RECIPE, [str(path) for path in paths])]
            fill_cache(warm, workers, Workspace(Path(folder, f"warm{workers}")))
            begin = time.perf_counter()
            fill_cache([Task(RECIPE, files)], workers, Workspace(Path(folder, f"fill{workers}")))
            seconds[workers] = time.perf_counter() - begin
    gain = seconds[1] / seconds[2]
    return {"one_s": seconds[1], "two_s": seconds[2], "gain": gain, "holds": gain >= FILL_AT_LEAST}


class _Counting:
    """A detector that counts what it is shown, in whole passes (by what it sees after its own reduction)."""

    name = "cascade"

    def __init__(self, whole: np.ndarray) -> None:
        self.detector = CascadeDetector()
        self.unit = self._seen(whole)
        self.passes = self.seconds = 0.0

    def _seen(self, picture: np.ndarray) -> float:
        from core.media.faces import DETECTION_SIDE

        height, width = picture.shape[:2]
        return height * width * min(1.0, DETECTION_SIDE / max(height, width)) ** 2

    def detect(self, picture: np.ndarray) -> np.ndarray:
        begin = time.process_time()
        found = self.detector.detect(picture)
        self.seconds += time.process_time() - begin
        self.passes += self._seen(picture) / self.unit
        return found


def faces_passes() -> dict[str, Any]:
    """What following costs against a whole pass on each of 16 frames, and the faces that only those found."""
    rows: list[dict[str, Any]] = []
    for name, people, scale in (
        ("one person", 1, 70),
        ("two people", 2, 60),
        ("close up", 1, 150),
        ("nobody", 0, 0),
    ):
        pictures = scene(people, scale)
        counting = _Counting(pictures[0])
        tracks = follow(pictures, counting)
        whole = _Counting(pictures[0])
        found = [whole.detect(picture) for picture in pictures]
        lost = sum(
            not any(i in t.boxes and overlap(t.boxes[i], box) > 0.3 for t in tracks)
            for i, boxes in enumerate(found)
            for box in boxes
        )
        in_time = counting.seconds / (whole.seconds / CLIP)
        rows.append(
            {
                "scene": name,
                "passes": counting.passes,
                "passes_in_cpu_time": in_time,
                "tracks": len(tracks),
                "lost": lost,
            }
        )
    return {"rows": rows, "holds": all(r["passes"] <= PASSES_AT_MOST and not r["lost"] for r in rows)}


def scene(people: int, scale: float, frames: int = CLIP, seed: int = 3) -> list[np.ndarray]:
    """Drawn people who move across 640 x 360 frames."""
    rng = np.random.default_rng(seed)
    cast, light = [draw_person(rng) for _ in range(people)], draw_light(rng)
    pictures = []
    for i in range(frames):
        canvas = np.full((360, 640, 3), 0.45, np.float32)
        for k, person in enumerate(cast):
            x = 640 * (k + 1) / (people + 1) + 5 * i
            paint(canvas, person, Pose(x, 180 + 2 * i, scale, yaw=0.02 * i - 0.15), light)
        pictures.append((np.clip(canvas, 0, 1) * 255).astype(np.uint8))
    return pictures


def words(part: str, result: Any) -> list[str]:
    """The lines of the printed report."""
    end = "holds" if result["holds"] else "DOES NOT HOLD"
    if part == "filling":
        return [
            f"filling the cache, one process {result['one_s']:.1f} s, two {result['two_s']:.1f} s: "
            f"{result['gain']:.2f} times as fast (at least {FILL_AT_LEAST}: {end})"
        ]
    lines = []
    for row in result["rows"]:
        if part == "prepared":
            lines.append(
                f"{row['clip']}: read {row['read_ms']:.2f} ms, decode {row['decode_ms']:.0f} ms: 1/{1 / row['ratio']:.0f}"
            )
        else:
            lines.append(
                f"{row['scene']}: {row['passes']:.1f} whole passes by pixels, {row['passes_in_cpu_time']:.1f} by processor time, "
                f"{row['tracks']} tracks, {row['lost']} faces lost"
            )
    bound = "at most 1/20" if part == "prepared" else f"at most {PASSES_AT_MOST:.0f} passes, none lost"
    return [*lines, f"{bound}: {end}"]


def _median(call: Any, repeats: int) -> float:
    taken = []
    for _ in range(repeats):
        begin = time.perf_counter()
        call()
        taken.append((time.perf_counter() - begin) * 1000)
    return statistics.median(taken)
