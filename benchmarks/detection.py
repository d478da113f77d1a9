"""What detection costs beyond its parts: `python -m benchmarks.detection [--small] [--repeats N] [--json]`.

One clip with verdict and heat maps against bare decoding, face finding, forward, Grad-CAM and faithfulness passes
on the same frames in the same run; memory over 200 files; a batch of pictures against the bare loop. Networks have
random weights: they cost what trained ones do.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import psutil
import torch
import yaml
from pytorch_grad_cam import GradCAM
from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget
from torch import nn

import models
from benchmarks.media_parts import scene
from core.detection.detector import Detector, shared
from core.detection.explanations import faithfulness
from core.detection.judgement import detect
from core.detection.request import Request
from core.detection.views import layer_of
from core.media.faces import crop, resized, square
from core.media.faces import detector as face_detector
from core.media.images import open_image
from core.media.recipe import Recipe
from core.media.tracks import follow
from core.media.video import read_frames
from core.training import checkpoint
from core.training.inputs import normalised

FRAMES = 16
CLIP_AT_MOST = 1.3
MEMORY_WITHIN = 0.10
BATCH_AT_LEAST = 0.9


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.detection", description=__doc__)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--small", action="store_true", help="fewer files: a look, not a measurement")
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary, workspace_in(Path(temporary) / "workspace"):
        folder = Path(temporary)
        result = {
            "cores": len(os.sched_getaffinity(0)),
            "clip": clip_against_parts(folder, args.repeats),
            "memory": memory(folder, 60 if args.small else 200),
            "batch": batch_against_bare(folder, 40 if args.small else 200),
        }
    print(json.dumps(result, indent=2) if args.json else words(result))


@contextmanager
def workspace_in(folder: Path) -> Iterator[None]:
    """Neither settings nor a catalogue of this machine take part."""
    before = os.environ.get("DEEPFAKE_WORKSPACE")
    os.environ["DEEPFAKE_WORKSPACE"] = str(folder)
    yield
    del os.environ["DEEPFAKE_WORKSPACE"]
    if before is not None:
        os.environ["DEEPFAKE_WORKSPACE"] = before


def make_run(folder: Path, model: str, recipe: Recipe) -> Path:
    """A finished run with random weights."""
    torch.manual_seed(0)
    network = models.create(model, pretrained=False)
    card = getattr(network, "card", None) or models.card(model)
    folder.mkdir()
    checkpoint.save(folder / "best_model.pth", checkpoint.document(network, card, recipe, model, {}))
    (folder / "config.yaml").write_text(yaml.safe_dump({"modality": recipe.modality, "model": model}))
    (folder / "status.json").write_text(json.dumps({"state": "completed"}))
    point = {"threshold": 0.5, "method": "f1", "chosen_on": "val"}
    (folder / "operating_point.json").write_text(json.dumps(point))
    return folder


def make_clip(path: Path) -> Path:
    """10 s at 1280 x 720 with one person, 24 frames a second."""
    drawn = [cv2.resize(frame, (1280, 720), interpolation=cv2.INTER_CUBIC) for frame in scene(1, 90, 40)]
    grain = np.random.default_rng(0).integers(-6, 7, (8, 720, 1280, 1)).astype(np.int16)
    with av.open(str(path), "w") as output:
        stream = output.add_stream("libx264", rate=24, options={"g": "48", "preset": "veryfast"})
        stream.width, stream.height, stream.pix_fmt = 1280, 720, "yuv420p"
        for i in range(240):
            noisy = np.clip(drawn[i // 6].astype(np.int16) + grain[i % 8], 0, 255).astype(np.uint8)
            output.mux(stream.encode(av.VideoFrame.from_ndarray(noisy, format="rgb24")))
        output.mux(stream.encode(None))
    return path


class Clip(nn.Module):
    """The network over one clip, its frames as the batch that the library explains."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, frames: torch.Tensor) -> torch.Tensor:
        return self.network(frames[None], None)


def clip_against_parts(folder: Path, repeats: int) -> dict[str, Any]:
    path = make_clip(folder / "clip.mp4")
    recipe = Recipe(modality="video", frames=FRAMES, faces=True)
    run = make_run(folder / "efficientnet_lstm", "efficientnet_lstm", recipe)
    found = shared(run)
    first_verdict: list[float] = []
    whole, parts = [], []
    for k in range(repeats + 1):  # the first of each warms up
        start = time.perf_counter()

        def told(stage: str, _verdict: object, start: float = start) -> None:
            if stage == "verdict":
                first_verdict.append(time.perf_counter() - start)

        request = Request(run=str(run), explain=True, out=folder / f"maps-{k}")
        verdict = detect(path, "clip", request, told=told)
        whole.append(time.perf_counter() - start)
        assert verdict.status == "ok" and len(verdict.explanations) == FRAMES, verdict.reason
        parts.append(bare(path, found))
    names = list(parts[0])
    medians = {name: statistics.median(p[name] for p in parts[1:]) for name in names}
    total, ours = sum(medians.values()), statistics.median(whole[1:])
    return {
        "ms": {name: round(1000 * seconds, 1) for name, seconds in medians.items()},
        "bare_ms": round(1000 * total, 1),
        "ours_ms": round(1000 * ours, 1),
        "verdict_after_ms": round(1000 * statistics.median(first_verdict[1:]), 1),
        "ratio": round(ours / total, 3),
        "holds": ours <= CLIP_AT_MOST * total,
    }


