"""What a file looks and sounds like before any network: statistics of its prepared frames and sound.

They separate kinds of media (another camera, format, speaker or room) where a network trained for another
purpose may see no difference. All are computed from prepared input, so training and detection agree.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import cv2
import numpy as np

FRAMES = 4  # of a clip, evenly chosen
SIDE = 256  # pixels: spectra are taken of the middle of a frame, at most this large
THUMBNAIL = 8  # pixels each way
TILE = 8  # pixels: the block of JPEG and the tile of local noise
LUMA_BANDS, CHROMA_BANDS = 16, 6
WINDOW, HOP = 512, 256  # samples
USUAL_FLOOR = 0.02  # differences in these figures that mean nothing
FLOORS = {"size": 0.05, "rate": 0.05}
FULL_RATE = 32_000  # samples a second: above, what a detector hears is the same
MOST_SECONDS = 30  # of a recording, from its middle

Blocks = dict[str, np.ndarray]


def statistics_of(prepared: Any, rate: int | None) -> Blocks:
    """Blocks of figures by name, for whatever a prepared file holds. `rate`: with which its sound came."""
    found: Blocks = {}
    if prepared.frames is not None and len(prepared.frames):
        chosen = np.unique(np.linspace(0, len(prepared.frames) - 1, FRAMES).round().astype(int))
        frames = [np.ascontiguousarray(prepared.frames[i]) for i in chosen]
        each = [picture_statistics(frame) for frame in frames]
        found |= {name: np.mean([one[name] for one in each], axis=0) for name in each[0]}
        found["size"] = _sizes(prepared)
    if prepared.audio is not None and len(prepared.audio):
        found |= sound_statistics(prepared.audio, prepared.sample_rate)
        if rate:
            found["rate"] = np.log([min(rate, FULL_RATE)])
    return found


def _sizes(prepared: Any) -> np.ndarray:
    """Logarithms of the size of the frame and of the part of it that is judged."""
    width, height = (max(1.0, float(v)) for v in prepared.frame_size)
    sides = np.abs(prepared.boxes[:, 2] - prepared.boxes[:, 0]) if len(prepared.boxes) else np.array([width])
    return np.log([width, height, max(1.0, float(np.median(sides)))])


def picture_statistics(frame: np.ndarray) -> Blocks:
    """Of one picture (H, W, 3) in RGB: its layout, spectrum, colours, noise and compression."""
    planes = cv2.cvtColor(frame, cv2.COLOR_RGB2YCrCb)
    gray = np.ascontiguousarray(planes[..., 0])
    small = cv2.resize(gray, (THUMBNAIL, THUMBNAIL), interpolation=cv2.INTER_AREA).astype(np.float64)
    return {
        "layout": ((small - small.mean()) / (small.std() + 8)).ravel(),
        "spectrum": radial_spectrum(gray, LUMA_BANDS),
        "chroma": np.concatenate([radial_spectrum(planes[..., k], CHROMA_BANDS) for k in (1, 2)]),
        "noise": np.concatenate([local_noise(gray), blockiness(gray)]),
        "colour": _colours(frame, gray),
    }


def _colours(frame: np.ndarray, gray: np.ndarray) -> np.ndarray:
    pixels = frame.reshape(-1, 3)
    saturation = cv2.cvtColor(frame, cv2.COLOR_RGB2HSV)[..., 1]
    shares = [np.mean(gray < TILE), np.mean(gray > 255 - TILE)]
    spread = [saturation.mean(), saturation.std()]
    return np.concatenate([pixels.mean(axis=0) / 64, pixels.std(axis=0) / 32, np.divide(spread, 32), shares])


def radial_spectrum(plane: np.ndarray, bands: int) -> np.ndarray:
    """Log energy by distance from the zero frequency: (bands + 1,), the last one is the corners."""
    height, width = plane.shape
    side = min(height, width, SIDE)
    top, left = (height - side) // 2, (width - side) // 2
    part = plane[top : top + side, left : left + side].astype(np.float64)
    window = np.outer(np.hanning(side), np.hanning(side))
    energy = np.abs(np.fft.rfft2((part - part.mean()) * window)) ** 2 / side**2
    distance = np.hypot(np.fft.fftfreq(side)[:, None], np.fft.rfftfreq(side)[None])
    edges = np.concatenate([[0.004], np.linspace(0.03, 0.5, bands)])
    place = np.digitize(distance.ravel(), edges)  # 0: the mean, bands + 1 at most: the corners
    counts = np.bincount(place, minlength=bands + 1)
    sums = np.bincount(place, weights=energy.ravel(), minlength=bands + 1)
    return np.log(sums[1:] / np.maximum(counts[1:], 1) + 1e-2)


def local_noise(gray: np.ndarray) -> np.ndarray:
    """Log deviation of what a blur removes, in tiles from the smoothest to the most textured; and its
    peakedness."""
    levels = gray.astype(np.float32)
    rest = levels - cv2.GaussianBlur(levels, (0, 0), 1)
    rows, columns = max(1, gray.shape[0] // TILE), max(1, gray.shape[1] // TILE)
    tiles = rest[: rows * TILE, : columns * TILE]
    if tiles.shape != (rows * TILE, columns * TILE):
        deviations = np.array([rest.std()])
    else:
        deviations = tiles.reshape(rows, TILE, columns, TILE).std(axis=(1, 3)).ravel()
    shares = np.quantile(deviations, [0.02, 0.1, 0.25, 0.5, 0.75, 0.9])
    peaked = np.mean((rest - rest.mean()) ** 4) / (float(rest.var()) ** 2 + 1e-6)
    return np.append(np.log(shares + 0.05), np.log(peaked + 1e-3))


def blockiness(gray: np.ndarray) -> np.ndarray:
    """How far one column in eight, then one row in eight, stands out by its second difference.

    |....|....|....   a grid of blocks: log of the highest of the eight places over their median
    """
    found = []
    for plane in (gray.astype(np.float32), gray.T.astype(np.float32)):
        steps = np.abs(2 * plane[:, 1:-2] - plane[:, :-3] - plane[:, 2:-1]).mean(axis=0)
        if len(steps) < 2 * TILE:
            found.append(0.0)
            continue
        places = np.log([steps[k::TILE].mean() + 0.05 for k in range(TILE)])
        found.append(float(places.max() - np.median(places)))
    return np.array(found)


def sound_statistics(audio: np.ndarray, rate: int) -> Blocks:
    """Of a recording: long-term spectrum of speech, of its quiet and loud moments, dynamics and level."""
    most = MOST_SECONDS * rate
    start = max(0, (len(audio) - most) // 2)
    sound = np.nan_to_num(audio[start : start + most].astype(np.float64))
    sound = np.pad(sound, (0, max(0, 4 * WINDOW - len(sound))))
    level = float(np.sqrt(np.mean(sound**2) + 1e-12))
    even = sound / level
    frames = np.lib.stride_tricks.sliding_window_view(even, WINDOW)[::HOP] * np.hanning(WINDOW)
    power = np.abs(np.fft.rfft(frames, axis=1)) ** 2 / WINDOW
    bands = np.log(_in_bands(power) + 1e-9)
    energy = np.log(power.mean(axis=1) + 1e-9)
    loud = energy >= np.quantile(energy, 0.3)
    flat = np.log(power[:, 1:] + 1e-9).mean(axis=1) - np.log(power[:, 1:].mean(axis=1) + 1e-9)
    quiet, high = np.quantile(energy, [0.05, 0.95])
    crossings = np.mean(np.diff(np.signbit(even).astype(int)) != 0)
    figures = [np.log(level + 1e-4), np.log(np.abs(even).max() + 1e-3), energy.std(), quiet, high - quiet]
    figures += [flat.mean(), np.log(crossings + 1e-3), np.mean(energy < energy.max() - 7)]
    return {
        "voice": bands[loud].mean(axis=0),
        "variation": bands[loud].std(axis=0),
        "floor": np.quantile(bands, 0.05, axis=0),
        "peaks": np.quantile(bands, 0.95, axis=0),
        "dynamics": np.array(figures),
        "direction": direction_of_time(energy),
    }


def direction_of_time(energy: np.ndarray) -> np.ndarray:
    """What changes its sign or its place when a recording runs backwards: speech rises fast and fades slowly.

    energy of frames, log   |\_    |\__      a few large steps up, many small ones down: above 0
    """
    found = []
    for step in (1, 2, 4):
        moved = energy[step:] - energy[:-step]
        spread = float(np.sqrt(np.mean(moved**2) + 1e-6))
        up, down = np.quantile(moved, 0.95), -np.quantile(moved, 0.05)
        found += [float(np.mean(moved**3)) / spread**3, float(up - down) / spread]
    return np.array(found)


def _in_bands(power: np.ndarray) -> np.ndarray:
    """24 bands, narrow below and equal above: (frames, bins) -> (frames, 24)."""
    low, high = np.linspace(1, 24, 9), np.linspace(24, power.shape[1], 17)[1:]
    edges = np.round(np.concatenate([low, high])).astype(int)
    return np.stack([power[:, a:b].mean(axis=1) for a, b in pairwise(edges)], axis=1)
