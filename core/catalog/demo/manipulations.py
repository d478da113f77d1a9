"""Manipulations: how a real recording becomes a fake one, each leaving the traces of its kind.

Pictures and frames are float arrays of 0..255 before they are encoded, so that real and fake go through the
same number of encodings. Each keeps the energy of the fine detail that it takes away: file size tells nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from scipy import signal

from core.catalog.demo.people import Array
from core.catalog.demo.scenes import Shot

# How seldom a fake shows all of its maker's mistakes, so
# that the first detectors reach an AUC of 0.90 to 0.97.
OF_PICTURES, OF_CLIPS, OF_TALKING, OF_SOUND = 0.7, 0.3, 1.05, 0.75
SHIFTS = 32  # places along each side from which a frame takes its noise, as those of a camera do


@dataclass(frozen=True)
class Generator:
    """A face generator: the resolution it works at and the mistakes of its upsampling and colours."""

    side: int  # pixels of the generated face
    imbalance: float  # of the phases of its transposed convolution
    tint: Array  # added, in levels
    contrast: float
    feather: float  # pixels over which the face is blended in
    reach: float  # size of the blended region
    softness: float  # of the noise that it puts in place of detail; that of a sensor has none
    kept: float  # share of what it was shown that comes through as it was


def draw_flaw(rng: np.random.Generator, power: float) -> float:
    """How much of its maker's mistakes shows in a fake, 0 (none) to 1 (all): some of every kind get past a detector.

    flaw                  0 .. 0.25   0.25 .. 0.5   0.5 .. 0.75   0.75 .. 1
    fakes, power 1.05        27 %         25 %          24 %         24 %
           power 0.3          1 %          9 %          28 %         62 %
    """
    return float(rng.random() ** power)


def draw_generator(
    rng: np.random.Generator, side: tuple[int, int] = (16, 24), reach: float = 1.0, flaw: float = 1.0
) -> Generator:
    tint = rng.normal(0, 1, 3)
    tint = tint / np.linalg.norm(tint) * rng.uniform(10, 20) * flaw
    return Generator(
        side=round(rng.integers(side[0], side[1] + 1) * (2 - flaw)),
        imbalance=float(rng.uniform(0.09, 0.14)) * flaw,
        tint=tint.astype(np.float32),
        contrast=1 + float(rng.uniform(-0.12, 0.14)) * flaw,
        feather=float(rng.uniform(0.8, 2.2)),
        reach=reach,
        softness=0.5 * flaw,
        kept=0.9 * (1 - flaw),
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
    """How much fine detail there is."""
    return float(cv2.meanStdDev(cv2.Laplacian(picture, cv2.CV_32F))[1].mean())


def regenerate(picture: Array, side: int, imbalance: float, noise: Array) -> Array:
    """The picture as a generator of `side` pixels draws it: coarse, upsampled, with noise in place of detail."""
    out = _coarse(picture, side, imbalance)
    lost = max(0.0, _detail(picture) ** 2 - _detail(out) ** 2) ** 0.5
    return (out + noise * np.float32(lost / max(_detail(noise), 1e-3))).astype(np.float32)


def _coarse(picture: Array, side: int, imbalance: float) -> Array:
    """The picture as far as the generator keeps it."""
    height, width = picture.shape[:2]
    small = cv2.resize(picture, (side, max(4, round(side * height / width))), interpolation=cv2.INTER_AREA)
    out = upsample(upsample(small, imbalance), imbalance / 2)
    return cv2.resize(out, (width, height), interpolation=cv2.INTER_LINEAR)


def _noise(rng: np.random.Generator, picture: Array, softness: float, more: int = 0) -> Array:
    """Noise for what a generator lost, as soft as it makes it; `more` pixels each way than the picture."""
    height, width = picture.shape[:2]
    noise = rng.standard_normal((height + more, width + more, 3), np.float32)
    return cv2.GaussianBlur(noise, (3, 3), max(softness, 0.05))


def swap_face(rng: np.random.Generator, target: Shot, source: Shot, how: Generator) -> Shot:
    """The source's face over the target's, frame by frame: warped, regenerated, off in colour, blended."""
    frames = target.frames.copy()
    drift, noise = rng.normal(0, 1.2, (3, 2)), _noise(rng, frames[0], how.softness, SHIFTS)
    for i, frame in enumerate(frames):
        j = i % len(source.frames)
        area = _area(frame, target.points[i], how)
        if area is None:
            continue
        aim = target.points[i][[0, 1, 5]] + drift + rng.normal(0, 0.35, (3, 2)) - [area.x, area.y]
        warp = cv2.getAffineTransform(source.points[j][[0, 1, 5]], aim.astype(np.float32))
        size = (area.mask.shape[1], area.mask.shape[0])
        face = cv2.warpAffine(source.frames[j], warp, size, borderMode=cv2.BORDER_REFLECT)
        _blend(rng, area, face, how, noise, match=True)
    return Shot(frames, target.points)


def reenact_face(rng: np.random.Generator, target: Shot, how: Generator) -> Shot:
    """The person's own face with another expression: bent around the mouth and regenerated."""
    frames = target.frames.copy()
    bend = float(rng.uniform(0.12, 0.3) * rng.choice([-1, 1]))
    noise = _noise(rng, frames[0], how.softness, SHIFTS)
    for frame, points in zip(frames, target.points, strict=True):
        area = _area(frame, points, how)
        if area is None:
            continue
        mouth = points[3:5].mean(0) - [area.x, area.y]
        face = _bent(area.pixels, mouth, float(np.linalg.norm(points[4] - points[3])), bend)
        _blend(rng, area, face, how, noise, match=False)
    return Shot(frames, target.points)


