"""Manipulations: how a real recording becomes a fake one, each leaving the traces of its kind.

Pictures and frames are float arrays of 0..255 before they are encoded, so that real and fake go through the
same number of encodings. Each keeps the energy of the fine detail that it takes away: file size tells nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from scipy import signal

from core.catalog.demo.faces import Array
from core.catalog.demo.scenes import Shot


@dataclass(frozen=True)
class Generator:
    """A face generator: the resolution it works at and the mistakes of its upsampling and colours."""

    side: int  # pixels of the generated face
    imbalance: float  # of the phases of its transposed convolution
    tint: Array  # added, in levels
    contrast: float
    feather: float  # pixels over which the face is blended in
    reach: float  # size of the blended region


def draw_generator(
    rng: np.random.Generator, side: tuple[int, int] = (16, 24), reach: float = 1.0
) -> Generator:
    tint = rng.normal(0, 1, 3)
    tint = tint / np.linalg.norm(tint) * rng.uniform(10, 20)
    return Generator(
        side=int(rng.integers(side[0], side[1] + 1)),
        imbalance=float(rng.uniform(0.09, 0.14)),
        tint=tint.astype(np.float32),
        contrast=float(rng.uniform(0.88, 1.14)),
        feather=float(rng.uniform(0.8, 2.2)),
        reach=reach,
    )


def upsample(picture: Array, imbalance: float) -> Array:
    """Twice the size by a transposed convolution whose phases do not weigh the same: a checkerboard stays."""
    picture = cv2.copyMakeBorder(picture, 2, 2, 2, 2, cv2.BORDER_REPLICATE)
    height, width = picture.shape[:2]
    wide = np.zeros((2 * height, 2 * width, 3), np.float32)
    wide[::2, ::2] = picture
    kernel = np.array([0.25, 0.75, 0.75, 0.25], np.float32)
    kernel[0::2] *= 1 + imbalance
    kernel[1::2] *= 1 - imbalance
    return cv2.sepFilter2D(wide, -1, kernel, kernel, anchor=(2, 2))[4:-4, 4:-4]


def _detail(picture: Array) -> float:
    return float((picture - cv2.GaussianBlur(picture, (0, 0), 1.2)).std())


def regenerate(rng: np.random.Generator, picture: Array, side: int, imbalance: float) -> Array:
    """The picture as a generator of `side` pixels draws it: coarse, upsampled, with noise in place of detail."""
    height, width = picture.shape[:2]
    small = cv2.resize(picture, (side, max(4, round(side * height / width))), interpolation=cv2.INTER_AREA)
    out = upsample(small, imbalance)
    noise = cv2.resize(rng.standard_normal(out.shape).astype(np.float32), (width, height))
    out = cv2.resize(upsample(out, imbalance / 2), (width, height), interpolation=cv2.INTER_LINEAR)
    lost = max(0.0, _detail(picture) ** 2 - _detail(out) ** 2) ** 0.5
    return (out + noise * np.float32(lost / max(_detail(noise), 1e-3))).astype(np.float32)


def swap_face(rng: np.random.Generator, target: Shot, source: Shot, how: Generator) -> Shot:
    """The source's face over the target's, frame by frame: warped, regenerated, off in colour, blended."""
    frames = np.empty_like(target.frames)
    drift = rng.normal(0, 1.2, (3, 2))
    for i in range(len(target.frames)):
        j = i % len(source.frames)
        aim = target.points[i][[0, 1, 5]] + drift + rng.normal(0, 0.35, (3, 2))
        warp = cv2.getAffineTransform(source.points[j][[0, 1, 5]], aim.astype(np.float32))
        size = (target.frames.shape[2], target.frames.shape[1])
        face = cv2.warpAffine(source.frames[j], warp, size, borderMode=cv2.BORDER_REFLECT)
        frames[i] = _blend(rng, target.frames[i], face, target.points[i], how, match=True)
    return Shot(frames, target.points)


def reenact_face(rng: np.random.Generator, target: Shot, how: Generator, *, mouth_only: bool = False) -> Shot:
    """The person's own face with another expression: bent around the mouth and regenerated."""
    frames = np.empty_like(target.frames)
    bend = rng.uniform(0.12, 0.3) * rng.choice([-1, 1])
    for i in range(len(target.frames)):
        points = target.points[i]
        centre = points[3:5].mean(0) if mouth_only else points[:5].mean(0)
        face = _bent(
            target.frames[i], points[3:5].mean(0), float(np.linalg.norm(points[4] - points[3])), float(bend)
        )
        frames[i] = _blend(
            rng, target.frames[i], face, points, how, match=False, centre=centre, mouth_only=mouth_only
        )
    return Shot(frames, target.points)


def _bent(picture: Array, centre: Array, size: float, bend: float) -> Array:
    height, width = picture.shape[:2]
    gx, gy = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    dx, dy = gx - centre[0], gy - centre[1]
    weight = np.exp(-(dx**2 + dy**2) / np.float32(2 * (0.6 * size) ** 2)).astype(np.float32)
    return cv2.remap(
        picture,
        gx,
        gy - dy * weight * np.float32(bend) - np.float32(0.1 * size * bend) * weight,
        cv2.INTER_LINEAR,
    )


