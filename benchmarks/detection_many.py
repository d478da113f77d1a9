"""`python -m benchmarks.detection --many`: pictures, clips and recordings a second of a whole batch, against a bare loop.

The bare loop decodes in as many processes, scores in batches as large, and does nothing else: no facts, no marks, no
domain, no verdict. Networks have random weights: they cost what trained ones do.
"""

from __future__ import annotations

import multiprocessing
import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import soundfile
import torch

from benchmarks import detection_parts as parts
from benchmarks.media_parts import scene
from core.detection.detector import Detector, open_shared
from core.detection.files import Given
from core.detection.judgement import detect
from core.detection.request import Request
from core.detection.serving import batch
from core.media.faces import detector as face_detector
from core.media.prepare import prepare
from core.media.recipe import Recipe
from core.media.tracks import follow
from core.training.reading.inputs import Pieces, pieces_of
from core.training.reading.tensors import batch_of
from tests.detection.tiny_runs import put_reference

AT_LEAST = 0.8
START_AT_MOST = 3.0  # seconds from the command to its end, one small picture, weights included
SAME_WITHIN = 1e-5
PIECES_AT_ONCE = 16  # of one pass, as scoring has it
FILES_AT_ONCE = 4  # as many wait for a pass where two readers have eight files in hand
ROUNDS = 3
COMPARED = 6  # files whose verdict in the batch is held against the one alone


@dataclass(frozen=True)
class Kind:
    """What is judged, and by what."""

    name: str
    model: str
    recipe: Recipe
    make: Callable[[Path, int], list[Path]]
    files: int


