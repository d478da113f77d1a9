"""Parquet and tar files with small media in them, as the field distributes them."""

from __future__ import annotations

import io
import json
import tarfile
import wave
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image


def picture(seed: int, form: str = "PNG", side: int = 48) -> bytes:
    pixels = np.random.default_rng(seed).integers(0, 255, (side, side, 3), dtype=np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, form)
    return buffer.getvalue()


def recording(seed: int, seconds: float = 0.5) -> bytes:
    buffer = io.BytesIO()
    samples = np.random.default_rng(seed).integers(-9000, 9000, int(16_000 * seconds), dtype=np.int16)
    with wave.open(buffer, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16_000)
        file.writeframes(samples.tobytes())
    return buffer.getvalue()


def parquet(
    path: Path, rows: list[dict[str, Any]], group: int = 7, features: dict[str, Any] | None = None
) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    table = pa.Table.from_pylist(rows)
    if features:
        table = table.replace_schema_metadata({"huggingface": json.dumps({"info": {"features": features}})})
    pq.write_table(table, path, row_group_size=group)
    return path


def tar(path: Path, members: Iterable[tuple[str, bytes]]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    mode: Literal["w", "w:gz"] = "w" if path.suffix == ".tar" else "w:gz"
    with tarfile.open(path, mode) as archive:
        for name, data in members:
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return path


def open_fake(folder: Path, rows: int = 20) -> Path:
    """As OpenFake: data/{train,test}-*.parquet with image{bytes, path}, prompt, label, model."""
    for s, split in enumerate(("train", "test")):
        parquet(
            folder / "data" / f"{split}-00000-of-00001.parquet",
            [
                {
                    "image": {"bytes": picture(100 * s + i, "JPEG"), "path": f"{split}{i}.jpg"},
                    "prompt": f'a "cat" {i}',
                    "label": "real" if i % 2 else "fake",
                    "model": "real" if i % 2 else ("flux", "sdxl")[i // 2 % 2],
                }
                for i in range(rows)
            ],
        )
    return folder
