"""The server's detection process, for `python -m benchmarks.detection`: its first verdicts and its memory."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import psutil

from benchmarks import detection_parts as parts
from core.detection.request import Request
from core.detection.serving.service import Job, Service
from core.detection.serving.uploads import Upload
from core.media.recipe import Recipe
from core.memory import resident

MEMORY_WITHIN = 0.10
SOUNDS = (".wav", ".flac", ".mp3", ".ogg", ".m4a")


def judged(service: Service, path: Path, run: Path, out: Path) -> Job:
    """One file through the server's detection process, as the page has it judged."""
    job = service.submit("s", Upload(path, path.name), Request(run=str(run), explain=True, out=out))
    while not job.over:
        time.sleep(0.005)
    assert job.verdict is not None and job.verdict.status != "error", job.verdict
    return job


def first_verdicts(folder: Path) -> dict[str, Any]:
    """Seconds until the verdict on a picture: of a server just started, of one whose page stood open, the
    second."""
    picture, second = parts.demo_files(folder, (".jpg", ".png"), 2)
    run = parts.make_run(folder / "first", "mobilenetv3_small", Recipe(modality="image", image_size=224))
    found: dict[str, float] = {}
    for name, head_start in (("at once", False), ("page open before", True)):
        service = Service()
        service.warm((str(run),))
        begun = time.perf_counter()
        if head_start:
            while not service.ready:
                time.sleep(0.01)
            found["warm after"] = time.perf_counter() - begun
        job = judged(service, picture, run, folder / f"first-{head_start}")
        found[name] = job.verdict_after or 0.0
        again = judged(service, second, run, folder / f"second-{head_start}")
        found["second file"] = again.verdict_after or 0.0
        assert again.verdict is not None
        found["its opening of weights"] = again.verdict.stages["open"]
        service.close()
    return {name: round(s, 3) for name, s in found.items()}


def memory(folder: Path, files: int) -> dict[str, Any]:
    """The server's detection process with its decoders after a tenth of the files and after all.

    Pictures, clips and recordings in turn, each judged and explained.
    """
    recipes = {
        "image": ("mobilenetv3_small", Recipe(modality="image", image_size=96), (".jpg", ".png")),
        "video": ("simple_cnn", Recipe(modality="video", frames=4, image_size=96), (".mp4",)),
        "audio": ("logmel_mobilenetv3_small", Recipe(modality="audio"), SOUNDS),
    }
    runs = {m: parts.make_run(folder / f"m-{m}", name, recipe) for m, (name, recipe, _) in recipes.items()}
    media = {m: parts.demo_files(folder, endings, files) for m, (_, _, endings) in recipes.items()}
    service, after = Service(), {}
    for k in range(files):
        kind = {3: "audio", 6: "audio", 9: "video"}.get(k % 10, "image")
        judged(service, media[kind][k], runs[kind], folder / f"explained-{k % 4}")
        if k + 1 in (files // 10, files):
            after[k + 1] = resident(psutil.Process(), itself=False) / 1e6
    service.close()
    early, late = after[files // 10], after[files]
    return {
        "mb": {str(n): round(mb, 1) for n, mb in after.items()},
        "growth": round(late / early - 1, 4),
        "holds": late <= early * (1 + MEMORY_WITHIN),
    }
