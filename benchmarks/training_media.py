"""Pictures and talking clips for the training benchmark: made here, catalogued in a workspace of their
own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import av
import numpy as np
import pandas as pd
from PIL import Image

from core.catalog import table
from core.catalog.table import DatasetInfo
from core.workspace import Workspace

RATE = 16_000
FPS = 8


def pictures(space: Workspace, root: Path, count: int, size: int) -> str:
    rng = np.random.default_rng(0)
    for i in range(count):
        path = root / f"{i:05}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(_smooth(rng, size + 32)).save(path, quality=90)
    return _catalogued(space, root, sorted(root.iterdir()), "image", "made pictures")


def clips(space: Workspace, root: Path, count: int, size: int, frames: int) -> str:
    """Of so many frames, with sound of the same length."""
    rng = np.random.default_rng(0)
    root.mkdir(parents=True, exist_ok=True)
    for i in range(count):
        seen = [_smooth(rng, size) for _ in range(frames)]
        heard = rng.normal(0, 0.1, RATE * frames // FPS).astype(np.float32)
        _write(root / f"{i:04}.mp4", seen, heard)
    return _catalogued(space, root, sorted(root.iterdir()), "video", "made clips")


def sounds(space: Workspace, root: Path, count: int, seconds: float) -> str:
    import soundfile

    rng = np.random.default_rng(0)
    root.mkdir(parents=True, exist_ok=True)
    for i in range(count):
        soundfile.write(
            root / f"{i:04}.wav", rng.normal(0, 0.1, int(RATE * seconds)).astype(np.float32), RATE
        )
    return _catalogued(space, root, sorted(root.iterdir()), "audio", "made sounds")


def _smooth(rng: np.random.Generator, side: int) -> np.ndarray:
    pixels = rng.uniform(0, 255, (8, 8, 3)).astype(np.uint8)
    return np.asarray(Image.fromarray(pixels).resize((side, side), Image.Resampling.BICUBIC))


def _write(path: Path, seen: list[np.ndarray], heard: np.ndarray) -> None:
    with av.open(str(path), "w") as container:
        video = container.add_stream("libx264", rate=FPS, options={"preset": "ultrafast"})
        video.height, video.width = seen[0].shape[:2]
        video.pix_fmt = "yuv420p"
        audio = container.add_stream("aac", rate=RATE, layout="mono")
        for one in seen:
            container.mux(video.encode(av.VideoFrame.from_ndarray(one, format="rgb24")))
        frame = av.AudioFrame.from_ndarray(heard[None], format="fltp", layout="mono")
        frame.sample_rate = RATE
        container.mux(audio.encode(frame))
        for stream in (video, audio):
            container.mux(stream.encode())


def _catalogued(space: Workspace, root: Path, files: list[Path], modality: str, name: str) -> str:
    rows: list[dict[str, Any]] = []
    for i, path in enumerate(files):
        label, stat = i % 2, path.stat()
        rows.append(
            {
                "id": f"{name}/{path.name}",
                "path": path.name,
                "dataset": name,
                "layout": "generic",
                "modality": modality,
                "label": label,
                "method": "made" if label else None,
                "groups": [f"made-{i}"],
                "bytes": stat.st_size,
                "mtime_ns": stat.st_mtime_ns,
            }
        )
    about = DatasetInfo(name=name, layout="generic", root=str(root))
    table.save(name, pd.DataFrame(rows), about, space)
    return name
