"""The sound of a file as it is shown: the envelope of the waveform, the mel spectrogram, the map over
both."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

ENVELOPE = 900  # points of the waveform as drawn
COLUMNS = 600  # of the spectrogram as drawn
MELS = 64
FFT = 1024
RANGE = 80.0  # decibels under the loudest that are shown


@dataclass(frozen=True)
class Grid:
    """The spectrogram (mels, columns) in 0..1, low tones first, with the map on the same grid or over
    time."""

    t0: float
    t1: float
    hertz: np.ndarray  # centre of each mel band
    decibels: np.ndarray
    map: np.ndarray  # (mels, columns) or (columns,); zero where nothing was explained


@dataclass(frozen=True)
class WindowMap:
    """What explains one window: (bands, columns) low tones first, or (moments,); in 0..1."""

    t0: float
    t1: float
    values: np.ndarray
    hertz: np.ndarray | None = None  # centre of each band


def picture(audio: np.ndarray, rate: int, start: float) -> dict[str, Any]:
    """Envelope and spectrogram of a recording whose first sample lies at `start` seconds of the file."""
    import librosa

    audio = np.asarray(audio, np.float32)
    duration = len(audio) / rate
    hop = max(160, -(-len(audio) // COLUMNS))
    mel = librosa.feature.melspectrogram(
        y=audio, sr=rate, n_fft=FFT, hop_length=hop, n_mels=MELS, center=True, power=2.0
    )
    decibels = librosa.power_to_db(mel, ref=np.max, top_db=RANGE)
    low, high = envelope(audio)
    return {
        "t0": start,
        "t1": start + duration,
        "rate": rate,
        "low": low,
        "high": high,
        "decibels": ((decibels + RANGE) / RANGE).astype(np.float32),
        "hertz": librosa.mel_frequencies(n_mels=MELS + 2, fmin=0.0, fmax=rate / 2)[1:-1].astype(np.float32),
    }


def envelope(audio: np.ndarray, points: int = ENVELOPE) -> tuple[np.ndarray, np.ndarray]:
    """Lowest and highest sample of each of `points` stretches."""
    if len(audio) == 0:
        return np.zeros(1, np.float32), np.zeros(1, np.float32)
    edges = np.linspace(0, len(audio), min(points, len(audio)) + 1).astype(int)[:-1]
    return np.minimum.reduceat(audio, edges), np.maximum.reduceat(audio, edges)


def with_map(sound: dict[str, Any], windows: Sequence[WindowMap]) -> dict[str, Any]:
    """The windows' maps on the recording's own grid; where windows overlap their mean."""
    rows, columns = sound["decibels"].shape
    flat = all(w.values.ndim == 1 for w in windows)
    total = np.zeros((1 if flat else rows, columns), np.float32)
    count = np.zeros(columns, np.float32)
    times = sound["t0"] + (np.arange(columns) + 0.5) * (sound["t1"] - sound["t0"]) / columns
    for window in windows:
        inside = (times >= window.t0) & (times < window.t1)
        if not inside.any() or window.t1 <= window.t0:
            continue
        values = np.atleast_2d(window.values)
        share = (times[inside] - window.t0) / (window.t1 - window.t0)
        column = np.clip((share * values.shape[1]).astype(int), 0, values.shape[1] - 1)
        total[:, inside] += values[_rows(len(total), window, sound["hertz"])][:, column]
        count[inside] += 1
    mean = total / np.maximum(count, 1)
    return {**sound, "map": mean[0] if flat else mean}


def _rows(count: int, window: WindowMap, hertz: np.ndarray) -> np.ndarray:
    """Of each row that is drawn the nearest band of the window's map."""
    bands = len(np.atleast_2d(window.values))
    if count == 1 or window.hertz is None:
        return np.clip(((np.arange(count) + 0.5) / count * bands).astype(int), 0, bands - 1)
    return np.abs(np.asarray(hertz)[:, None] - np.asarray(window.hertz)[None]).argmin(axis=1)


def between(sound: dict[str, Any], t0: float, t1: float) -> dict[str, Any]:
    """The part of a drawn recording from `t0` to `t1` seconds.

    columns  |. . . . . .|      t0 ─▶ t1 keeps |. . .|, at least one
    """
    start, end = float(sound["t0"]), float(sound["t1"])
    columns = sound["decibels"].shape[1]
    scale = columns / max(end - start, 1e-9)
    first = min(columns - 1, max(0, int((t0 - start) * scale)))
    last = min(columns, max(first + 1, round((t1 - start) * scale)))
    cut = {
        **sound,
        "decibels": sound["decibels"][:, first:last],
        "t0": start + first / scale,
        "t1": start + last / scale,
    }
    if sound.get("map") is not None:
        cut["map"] = np.asarray(sound["map"])[..., first:last]
    return cut


def grid_of(sound: dict[str, Any]) -> Grid:
    map_ = sound.get("map")
    if map_ is None:
        map_ = np.zeros(sound["decibels"].shape[1], np.float32)
    return Grid(float(sound["t0"]), float(sound["t1"]), sound["hertz"], sound["decibels"], np.asarray(map_))


def save(path: Path, sound: dict[str, Any]) -> None:
    """Arrays only, so that it is read back without unpickling."""
    with path.open("wb") as file:
        np.savez_compressed(file, **{k: np.asarray(v) for k, v in sound.items()})  # type: ignore[arg-type]


def load(path: Path) -> dict[str, Any]:
    with np.load(path, allow_pickle=False) as stored:
        found = {name: stored[name] for name in stored.files}
    return {k: v.item() if v.ndim == 0 else v for k, v in found.items()}
