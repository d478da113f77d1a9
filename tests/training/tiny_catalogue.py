"""Tiny datasets for training tests: pictures that a small network can tell apart, written and catalogued here."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
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
    values = {
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
