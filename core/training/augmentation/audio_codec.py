"""A lossy codec there and back, as a message or a platform applies it: MP3, AAC, Opus, or a telephone's
μ-law."""

from __future__ import annotations

import io
import logging

import av
import numpy as np

from core.training.augmentation.base import Augmentation, same_length

log = logging.getLogger(__name__)

# encoder, container, rate that it takes, bit rates
CODECS = (
    ("libmp3lame", "mp3", 16_000, (24_000, 32_000, 64_000)),
    ("aac", "adts", 16_000, (24_000, 32_000, 64_000)),
    ("libopus", "ogg", 48_000, (12_000, 24_000, 48_000)),
)


class AudioCodec(Augmentation):
    name = "audio_codec"
    title = "Audio codecs"
    about = "MP3, AAC, Opus or telephone"
    order = 90

    def sound(
        self, sound: np.ndarray, rate: int, rng: np.random.Generator, strength: float = 1.0
    ) -> np.ndarray:
        which, bits = int(rng.integers(0, len(CODECS) + 1)), int(rng.integers(0, 3))
        if rng.random() >= 0.5 * strength or len(sound) < rate // 10:
            return sound
        if which == len(CODECS):
            return telephone(sound)
        encoder, container, own_rate, rates = CODECS[which]
        try:
            return through_codec(sound, rate, encoder, container, own_rate, rates[bits])
        except (av.FFmpegError, ValueError) as error:  # a build without this encoder
            log.warning("audio_codec: %s is not available here (%s); μ-law instead", encoder, error)
            return telephone(sound)


def telephone(sound: np.ndarray) -> np.ndarray:
    """Eight bits μ-law."""
    mu = 255.0
    squeezed = np.sign(sound) * np.log1p(mu * np.abs(sound)) / np.log1p(mu)
    stepped = np.rint(squeezed * 127) / 127
    return (np.sign(stepped) * (np.power(1 + mu, np.abs(stepped)) - 1) / mu).astype(np.float32)


def through_codec(
    sound: np.ndarray, rate: int, encoder: str, container: str, own_rate: int, bit_rate: int
) -> np.ndarray:
    """Encoded and decoded in memory, at the sound's own rate and length, without the codec's delay."""
    packed = _encode(sound, rate, encoder, container, own_rate, bit_rate)
    decoded = _decode(packed, rate)
    delay = _delay(sound, decoded, rate)
    return np.clip(same_length(decoded[delay:], len(sound)), -1, 1).astype(np.float32)


def _encode(
    sound: np.ndarray, rate: int, encoder: str, container: str, own_rate: int, bit_rate: int
) -> io.BytesIO:
    packed = io.BytesIO()
    with av.open(packed, "w", format=container) as out:
        stream = out.add_stream(encoder, rate=own_rate, layout="mono")
        stream.bit_rate = bit_rate
        resampler = av.AudioResampler(stream.format or "fltp", "mono", own_rate)
        frame = av.AudioFrame.from_ndarray(
            np.ascontiguousarray(sound[None], np.float32), format="fltp", layout="mono"
        )
        frame.sample_rate = rate
        for part in (*resampler.resample(frame), *resampler.resample(None)):
            out.mux(stream.encode(part))
        out.mux(stream.encode(None))
    packed.seek(0)
    return packed


def _decode(packed: io.BytesIO, rate: int) -> np.ndarray:
    with av.open(packed) as source:
        resampler = av.AudioResampler("fltp", "mono", rate)
        parts = [f.to_ndarray()[0] for frame in source.decode(audio=0) for f in resampler.resample(frame)]
        parts += [f.to_ndarray()[0] for f in resampler.resample(None)]
    if not parts:
        raise ValueError("the codec gave nothing back")
    return np.concatenate(parts)


def _delay(sound: np.ndarray, decoded: np.ndarray, rate: int) -> int:
    """How many samples the codec is late, by the peak of the correlation within a tenth of a second."""
    reach = rate // 10
    n = min(len(sound), len(decoded), rate)
    size = 1 << (2 * n - 1).bit_length()
    product = np.fft.rfft(decoded[:n], size) * np.conj(np.fft.rfft(sound[:n], size))
    return int(np.argmax(np.fft.irfft(product, size)[:reach]))