def many(folder: Path, device: str, *, small: bool = False) -> dict[str, Any]:
    kinds = (
        Kind(
            "pictures", "efficientnet_b0", Recipe(modality="image", image_size=224, faces=True), pictures, 160
        ),
        Kind("clips", "efficientnet_lstm", Recipe(modality="video", frames=16, faces=True), clips, 24),
        Kind("recordings", "logmel_mobilenetv3_small", Recipe(modality="audio"), recordings, 240),
    )
    found: dict[str, Any] = {"device": device, "processes": os.cpu_count()}
    for kind in kinds:
        files = kind.make(folder / kind.name, kind.files // 2 if small else kind.files)
        run = parts.make_run(folder / f"run-{kind.name}", kind.model, kind.recipe)
        found[kind.name] = rates(files, run, 1 if small else ROUNDS)
        if kind.name == "pictures":
            found |= start_up(files[0], run)
    found["holds"] = found["start_s"] <= START_AT_MOST and all(found[k.name]["holds"] for k in kinds)
    return found


def device_name(device: str) -> str:
    if device == "cpu":
        os.environ["CUDA_VISIBLE_DEVICES"] = ""  # before anything has looked for a card
        return "cpu"
    if not torch.cuda.is_available():
        raise SystemExit("--device cuda: there is no CUDA device on this machine")
    return torch.cuda.get_device_name()


def rates(files: list[Path], run: Path, rounds: int) -> dict[str, Any]:
    """Files a second, in turns; both without what the first files wait for: imports, weights, processes."""
    ours: list[float] = []
    bare: list[float] = []
    scores: dict[Path, float] = {}
    for _ in range(rounds):
        rate, scores = batch_rate(files, run)
        ours.append(rate)
        bare.append(bare_rate(files, run))
    share = statistics.median(ours) / statistics.median(bare)
    differs = max(abs(alone(path, run) - scores[path]) for path in files[:COMPARED])
    assert differs <= SAME_WITHIN, f"a verdict in the batch differs by {differs} from the one alone"
    return {
        "a_second": {"ours": round(statistics.median(ours), 2), "bare": round(statistics.median(bare), 2)},
        "share": round(share, 3),
        "differs": differs,
        "holds": share >= AT_LEAST,
    }


def batch_rate(files: list[Path], run: Path) -> tuple[float, dict[Path, float]]:
    ends: list[float] = []
    verdicts = batch.run(
        [Given(path, path.name) for path in files],
        Request(run=str(run)),
        on_verdict=lambda _n, _v: ends.append(time.perf_counter()),
    )
    applied = sum(v.status == "ok" for v in verdicts)  # a drawn face is not found in every JPEG of it
    assert applied > 0.7 * len(files), next(v.reason for v in verdicts if v.status != "ok")
    return steady(ends), {path: float(v.score or 0.0) for path, v in zip(files, verdicts, strict=True)}


def steady(ends: list[float]) -> float:
    """Files a second after the first third."""
    late = np.sort(ends)[len(ends) // 3 :]
    return (len(late) - 1) / float(late[-1] - late[0])


def alone(path: Path, run: Path) -> float:
    return float(detect(path, path.name, Request(run=str(run))).score or 0.0)


def bare_rate(files: list[Path], run: Path) -> float:
    """Decode in processes, score what has come in batches."""
    found = open_shared(run)
    ends: list[float] = []
    processes = os.cpu_count() or 1
    torch.set_num_threads(1)  # the readers have the cores
    # Spawned, since a fork of a process with threads can wait
    # forever; what they import is over before the time counts.
    with multiprocessing.get_context("spawn").Pool(processes, cv2.setNumThreads, (1,)) as pool:
        read = pool.imap_unordered(_read, [(path, found.recipe) for path in files])
        for together in _batches(read):
            _forward(found, [piece.arrays for cut in together for piece in cut.pieces])
            ends += [time.perf_counter()] * len(together)
    return steady(ends)


def _read(task: tuple[Path, Recipe]) -> Pieces:
    path, recipe = task
    return pieces_of(prepare(path, recipe, threads=1), recipe)


def _batches(read: Iterator[Pieces]) -> Iterator[list[Pieces]]:
    together: list[Pieces] = []
    for cut in read:
        together.append(cut)
        if len(together) == FILES_AT_ONCE:
            yield together
            together = []
    if together:
        yield together


@torch.no_grad()
def _forward(found: Detector, rows: list[Any]) -> None:
    for start in range(0, len(rows), PIECES_AT_ONCE):
        part = rows[start : start + PIECES_AT_ONCE]
        x, mask = batch_of(part, found.recipe, found.card, found.device, found.network)
        found.network(x, mask, details=True).logits.softmax(-1).cpu()


def start_up(picture: Path, run: Path) -> dict[str, float]:
    """The whole command for one picture (imports, readers, weights, its verdict) in turns with importing torch alone:
    seconds, and seconds of a processor, readers included, that hardly depend on what else runs."""
    put_reference(run, picture, away=0.0)  # as every training leaves one
    detect_it = [sys.executable, "-m", "core", "detect", str(picture), "--run", str(run), "--json"]
    commands = {"start": detect_it, "torch": [sys.executable, "-c", "import torch"]}
    # As an installed workbench has it: its modules are compiled once, in the round that does not count.
    compiled = {
        **os.environ,
        "PYTHONDONTWRITEBYTECODE": "",
        "PYTHONPYCACHEPREFIX": str(run.parent / "compiled"),
    }
    taken: dict[str, list[tuple[float, float]]] = {name: [] for name in commands}
    for _ in range(ROUNDS + 1):  # the first reads the libraries from disk and compiles
        for name, command in commands.items():
            start, used = time.perf_counter(), used_by_children()
            subprocess.run(command, check=True, capture_output=True, env=compiled)
            taken[name].append((time.perf_counter() - start, used_by_children() - used))
    medians = {name: np.median(values[1:], axis=0) for name, values in taken.items()}
    return {
        "start_s": round(float(medians["start"][0]), 2),
        "start_over_torch": round(float(medians["start"][1] / medians["torch"][1]), 2),
        "torch_s": round(float(medians["torch"][0]), 2),
    }


def used_by_children() -> float:
    """Seconds of a processor of all processes that ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def pictures(folder: Path, count: int) -> list[Path]:
    """640 x 480 with one person, JPEG."""
    folder.mkdir()
    finder = face_detector("cascade")
    frames = [frame for frame in scene(1, 90, 40) if follow([frame], finder)]
    paths = []
    for k in range(count):
        path = folder / f"{k:03d}.jpg"
        noisy = np.clip(frames[k % len(frames)].astype(np.int16) + k % 7 - 3, 0, 255).astype(np.uint8)
        cv2.imwrite(str(path), cv2.cvtColor(noisy, cv2.COLOR_RGB2BGR))
        paths.append(path)
    return paths


def clips(folder: Path, count: int) -> list[Path]:
    """4 s at 480p with one person, H.264."""
    folder.mkdir()
    first = parts.write_clip(folder / "000.mp4", (854, 480), seconds=4)
    rest = [folder / f"{k:03d}.mp4" for k in range(1, count)]
    for path in rest:
        path.write_bytes(first.read_bytes())
    return [first, *rest]


def recordings(folder: Path, count: int) -> list[Path]:
    """6 s of coloured noise, FLAC."""
    folder.mkdir()
    rng, paths = np.random.default_rng(0), []
    for k in range(count):
        path = folder / f"{k:03d}.flac"
        sound = np.convolve(rng.standard_normal(96_000), np.ones(8) / 8, "same")
        soundfile.write(path, (0.2 * sound).astype(np.float32), 16_000)
        paths.append(path)
    return paths


def words(found: dict[str, Any]) -> list[str]:
    """The lines of the printed report."""
    lines = [f"many files, {found['device']}, {found['processes']} readers"]
    for name in ("pictures", "clips", "recordings"):
        one = found[name]
        rates = one["a_second"]
        lines.append(
            f"{name}: {rates['ours']} a second against {rates['bare']} bare, share {one['share']} "
            f"(at least {AT_LEAST}), scores differ from those alone by {one['differs']:.1e}"
        )
    lines.append(
        f"one picture, the whole command: {found['start_s']} s (at most {START_AT_MOST}); importing torch alone: "
        f"{found['torch_s']} s; processor time of the first over that of the second: {found['start_over_torch']}"
    )
    return lines
