"""What the shortcut probe measures of a dataset's files: sizes, durations, silence; kept in the cache."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import quote

import numpy as np
import pandas as pd

from core.catalog import table
from core.catalog.allocation import order_of
from core.errors import BadInput, MediaError
from core.media.audio import read_audio
from core.media.limits import Limits
from core.media.probe import probe as facts_of
from core.workspace import Workspace, workspace, write_atomic

PER_CLASS = 150  # samples measured of each class
QUIET = 0.01  # share of the peak (-40 dB) below which sound is silence
LONGEST = 60.0  # seconds of sound that are looked at

# What is measured, with its unit; `present` features are about the container, the others about its content.
FEATURES = {
    "file size": "bytes",
    "duration": "s",
    "resolution": "pixels",
    "aspect": "width / height",
    "bitrate": "bits/s",
    "frame rate": "1/s",
    "sample rate": "Hz",
    "JPEG quality": "1–100",
    "leading silence": "s",
    "trailing silence": "s",
    "peak level": "0–1",
}
Progress = Callable[[float, float, str], None]


def measurements(
    dataset: str,
    *,
    per_class: int = PER_CLASS,
    seed: int = 0,
    space: Workspace | None = None,
    progress: Progress | None = None,
) -> pd.DataFrame:
    """One row a measured sample: id, label, modality, split, width, height and the features (NaN where it has none)."""
    space = space or workspace()
    chosen = _choose_samples(dataset, per_class, seed, space)
    key = _key(chosen)
    cached = _read(dataset, space)
    if cached is not None and cached[0] == key:
        return cached[1]
    paths = table.absolute_paths(chosen, space)
    limits = Limits.from_settings(space)
    rows: list[dict[str, object]] = []
    with ThreadPoolExecutor(max(1, min(8, len(os.sched_getaffinity(0))))) as pool:
        results = pool.map(lambda path: _measure_file(path, limits), paths)
        for done, (row, values) in enumerate(zip(chosen.itertuples(), results, strict=True), 1):
            label = int(row.label)  # type: ignore[arg-type]
            about = {"id": row.id, "label": label, "modality": row.modality, "split": row.split}
            rows.append(about | values)
            if progress:
                progress(done, len(chosen), f"measuring {dataset}")
    frame = pd.DataFrame(rows)
    _write(dataset, key, frame, space)
    return frame


def read_cached_features(dataset: str, *, space: Workspace | None = None) -> pd.DataFrame | None:
    """What was measured of the dataset the last time, without reading a file; None where nothing was."""
    found = _read(dataset, space or workspace())
    return found[1] if found else None


def media_statistics(dataset: str, *, space: Workspace | None = None) -> dict[str, object] | None:
    """Durations and resolutions of the files that were measured the last time; None where nothing was."""
    frame = read_cached_features(dataset, space=space)
    if frame is None:
        return None
    durations = frame["duration"].dropna()
    sized = frame.dropna(subset=["width", "height"])
    sizes = (
        sized["width"].astype(int).astype(str) + "x" + sized["height"].astype(int).astype(str)
    ).value_counts()
    quantiles = {"shortest": 0.0, "low": 0.05, "median": 0.5, "high": 0.95, "longest": 1.0}
    return {
        "measured": len(frame),
        "unreadable": int((~frame["readable"]).sum()),
        "durations": {k: round(float(durations.quantile(q)), 3) for k, q in quantiles.items()}
        if len(durations)
        else None,
        "resolutions": {
            str(size): int(n)
            for size, n in sizes.sort_index().sort_values(ascending=False, kind="stable").items()
        },
    }


def _choose_samples(dataset: str, per_class: int, seed: int, space: Workspace) -> pd.DataFrame:
    samples = table.load(
        [dataset], space, ["id", "path", "dataset", "modality", "label", "split", "bytes", "mtime_ns"]
    )
    parts = []
    for label in (0, 1):
        part = samples[samples["label"] == label]
        if len(part) > per_class:
            part = part.iloc[np.argsort(order_of(list(part["id"]), seed), kind="stable")[:per_class]]
        parts.append(part)
    chosen = pd.concat(parts).sort_values("id", kind="stable").reset_index(drop=True)
    if chosen.empty:
        raise BadInput(
            f"{dataset} has no labelled samples; there is nothing that a shortcut could tell apart"
        )
    return chosen


def _measure_file(path: Path, limits: Limits) -> dict[str, object]:
    """The features of one file."""
    values: dict[str, object] = {
        "readable": True,
        "width": np.nan,
        "height": np.nan,
        **dict.fromkeys(FEATURES, np.nan),
    }
    try:
        info = facts_of(path, limits)
        values |= {
            "file size": float(info.bytes),
            "duration": _number(info.duration),
            "bitrate": _number(info.bitrate) if info.kind != "image" else np.nan,
            "frame rate": _number(info.fps),
            "sample rate": _number(info.sample_rate),
        }
        if info.width and info.height:
            values |= {"width": float(info.width), "height": float(info.height)}
            values |= {"resolution": float(info.width * info.height), "aspect": info.width / info.height}
        if info.kind == "image":
            values["JPEG quality"] = _number(info.quality)
        elif info.kind == "audio" or info.has_audio:
            values |= _sound(path, limits)
    except MediaError:
        values["readable"] = False
    return values


def _number(value: float | int | None) -> float:
    return float(value) if value is not None else float("nan")


def _sound(path: Path, limits: Limits) -> dict[str, object]:
    rate = 16_000
    audio = np.abs(read_audio(path, rate, limits=limits))
    peak = float(audio.max()) if len(audio) else 0.0
    if peak == 0:
        return {"peak level": 0.0}
    loud = np.flatnonzero(audio > QUIET * peak)
    return {
        "peak level": peak,
        "leading silence": float(min(loud[0] / rate, LONGEST)),
        "trailing silence": float(min((len(audio) - 1 - loud[-1]) / rate, LONGEST)),
    }


def _key(chosen: pd.DataFrame) -> str:
    """What the measurements depend on: which files, and that they are as they were."""
    text = json.dumps(
        [FEATURES, *chosen[["id", "label", "bytes", "mtime_ns"]].astype(str).to_numpy().tolist()]
    )
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def cache_file(dataset: str, space: Workspace) -> Path:
    return space.cache / "shortcuts" / f"{quote(dataset, safe=' ()+')}.json"


def _read(dataset: str, space: Workspace) -> tuple[str, pd.DataFrame] | None:
    try:
        document = json.loads(cache_file(dataset, space).read_text(encoding="utf-8"))
        frame = pd.DataFrame(document["rows"])
        numbers = ["width", "height", *FEATURES]
        frame[numbers] = frame[numbers].astype(float)
        return str(document["key"]), frame
    except (OSError, ValueError, KeyError):
        return None  # none yet, or damaged: it is made again


def _write(dataset: str, key: str, frame: pd.DataFrame, space: Workspace) -> None:
    rows = frame.astype(object).where(frame.notna(), None).to_dict("records")
    with contextlib.suppress(OSError):  # a full or read-only disk: they are measured anew next time
        write_atomic(cache_file(dataset, space), json.dumps({"key": key, "rows": rows}, ensure_ascii=False))