def bare(path: Path, found: Detector) -> dict[str, float]:
    """Each part alone, with nothing around it."""
    seconds: dict[str, float] = {}

    def timed(name: str, call: Callable[[], Any]) -> Any:
        start = time.perf_counter()
        result = call()
        seconds[name] = time.perf_counter() - start
        return result

    images = list(timed("decode", lambda: read_frames(path, FRAMES).images))
    crops = timed("faces", lambda: faces_of(images, found.recipe))
    frames = normalised(torch.from_numpy(np.stack(crops)), found.card, found.device)
    clip = Clip(found.network)

    def scored(x: torch.Tensor) -> np.ndarray:
        with torch.no_grad():
            return clip(x).softmax(-1)[:, 1].numpy()

    timed("forward", lambda: scored(frames))

    def explained() -> np.ndarray:
        with GradCAM(model=clip, target_layers=[layer_of(found)]) as cam:
            x = frames.clone().requires_grad_(True)
            return cam(input_tensor=x, targets=[ClassifierOutputTarget(1)])

    timed("grad_cam", explained)
    timed("faithfulness", lambda: [scored(frames) for _ in range(2 + faithfulness.DRAWS)])
    return seconds


def faces_of(images: list[np.ndarray], recipe: Recipe) -> list[np.ndarray]:
    (person,) = follow(images, face_detector(recipe.face_detector), recipe.max_tracks)
    height, width = images[0].shape[:2]
    boxes = {i: square(box, recipe.face_margin, width, height) for i, box in person.boxes.items()}
    return [resized(crop(images[i], box), recipe.image_size) for i, box in sorted(boxes.items())]


def memory(folder: Path, files: int) -> dict[str, Any]:
    """The process's memory after a tenth of the files and after all, each judged and explained."""
    pictures = make_pictures(folder / "pictures", 20)
    run = make_run(folder / "mobilenet", "mobilenetv3_small", Recipe(modality="image", image_size=96))
    process, after = psutil.Process(), {}
    for k in range(files):
        request = Request(run=str(run), explain=True, out=folder / f"explained-{k % 4}")
        assert detect(pictures[k % len(pictures)], "p", request).status == "ok"
        if k + 1 in (files // 10, files):
            after[k + 1] = process.memory_info().rss / 1e6
    early, late = after[files // 10], after[files]
    return {
        "mb": {str(n): round(mb, 1) for n, mb in after.items()},
        "growth": round(late / early - 1, 4),
        "holds": late <= early * (1 + MEMORY_WITHIN),
    }


def make_pictures(folder: Path, count: int) -> list[Path]:
    """Pictures of people, 640 x 360, as JPEG."""
    folder.mkdir(exist_ok=True)
    paths = []
    for k in range(count):
        path = folder / f"{k:03d}.jpg"
        if not path.exists():
            cv2.imwrite(str(path), scene(1, 50, 1, seed=k)[0][..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 90])
        paths.append(path)
    return paths


def batch_against_bare(folder: Path, count: int) -> dict[str, Any]:
    """Pictures a second: ours with facts and verdicts, and the bare loop, in turns on the same files."""
    pictures = make_pictures(folder / "pictures", count)
    run = make_run(
        folder / "batch", "mobilenetv3_small", Recipe(modality="image", image_size=224, faces=True)
    )
    found = shared(run)
    spent = {"ours": 0.0, "bare": 0.0}
    for path in [pictures[0], *pictures]:  # the first warms both up and is not counted
        start = time.perf_counter()
        detect(path, "p", Request(run=str(run)))
        middle = time.perf_counter()
        bare_picture(path, found)
        if path is pictures[0] and not any(spent.values()):
            spent = {"ours": 1e-9, "bare": 1e-9}
            continue
        spent["ours"] += middle - start
        spent["bare"] += time.perf_counter() - middle
    rates = {name: count / seconds for name, seconds in spent.items()}
    share = rates["ours"] / rates["bare"]
    return {
        "pictures_a_second": {name: round(rate, 2) for name, rate in rates.items()},
        "share": round(share, 3),
        "holds": share >= BATCH_AT_LEAST,
    }


def bare_picture(path: Path, found: Detector) -> None:
    picture = open_image(path)
    people = follow([picture], face_detector(found.recipe.face_detector), found.recipe.max_tracks)
    height, width = picture.shape[:2]
    crops = [
        resized(
            crop(picture, square(p.boxes[0], found.recipe.face_margin, width, height)),
            found.recipe.image_size,
        )
        for p in people
    ]
    if crops:
        with torch.no_grad():
            found.network(normalised(torch.from_numpy(np.stack(crops)), found.card, found.device), None)


def words(result: dict[str, Any]) -> str:
    clip, held, batch = result["clip"], result["memory"], result["batch"]
    return "\n".join(
        [
            f"{result['cores']} cores, medians",
            "",
            "| 10 s of 720p, efficientnet_lstm, 16 frames | ms |",
            "|---|---|",
            *(f"| bare {name.replace('_', '-')} | {ms} |" for name, ms in clip["ms"].items()),
            f"| sum of the parts | {clip['bare_ms']} |",
            f"| verdict visible | {clip['verdict_after_ms']} |",
            f"| verdict, timeline and heat maps | {clip['ours_ms']} |",
            "",
            f"ratio {clip['ratio']} (at most {CLIP_AT_MOST}): {_held(clip)}",
            f"memory {held['mb']} MB, growth {held['growth']:.1%} (within {MEMORY_WITHIN:.0%}): {_held(held)}",
            f"batch {batch['pictures_a_second']} pictures/s, share {batch['share']} "
            f"(at least {BATCH_AT_LEAST}): {_held(batch)}",
        ]
    )


def _held(part: dict[str, Any]) -> str:
    return "holds" if part["holds"] else "does not hold"


if __name__ == "__main__":
    main()
