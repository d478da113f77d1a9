"""What `python -m benchmarks.detection` judges, and the bare parts that it is held against: nothing around
them."""

from __future__ import annotations

import json
import multiprocessing
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import torch
import yaml
from torch import nn

import models
from benchmarks.media_parts import scene
from core.detection.detector import Detector, open_shared
from core.detection.explanations import faithfulness
from core.detection.views import layer_of
from core.media.faces import crop, resize, square
from core.media.faces import detector as face_detector
from core.media.images import open_image
from core.media.recipe import Recipe
from core.media.tracks import follow
from core.media.video import read_frames
from core.training.learning import best_model
from core.training.reading.inputs import crops_per_axis, network_views
from core.training.reading.tensors import normalise

FRAMES = 16


def make_run(folder: Path, model: str, recipe: Recipe) -> Path:
    """A finished run with random weights: they cost what trained ones do."""
    torch.manual_seed(0)
    network = models.create(model, pretrained=False)
    card = getattr(network, "card", None) or models.card(model)
    folder.mkdir(parents=True)
    best_model.save(folder / "best_model.pth", best_model.document(network, card, recipe, model, {}))
    (folder / "config.yaml").write_text(yaml.safe_dump({"modality": recipe.modality, "model": model}))
    (folder / "status.json").write_text(json.dumps({"state": "completed"}))
    point = {"threshold": 0.5, "method": "f1", "chosen_on": "val"}
    (folder / "operating_point.json").write_text(json.dumps(point))
    return folder


def demo_files(folder: Path, endings: tuple[str, ...], count: int) -> list[Path]:
    """Files of the demo datasets, evenly over all of them; some twice where there are not so many."""
    found = sorted(p for p in (folder / "demo").rglob("*") if p.suffix.lower() in endings)
    return [found[i * len(found) // count] for i in range(count)]


def make_clip(path: Path) -> Path:
    """10 s at 1280 x 720 with one person, 24 frames a second."""
    return write_clip(path, (1280, 720))


def write_clip(path: Path, size: tuple[int, int], seconds: int = 10) -> Path:
    """One person and the grain of a camera, 24 frames a second."""
    width, height = size
    shown = [cv2.resize(frame, size, interpolation=cv2.INTER_CUBIC) for frame in scene(1, 90, 40)]
    grain = np.random.default_rng(0).integers(-6, 7, (8, height, width, 1)).astype(np.int16)
    with av.open(str(path), "w") as output:
        stream = output.add_stream("libx264", rate=24, options={"g": "48", "preset": "veryfast"})
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        for i in range(24 * seconds):
            noisy = np.clip(shown[i // 6 % len(shown)].astype(np.int16) + grain[i % 8], 0, 255)
            output.mux(stream.encode(av.VideoFrame.from_ndarray(noisy.astype(np.uint8), format="rgb24")))
        output.mux(stream.encode(None))
    return path


def bare_clip_by_pictures(path: Path, found: Detector) -> dict[str, float]:
    """Seconds of decoding, face finding with its crops, and the passes of a network that sees single
    pictures."""
    start = time.perf_counter()
    images = list(read_frames(path, found.recipe.frames, found.recipe.sampling).images)
    decoded = time.perf_counter()
    (person,) = follow(images, face_detector(found.recipe.face_detector), found.recipe.max_tracks)
    height, width = images[0].shape[:2]
    margin = 1 / found.recipe.face_share
    faces = [crop(images[i], square(box, margin, width, height)) for i, box in sorted(person.boxes.items())]
    cut = time.perf_counter()
    views = [v for face in faces for v in network_views(face, found.recipe, crops_per_axis(len(faces)))]
    with torch.no_grad():
        for at in range(0, len(views), 16):
            rows = torch.from_numpy(np.stack(views[at : at + 16]))
            found.network(normalise(rows, found.card, found.device), None)
    end = time.perf_counter()
    return {"decode": decoded - start, "faces": cut - decoded, "passes": end - cut}


class Clip(nn.Module):
    """The network over one clip, its frames as the batch that the library explains."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, frames: torch.Tensor) -> torch.Tensor:
        return self.network(frames[None], None)


def bare_clip(path: Path, found: Detector) -> dict[str, float]:
    """Seconds of each part alone: decoding, face finding, forward, Grad-CAM, faithfulness passes."""
    from pytorch_grad_cam import GradCAM  # slow to import
    from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget

    seconds: dict[str, float] = {}

    def timed(name: str, call: Callable[[], Any]) -> Any:
        start = time.perf_counter()
        result = call()
        seconds[name] = time.perf_counter() - start
        return result

    images = list(timed("decode", lambda: read_frames(path, FRAMES).images))
    crops = timed("faces", lambda: faces_of(images, found.recipe))
    frames = normalise(torch.from_numpy(np.stack(crops)), found.card, found.device)
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
    timed("faithfulness", lambda: [scored(frames) for _ in range(1 + faithfulness.DRAWS)])
    return seconds


def faces_of(images: list[np.ndarray], recipe: Recipe) -> list[np.ndarray]:
    (person,) = follow(images, face_detector(recipe.face_detector), recipe.max_tracks)
    height, width = images[0].shape[:2]
    boxes = {i: square(box, recipe.face_margin, width, height) for i, box in person.boxes.items()}
    return [resize(crop(images[i], box), recipe.image_size) for i, box in sorted(boxes.items())]


def bare_picture(path: Path, found: Detector) -> None:
    """Decoding, face finding and the network, and nothing else."""
    picture = open_image(path)
    people = follow([picture], face_detector(found.recipe.face_detector), found.recipe.max_tracks)
    height, width = picture.shape[:2]
    boxes = [square(p.boxes[0], found.recipe.face_margin, width, height) for p in people]
    crops = [resize(crop(picture, box), found.recipe.image_size) for box in boxes]
    if crops:
        with torch.no_grad():
            found.network(normalise(torch.from_numpy(np.stack(crops)), found.card, found.device), None)


def bare_pool(pictures: list[Path], run: Path, processes: int) -> float:
    """Pictures a second of the bare loop in several processes that stand ready."""
    with multiprocessing.get_context("spawn").Pool(processes, _one_thread) as pool:
        pool.map(_bare, [(pictures[0], run)] * 2 * processes, chunksize=1)
        ends = [time.perf_counter()]
        for _ in pool.imap_unordered(_bare, [(path, run) for path in pictures], chunksize=1):
            ends.append(time.perf_counter())
    return (len(ends) - 2) / (ends[-1] - ends[1])


def _one_thread() -> None:
    torch.set_num_threads(1)


def _bare(task: tuple[Path, Path]) -> None:
    bare_picture(task[0], open_shared(task[1]))
