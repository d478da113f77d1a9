"""Tiny datasets for training tests: media that a small network can tell apart, written and catalogued here."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import av
import numpy as np
import pandas as pd
import soundfile
from PIL import Image

from core.catalog import table
from core.catalog.table import DatasetInfo
from core.workspace import Workspace

SIDE = 48


def picture(label: int, rng: np.random.Generator) -> np.ndarray:
    """Real: smooth colours. Fake: the same with a fine chequerboard on it."""
    base = rng.uniform(60, 190, size=(4, 4, 3)).repeat(SIDE // 4, 0).repeat(SIDE // 4, 1)
    pixels = base + rng.normal(0, 4, size=base.shape)
    if label:
        yy, xx = np.mgrid[:SIDE, :SIDE]
        pixels += (((yy + xx) % 2) * 2 - 1)[..., None] * 14.0
    return np.clip(pixels, 0, 255).astype(np.uint8)


def row(dataset: str, path: str, label: int | None, i: int, **more: Any) -> dict[str, Any]:
    values: dict[str, Any] = {
        "id": f"{dataset}/{path}",
        "path": path,
        "dataset": dataset,
        "layout": "generic",
        "modality": "image",
        "label": label,
        "label_video": label,
        "label_audio": None,
        "method": "chequerboard" if label else None,
        "split": None,
        "groups": [f"{dataset}-person-{i}"],
        "identity": f"person-{i}",
        "text": None,
        "meta": {},
        "segments": None,
        "bytes": 1,
        "mtime_ns": 1,
    }
    return {**values, **more}


def image_set(
    space: Workspace,
    root: Path,
    *,
    real: int = 40,
    fake: int = 40,
    name: str = "tiny",
    seed: int = 0,
    shuffled: bool = False,
) -> str:
    """A catalogued dataset of pictures; with `shuffled` the labels say nothing about them."""
    rng = np.random.default_rng(seed)
    rows = []
    labels = [0] * real + [1] * fake
    for i, label in enumerate(labels):
        folder = root / name / ("fake" if label else "real")
        folder.mkdir(parents=True, exist_ok=True)
        looks = int(rng.integers(2)) if shuffled else label
        Image.fromarray(picture(looks, rng)).save(folder / f"{i:04}.png")
        rows.append(row(name, f"{folder.name}/{i:04}.png", label, i))
    save(space, root / name, name, rows)
    return name


RATE = 16_000
CLIP_SECONDS = 0.5


def sound(label: int, rng: np.random.Generator, seconds: float = CLIP_SECONDS) -> np.ndarray:
    """Real: a low tone in noise. Fake: a high one."""
    t = np.arange(round(seconds * RATE)) / RATE
    tone = np.sin(2 * np.pi * (rng.uniform(3000, 3600) if label else rng.uniform(200, 400)) * t)
    return (0.3 * tone + 0.03 * rng.standard_normal(len(t))).astype(np.float32)


def sound_set(space: Workspace, root: Path, *, real: int = 12, fake: int = 12, name: str = "sounds") -> str:
    """A catalogued dataset of recordings."""
    rng, rows = np.random.default_rng(0), []
    (root / name).mkdir(parents=True)
    for i, label in enumerate([0] * real + [1] * fake):
        soundfile.write(root / name / f"{i:03}.wav", sound(label, rng), RATE)
        rows.append(row(name, f"{i:03}.wav", label, i, modality="audio", label_video=None, label_audio=label))
    save(space, root / name, name, rows)
    return name


def clip_set(space: Workspace, root: Path, *, each: int = 4, frames: int = 4, name: str = "clips") -> str:
    """A catalogued audio-visual dataset: `each` clips of every pairing of picture and sound, real or fake."""
    rng, rows = np.random.default_rng(0), []
    (root / name).mkdir(parents=True)
    pairings = [(0, 0)] * 2 + [(0, 1), (1, 0), (1, 1)]  # as many reals as the rarest fakes twice
    for i, (seen, heard) in enumerate(pairings * each):
        write_clip(
            root / name / f"{i:03}.mp4", [picture(seen, rng) for _ in range(frames)], sound(heard, rng)
        )
        label = int(seen or heard)
        more = {"modality": "video", "label_video": seen, "label_audio": heard}
        rows.append(row(name, f"{i:03}.mp4", label, i, method="made" if label else None, **more))
    save(space, root / name, name, rows)
    return name


def silent_clip_set(
    space: Workspace, root: Path, *, real: int = 8, fake: int = 8, name: str = "silent"
) -> str:
    """A catalogued dataset of clips without a sound track."""
    rng, rows = np.random.default_rng(1), []
    (root / name).mkdir(parents=True)
    for i, label in enumerate([0] * real + [1] * fake):
        write_clip(root / name / f"{i:03}.mp4", [picture(label, rng) for _ in range(4)], None)
        rows.append(row(name, f"{i:03}.mp4", label, i, modality="video"))
    save(space, root / name, name, rows)
    return name


def write_clip(path: Path, pictures: list[np.ndarray], samples: np.ndarray | None) -> None:
    with av.open(str(path), "w") as container:
        video = container.add_stream("libx264", rate=8, options={"crf": "10", "preset": "ultrafast"})
        video.width, video.height, video.pix_fmt = SIDE, SIDE, "yuv444p"
        audio = None if samples is None else container.add_stream("aac", rate=RATE, layout="mono")
        for one in pictures:
            container.mux(video.encode(av.VideoFrame.from_ndarray(one, format="rgb24")))
        container.mux(video.encode())
        if audio is not None and samples is not None:
            frame = av.AudioFrame.from_ndarray(samples[None], format="fltp", layout="mono")
            frame.sample_rate = RATE
            container.mux(audio.encode(frame))
            container.mux(audio.encode())


def save(space: Workspace, root: Path, name: str, rows: list[dict[str, Any]]) -> None:
    table.save(name, pd.DataFrame(rows), DatasetInfo(name=name, layout="generic", root=str(root)), space)


def small(**more: Any) -> dict[str, Any]:
    """A configuration that trains in a second or two."""
    values: dict[str, Any] = {
        "modality": "image",
        "datasets": ["tiny"],
        "model": "timm:test_efficientnet",
        "image_size": 32,
        "epochs": 2,
        "batch_size": 16,
        "learning_rate": 3e-3,
        "workers": 0,
        "faces": False,
        "protocol": "group",
        "bootstrap": 50,
        "device": "cpu",
    }
    return {**values, **more}
