"""What a file looks and sounds like in a few bytes: perceptual hashes of its pictures, and words of its sound."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
import soxr
from numpy.typing import NDArray

from core.errors import MediaError
from core.media.audio import read_audio
from core.media.images import open_image
from core.media.limits import Limits
from core.media.video import read_frames

FRAMES, SAMPLING = 3, "fast"  # of a clip
WORD_SECONDS = 0.032  # between the words of a sound
SOUND_RATE = 8_000
READ_RATE = 16_000


@dataclass(frozen=True)
class Fingerprint:
    """What a file looks and sounds like; empty arrays where it has no pictures or no sound."""

    pictures: NDArray[np.uint64]  # (frames,) perceptual hashes
    thumbnails: NDArray[np.uint8] = field(default_factory=lambda: np.zeros((0, 16, 16), np.uint8))
    sound: NDArray[np.uint32] = field(default_factory=lambda: np.zeros(0, np.uint32))  # (words,)


def perceptual(path: Path, modality: str, limits: Limits | None = None) -> Fingerprint:
    """The fingerprint of a picture, a clip (frames and sound) or a recording."""
    if modality == "audio":
        return Fingerprint(np.zeros(0, np.uint64), sound=_words_of(path, limits))
    if modality == "image":
        images = [open_image(path, limits)]
    else:
        images = list(read_frames(path, FRAMES, "fast", limits=limits).images)
    small = [
        cv2.resize(cv2.cvtColor(i, cv2.COLOR_RGB2GRAY), (32, 32), interpolation=cv2.INTER_AREA)
        for i in images
    ]
    thumbnails = np.stack([cv2.resize(s, (16, 16), interpolation=cv2.INTER_AREA) for s in small])
    sound = np.zeros(0, np.uint32)
    if modality == "video":
        try:
            sound = _words_of(path, limits)
        except MediaError:
            sound = np.zeros(0, np.uint32)  # a clip without a sound track
    return Fingerprint(np.array([picture_hash(s) for s in small], np.uint64), thumbnails, sound)


def _words_of(path: Path, limits: Limits | None) -> NDArray[np.uint32]:
    """From the sound at the rate that most recipes ask for, so that one decoding does for both."""
    sound = read_audio(path, READ_RATE, limits=limits)
    return sound_words(soxr.resample(sound, READ_RATE, SOUND_RATE))


def picture_hash(small: NDArray[np.uint8]) -> int:
    """64 bits of a 32 x 32 grey picture: which of its 8 x 8 lowest frequencies lie above their median."""
    spectrum = cv2.dct(small.astype(np.float32))[:8, :8].ravel()
    bits = spectrum > np.median(spectrum[1:])
    bits[0] = False  # brightness says nothing
    return int(np.packbits(bits).view(">u8")[0])


def sound_words(audio: NDArray[np.float32], rate: int = SOUND_RATE) -> NDArray[np.uint32]:
    """32-bit words, one each 32 ms: whether the energy of 33 bands rises over frequency and time.

    After Haitsma and Kalker (2002): it survives codecs, levels and small cuts.
    """
    size, hop = int(0.256 * rate), int(WORD_SECONDS * rate)
    if len(audio) < size + hop or not np.any(audio):
        return np.zeros(0, np.uint32)
    frames = np.lib.stride_tricks.sliding_window_view(audio, size)[::hop]
    hann = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(size) / size)
    power = np.abs(np.fft.rfft(frames * hann, axis=1)) ** 2
    edges = np.geomspace(250, 3_600, 34) * size / rate
    bands = np.add.reduceat(power, edges.astype(int), axis=1)[:, :33]
    over_frequency = np.diff(bands, axis=1)
    bits = np.diff(over_frequency, axis=0) > 0
    return np.packbits(bits, axis=1).view(">u4").ravel().astype(np.uint32)
