"""The shortcut probe: how well single trivial features tell real from fake, dataset by dataset.

A detector may learn file size or leading silence instead of forgery; where one such feature alone has a high
AUC, a good score on that dataset says little.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from urllib.parse import quote

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from PIL import Image
from scipy.stats import rankdata

from core.catalog import table
from core.catalog.allocation import order_of
from core.errors import BadInput, MediaError
from core.media import shards
from core.media.audio import read_audio
from core.media.limits import Limits
from core.media.probe import probe as facts_of
from core.workspace import Workspace, workspace, write_atomic

WARN_ABOVE = 0.7
PER_CLASS = 150  # samples measured of each class
BOOTSTRAPS = 1_000
LEAST = 5  # samples of each class that an AUC needs
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


@dataclass(frozen=True)
class Feature:
    """The AUC of one feature for telling fake from real, turned so that it is at least a half."""

    name: str
    auc: float
    low: float  # 95 % bootstrap interval
    high: float
    fakes_are: str  # higher | lower
    real: int  # samples that have it
    fake: int

    @property
    def warning(self) -> bool:
        return self.auc > WARN_ABOVE


@dataclass(frozen=True)
class Probe:
    dataset: str
    real: int  # samples measured
    fake: int
    unreadable: int
    features: list[Feature]  # the most telling first

    @property
    def warnings(self) -> list[Feature]:
        return [f for f in self.features if f.warning]

    def to_dict(self) -> dict[str, object]:
        document = asdict(self)
        for row, feature in zip(document["features"], self.features, strict=True):
            row["warning"] = feature.warning
        return document


def probe(
    dataset: str,
    *,
    per_class: int = PER_CLASS,
    seed: int = 0,
    space: Workspace | None = None,
    progress: Progress | None = None,
    again: bool = False,
) -> Probe:
    """Measure a sample of the dataset's files (cached unless `again`) and rate each feature."""
    if again:
        _file(dataset, space or workspace()).unlink(missing_ok=True)
    measured = measurements(dataset, per_class=per_class, seed=seed, space=space, progress=progress)
    return _rate(dataset, measured, seed)


def probe_together(
    names: Sequence[str],
    *,
    per_class: int = PER_CLASS,
    seed: int = 0,
    space: Workspace | None = None,
    progress: Progress | None = None,
) -> Probe:
    """What tells real from fake where datasets are learned from together: what pairing fakes of one with reals of
    another gives away."""
    parts = [
        measurements(name, per_class=per_class, seed=seed, space=space, progress=progress) for name in names
    ]
    return _rate(" + ".join(names), pd.concat(parts, ignore_index=True), seed)


def _rate(dataset: str, measured: pd.DataFrame, seed: int) -> Probe:
    """Each feature's AUC over what was measured."""
    readable = measured[measured["readable"]]
    label = readable["label"].to_numpy(int)
    features = []
    for name in FEATURES:
        rated = rate(name, label, readable[name].to_numpy(float), seed)
        if rated is not None:
            features.append(rated)
    return Probe(
        dataset,
        int((label == 0).sum()),
        int((label == 1).sum()),
        int((~measured["readable"]).sum()),
        sorted(features, key=lambda f: -f.auc),
    )


def rate(name: str, label: NDArray[np.int_], values: NDArray[np.float64], seed: int = 0) -> Feature | None:
    """The feature's AUC with its interval; None where too few samples of a class have it."""
    known = np.isfinite(values)
    real, fake = values[known & (label == 0)], values[known & (label == 1)]
    if min(len(real), len(fake)) < LEAST:
        return None
    raw = float(_auc(real[None], fake[None])[0])
    rng = np.random.default_rng(seed)
    draws = _auc(
        real[rng.integers(0, len(real), (BOOTSTRAPS, len(real)))],
        fake[rng.integers(0, len(fake), (BOOTSTRAPS, len(fake)))],
    )
    if raw < 0.5:
        raw, draws = 1 - raw, 1 - draws
        fakes_are = "lower"
    else:
        fakes_are = "higher"
    low, high = np.quantile(draws, [0.025, 0.975])
    return Feature(name, raw, float(low), float(high), fakes_are, len(real), len(fake))


def _auc(real: NDArray[np.float64], fake: NDArray[np.float64]) -> NDArray[np.float64]:
    """The probability that a fake has the higher value, ties counting half; one for each row."""
    n_real, n_fake = real.shape[1], fake.shape[1]
    ranks = rankdata(np.concatenate([real, fake], axis=1), axis=1)[:, n_real:]
    return (ranks.sum(1) - n_fake * (n_fake + 1) / 2) / (n_real * n_fake)


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
            values["JPEG quality"] = jpeg_quality(path)
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


def jpeg_quality(path: Path) -> float:
    """The quality (1 to 100) whose standard luminance table is nearest to the file's; NaN for other formats."""
    try:
        with Image.open(shards.source(path)) as image:
            tables = getattr(image, "quantization", None)
    except (OSError, ValueError, SyntaxError, MediaError):
        return float("nan")
    if not tables:
        return float("nan")
    found = np.sort(np.asarray(tables[min(tables)], float))
    distances = [np.abs(np.sort(_standard_table(q)) - found).sum() for q in range(1, 101)]
    return float(1 + int(np.argmin(distances)))


# The luminance table of the JPEG standard (Annex K), which encoders scale by quality.
_LUMINANCE = np.array([
    16, 11, 10, 16, 24, 40, 51, 61, 12, 12, 14, 19, 26, 58, 60, 55, 14, 13, 16, 24, 40, 57, 69, 56, 14, 17, 22, 29,
    51, 87, 80, 62, 18, 22, 37, 56, 68, 109, 103, 77, 24, 35, 55, 64, 81, 104, 113, 92, 49, 64, 78, 87, 103, 121,
    120, 101, 72, 92, 95, 98, 112, 100, 103, 99,
], float)  # fmt: skip


def _standard_table(quality: int) -> NDArray[np.float64]:
    scale = 5000 / quality if quality < 50 else 200 - 2 * quality
    return np.clip(np.floor((_LUMINANCE * scale + 50) / 100), 1, 255)


def _key(chosen: pd.DataFrame) -> str:
    """What the measurements depend on: which files, and that they are as they were."""
    text = json.dumps(
        [FEATURES, *chosen[["id", "label", "bytes", "mtime_ns"]].astype(str).to_numpy().tolist()]
    )
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _file(dataset: str, space: Workspace) -> Path:
    return space.cache / "shortcuts" / f"{quote(dataset, safe=' ()+')}.json"


def _read(dataset: str, space: Workspace) -> tuple[str, pd.DataFrame] | None:
    try:
        document = json.loads(_file(dataset, space).read_text(encoding="utf-8"))
        frame = pd.DataFrame(document["rows"])
        numbers = ["width", "height", *FEATURES]
        frame[numbers] = frame[numbers].astype(float)
        return str(document["key"]), frame
    except (OSError, ValueError, KeyError):
        return None  # none yet, or damaged: it is made again


def _write(dataset: str, key: str, frame: pd.DataFrame, space: Workspace) -> None:
    rows = frame.astype(object).where(frame.notna(), None).to_dict("records")
    with contextlib.suppress(OSError):  # a full or read-only disk: they are measured anew next time
        write_atomic(_file(dataset, space), json.dumps({"key": key, "rows": rows}, ensure_ascii=False))