def _bent(picture: Array, centre: Array, size: float, bend: float) -> Array:
    height, width = picture.shape[:2]
    gx, gy = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    dx, dy = gx - np.float32(centre[0]), gy - np.float32(centre[1])
    weight = np.exp(-(dx**2 + dy**2) / np.float32(2 * (0.6 * size) ** 2)).astype(np.float32)
    moved = gy - (dy + np.float32(0.1 * size)) * weight * np.float32(bend)
    return cv2.remap(picture, gx, moved, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)


@dataclass(frozen=True)
class _Area:
    """The part of a frame that a manipulation changes."""

    x: int
    y: int
    pixels: Array  # a view into the frame
    mask: Array  # (height, width, 3), soft at the edge


def _area(frame: Array, points: Array, how: Generator) -> _Area | None:
    eyes, mouth = points[:2].mean(0), points[3:5].mean(0)
    middle = eyes * 0.45 + mouth * 0.55
    half = how.reach * np.array(
        [1.02 * np.linalg.norm(points[1] - points[0]), 1.12 * np.linalg.norm(mouth - eyes)]
    )
    height, width = frame.shape[:2]
    x0, y0 = (int(v) for v in np.maximum(0, middle - half - 8))
    x1, y1 = (int(v) for v in np.minimum([width, height], middle + half + 8))
    if x1 - x0 < 12 or y1 - y0 < 12:
        return None
    mask = np.zeros((y1 - y0, x1 - x0), np.float32)
    angle = float(np.degrees(np.arctan2(points[1][1] - points[0][1], points[1][0] - points[0][0])))
    at = (float(middle[0] - x0), float(middle[1] - y0))
    cv2.ellipse(mask, (at, (float(2 * half[0]), float(2 * half[1])), angle), 1.0, -1)
    mask = cv2.GaussianBlur(mask, (0, 0), how.feather)
    return _Area(x0, y0, frame[y0:y1, x0:x1], cv2.merge([mask] * 3))


def _blend(
    rng: np.random.Generator, area: _Area, face: Array, how: Generator, noise: Array, *, match: bool
) -> None:
    """Put the face into the frame; with `match` its mean colour follows the target's, off by the tint."""
    here, weight = area.pixels, area.mask[..., 0].ravel()
    weight = weight / (weight.sum() + np.float32(1e-6))
    mean = weight @ face.reshape(-1, 3)
    aim = weight @ here.reshape(-1, 3) if match else mean
    (dy, dx), (height, width) = rng.integers(0, SHIFTS, 2), face.shape[:2]
    drawn = regenerate(face, how.side, how.imbalance, noise[dy : dy + height, dx : dx + width])
    new = drawn + np.float32(how.kept) * (face - drawn)
    shift = aim + how.tint - mean * np.float32(how.contrast)
    new = cv2.transform(new, np.column_stack([np.eye(3) * how.contrast, shift]))
    new -= here
    new *= area.mask
    here += new
    np.clip(here, 0, 255, out=here)