def _blend(
    rng: np.random.Generator,
    frame: Array,
    face: Array,
    points: Array,
    how: Generator,
    *,
    match: bool,
    centre: Array | None = None,
    mouth_only: bool = False,
) -> Array:
    eyes, mouth = points[:2].mean(0), points[3:5].mean(0)
    between = float(np.linalg.norm(points[1] - points[0]))
    tall = float(np.linalg.norm(mouth - eyes))
    middle = centre if centre is not None else (eyes * 0.45 + mouth * 0.55)
    axes = (0.85 * between, 0.55 * tall) if mouth_only else (1.02 * between, 1.12 * tall)
    axes = (axes[0] * how.reach, axes[1] * how.reach)
    height, width = frame.shape[:2]
    x0, x1 = max(0, int(middle[0] - axes[0] - 8)), min(width, int(middle[0] + axes[0] + 8))
    y0, y1 = max(0, int(middle[1] - axes[1] - 8)), min(height, int(middle[1] + axes[1] + 8))
    if x1 - x0 < 12 or y1 - y0 < 12:
        return frame.copy()
    mask = np.zeros((y1 - y0, x1 - x0), np.float32)
    angle = float(np.degrees(np.arctan2(*(points[1] - points[0])[::-1])))
    at = (float(middle[0] - x0), float(middle[1] - y0))
    cv2.ellipse(mask, (at, (2 * axes[0], 2 * axes[1]), angle), 1.0, -1)
    mask = cv2.GaussianBlur(mask, (0, 0), how.feather)[..., None]
    here, new = frame[y0:y1, x0:x1], face[y0:y1, x0:x1]
    weight = mask / (mask.sum() + 1e-6)
    here_mean, new_mean = (here * weight).sum((0, 1)), (new * weight).sum((0, 1))
    new = regenerate(rng, new, how.side, how.imbalance)
    aim = here_mean if match else new_mean
    new = (new - new_mean) * np.float32(how.contrast) + aim + how.tint
    out = frame.copy()
    out[y0:y1, x0:x1] = np.clip(here + mask * (new - here), 0, 255)
    return out


def generate_picture(rng: np.random.Generator, shot: Shot, side: tuple[int, int] = (56, 80)) -> Shot:
    """The whole picture drawn anew by a generator with transposed convolutions."""
    how = draw_generator(rng, side)
    picture = regenerate(rng, shot.frames[0], how.side, how.imbalance)
    return Shot(np.clip(picture, 0, 255)[None], shot.points)


def vocode(rng: np.random.Generator, sound: Array, rate: int, kind: str = "mel") -> Array:
    """The recording through a vocoder: only a coarse spectrogram survives, the waveform is guessed from it.

    `mel`: Griffin-Lim from a mel spectrogram; `pulse`: phases of a pulse train; `upsampled`: made at half the
    rate, its upper band a mirror of the lower, as transposed convolutions leave it.
    """
    if kind == "upsampled":
        half = signal.resample_poly(sound, 1, 2)
        half = _from_mel(rng, half, rate // 2, bands=48, rounds=3)
        mirrored = np.zeros(2 * len(half), np.float32)
        mirrored[::2] = 2 * half
        leak = signal.firwin(15, rng.uniform(0.55, 0.75))
        out = signal.lfilter(leak, [1.0], mirrored)
    elif kind == "pulse":
        out = _from_mel(rng, sound, rate, bands=40, rounds=0)
    else:
        out = _from_mel(rng, sound, rate, bands=56, rounds=int(rng.integers(2, 5)))
    out = np.pad(out, (0, max(0, len(sound) - len(out))))[: len(sound)]
    return (out * (sound.std() / (out.std() + 1e-9))).astype(np.float32)


def _mel_filters(rate: int, size: int, bands: int) -> Array:
    def mel(f: float | Array) -> Array:
        return np.asarray(2595 * np.log10(1 + np.asarray(f) / 700), np.float32)

    edges = 700 * (10 ** (np.linspace(mel(30.0), mel(rate / 2), bands + 2) / 2595) - 1)
    grid = np.fft.rfftfreq(size, 1 / rate)[None]
    rise = (grid - edges[:-2, None]) / (edges[1:-1] - edges[:-2])[:, None]
    fall = (edges[2:, None] - grid) / (edges[2:] - edges[1:-1])[:, None]
    filters = np.maximum(0, np.minimum(rise, fall))
    return (filters / (filters.sum(1, keepdims=True) + 1e-9)).astype(np.float32)


def _from_mel(rng: np.random.Generator, sound: Array, rate: int, *, bands: int, rounds: int) -> Array:
    size, hop = 512, 128
    _, _, spectrum = signal.stft(sound, nperseg=size, noverlap=size - hop)
    filters = _mel_filters(rate, size, bands)
    spread = filters / (filters.sum(0, keepdims=True) + 1e-6)
    magnitude = (spread.T @ (filters @ np.abs(spectrum))).astype(np.float32)
    phase = np.exp(2j * np.pi * rng.random(magnitude.shape)).astype(np.complex64)
    out = signal.istft(magnitude * phase, nperseg=size, noverlap=size - hop)[1]
    for _ in range(rounds):
        _, _, again = signal.stft(out, nperseg=size, noverlap=size - hop)
        again = again[:, : magnitude.shape[1]]
        phase = again / (np.abs(again) + 1e-9)
        out = signal.istft(magnitude[:, : phase.shape[1]] * phase, nperseg=size, noverlap=size - hop)[1]
    return out.astype(np.float32)