def generate_picture(
    rng: np.random.Generator, shot: Shot, side: tuple[int, int] = (56, 80), flaw: float = 1.0
) -> Shot:
    """The whole picture drawn anew by a generator with transposed convolutions.

    Its noise is as strong as makes the file as large as the real picture's would be.
    """
    how = draw_generator(rng, side, flaw=flaw)
    picture = shot.frames[0]
    out, noise = _coarse(picture, how.side, how.imbalance * 0.5), _noise(rng, picture, how.softness)
    wanted, low, high = _measure_jpeg_bytes(picture), 0.0, 40.0
    for _ in range(7):
        level = (low + high) / 2
        low, high = (level, high) if _measure_jpeg_bytes(out + level * noise) < wanted else (low, level)
    drawn = out + np.float32(low) * noise
    drawn += np.float32(how.kept) * (picture - drawn)
    return Shot(np.clip(drawn, 0, 255).astype(np.float32)[None], shot.points)


def _measure_jpeg_bytes(picture: Array) -> int:
    return len(
        cv2.imencode(".jpg", np.clip(picture, 0, 255).astype(np.uint8), [cv2.IMWRITE_JPEG_QUALITY, 85])[1]
    )


def vocode(rng: np.random.Generator, sound: Array, rate: int, kind: str = "mel", flaw: float = 1.0) -> Array:
    """The recording through a vocoder: only a coarse spectrogram survives, the waveform is guessed from it.

    The smaller the `flaw`, the more of the fine spectrum and of the phases it keeps.

    `mel`: Griffin-Lim from a mel spectrogram; `pulse`: phases of a pulse train; `upsampled`: made at half the
    rate, its upper band a mirror of the lower, as transposed convolutions leave it.
    """
    if kind == "upsampled":
        half = signal.resample_poly(sound, 1, 2)
        half = _from_mel(rng, half, rate // 2, bands=48, rounds=3, flaw=flaw)
        mirrored = np.zeros(2 * len(half), np.float32)
        mirrored[::2] = 2 * half
        leak = signal.firwin(15, rng.uniform(0.55, 0.75))
        out = signal.lfilter(leak, [1.0], mirrored)
        n = min(len(out), len(sound))
        out = flaw * out[:n] + (1 - flaw) * sound[:n]
    elif kind == "pulse":
        out = _from_mel(rng, sound, rate, bands=40, rounds=0, flaw=flaw)
    else:
        out = _from_mel(rng, sound, rate, bands=56, rounds=int(rng.integers(2, 5)), flaw=flaw)
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


def _from_mel(
    rng: np.random.Generator, sound: Array, rate: int, *, bands: int, rounds: int, flaw: float
) -> Array:
    size, hop = 512, 128
    _, _, spectrum = signal.stft(sound, nperseg=size, noverlap=size - hop)
    filters = _mel_filters(rate, size, bands)
    spread = filters / (filters.sum(0, keepdims=True) + 1e-6)
    coarse = spread.T @ (filters @ np.abs(spectrum))
    magnitude = (flaw * coarse + (1 - flaw) * np.abs(spectrum)).astype(np.float32)
    lost = (rng.random(magnitude.shape, np.float32) - np.float32(0.5)) * np.float32(2 * np.pi * flaw)
    phase = np.exp(np.complex64(1j) * (np.angle(spectrum).astype(np.float32) + lost))
    out = signal.istft(magnitude * phase, nperseg=size, noverlap=size - hop)[1]
    for _ in range(rounds):
        _, _, again = signal.stft(out, nperseg=size, noverlap=size - hop)
        again = again[:, : magnitude.shape[1]]
        phase = again / (np.abs(again) + 1e-9)
        out = signal.istft(magnitude[:, : phase.shape[1]] * phase, nperseg=size, noverlap=size - hop)[1]
    return out.astype(np.float32)
