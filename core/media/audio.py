"""Sound of recordings and of clips: mono, resampled, loudness kept; silence trimming, windows, log-mel pictures."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import av
import av.error
import numpy as np
import soxr
from av.audio.stream import AudioStream
from av.container import InputContainer

from core.errors import MediaError
from core.media.container import open_container
from core.media.limits import Limits
from core.media.memo import decode_once

SILENCE_BELOW = 40.0  # dB under the loudest moment; what is quieter at either end is trimmed
SILENT_PEAK = 1e-4  # a recording whose loudest moment is below this (-80 dBFS) holds only silence
MARKED_PLANES = 8  # FFmpeg's own list of planes has so many places; a shorter one ends in an empty place
EDGE = 256  # samples at either end that a resampler bends
DAMAGED = "damaged: parts of the sound cannot be decoded and are left out"
CANCELLED = "its channels cancel one another out: mixed to one, nothing is left to hear"
BLOCK_SECONDS = 30.0  # resampled at a time, so that a long recording never stands in memory twice


class NoSound(MediaError):
    """The file has no sound track."""


@dataclass(frozen=True)
class Sound:
    """A decoded sound track."""

    samples: np.ndarray  # float32 (n,) mono
    rate: int  # hertz
    start: float  # seconds: when in the file's own time the first sample is heard
    notes: tuple[str, ...] = ()


def read_audio(path: Path | str, rate: int = 16_000, *, limits: Limits | None = None) -> np.ndarray:
    """The sound of a file as float32 (n,): mono (mean of the channels), resampled, not normalised."""
    return read_sound(path, rate, limits=limits).samples


def read_sound(path: Path | str, rate: int = 16_000, *, limits: Limits | None = None) -> Sound:
    path, limits = Path(path), limits or Limits.from_settings()

    def decode() -> Sound:
        with open_container(path, limits) as container:
            stream = sound_stream(container)
            if stream is None:
                raise NoSound(f"{path.name}: has no sound track")
            return _Track(path, container, stream, rate, limits).read()

    return decode_once(("sound", rate), path, lambda sound: sound.samples.nbytes, decode)


def sound_stream(container: InputContainer) -> AudioStream | None:
    """The first sound track in a codec that is known here."""
    return next((s for s in container.streams.audio if s.codec_context is not None), None)


class _Track:
    """One sound track while it is decoded, resampled block by block."""

    def __init__(
        self, path: Path, container: InputContainer, stream: AudioStream, rate: int, limits: Limits
    ) -> None:
        self.path, self.container, self.stream = path, container, stream
        self.rate, self.limits = rate, limits
        self.deadline = limits.deadline()
        self.start: float | None = None
        self.origin = (container.start_time or 0) / av.time_base  # broadcast streams do not begin at 0
        self.failures = self.successes = 0  # packets
        self.packs: tuple[str, str, int, int] | None = None  # kind of frames that `packer` packs
        self.packer: av.AudioResampler | None = None
        self.loudest = 0.0  # the widest swing in one of several channels

    def read(self) -> Sound:
        resampled: list[np.ndarray] = []
        source_rate, stream = 0, None
        length = 0
        for block, block_rate in self._blocks():
            if block_rate != source_rate:
                if stream is not None:
                    resampled.append(stream.resample_chunk(np.zeros(0, np.float32), last=True))
                source_rate = block_rate
                stream = None
                if block_rate != self.rate:
                    stream = soxr.ResampleStream(block_rate, self.rate, 1, dtype="float32", quality="HQ")
            resampled.append(block if stream is None else stream.resample_chunk(block))
            length += len(resampled[-1])
            self.limits.check_duration(self.path.name, length / self.rate)
        if stream is not None:
            resampled.append(stream.resample_chunk(np.zeros(0, np.float32), last=True))
        samples = np.concatenate(resampled) if resampled else np.zeros(0, np.float32)
        if not len(samples):
            raise MediaError(f"{self.path.name}: its sound track holds no samples that can be decoded")
        if self.failures > self.successes:  # noise looks like a compressed recording here and there
            raise MediaError(f"{self.path.name}: most of its sound cannot be decoded")
        if not np.isfinite(samples).all():
            raise MediaError(f"{self.path.name}: holds samples that are not numbers (NaN or infinite)")
        notes = [DAMAGED] if self.failures else []
        if self.loudest > 10 * SILENT_PEAK and is_silent(samples):
            notes.append(CANCELLED)
        return Sound(
            np.ascontiguousarray(samples, dtype=np.float32), self.rate, self.start or 0.0, tuple(notes)
        )

    def _blocks(self) -> Iterator[tuple[np.ndarray, int]]:
        """Mono blocks of about BLOCK_SECONDS with their rate; a new block where the rate changes."""
        waiting: list[np.ndarray] = []
        rate, length = 0, 0
        for frame in self._frames():
            if frame.sample_rate != rate or length > rate * BLOCK_SECONDS:
                if waiting:
                    yield np.concatenate(waiting), rate
                waiting, rate, length = [], frame.sample_rate, 0
            channels = self._channels(frame)
            if not channels.size:
                continue
            if len(channels) > 1:
                self.loudest = max(self.loudest, float(np.ptp(channels, axis=1).max()))
            mono = _mono(channels)
            waiting.append(mono)
            length += len(mono)
        if waiting:
            yield np.concatenate(waiting), rate

    def _channels(self, frame: av.AudioFrame) -> np.ndarray:
        """(channels, samples) in [-1, 1], of any number of channels.

        PyAV looks for the end of a planar frame's list of planes, which one of eight or more does not mark: it reads
        on and crashes. Such a frame is packed first, which changes no value.
        """
        channels = frame.layout.nb_channels
        if not frame.format.is_planar or channels < MARKED_PLANES:
            return _channels(frame)
        kind = (frame.format.name, frame.layout.name, channels, frame.sample_rate)
        if kind != self.packs:
            self.packs = kind
            self.packer = av.AudioResampler(frame.format.packed.name, frame.layout, frame.sample_rate)
        assert self.packer is not None
        packed = self.packer.resample(frame)
        return (
            np.concatenate([_channels(part) for part in packed], axis=1)
            if packed
            else np.zeros((channels, 0))
        )

    def _frames(self) -> Iterator[av.AudioFrame]:
        packets = self.container.demux(self.stream)
        while True:
            self.deadline.check(self.path.name)
            try:
                packet = next(packets, None)
            except (av.error.FFmpegError, OSError):  # the file ends in the middle of a packet
                self.failures += 1
                packet = None
            if packet is None:
                return
            try:
                frames = self.stream.codec_context.decode(packet)
            except (av.error.FFmpegError, ValueError):
                self.failures += 1
                continue
            self.successes += bool(frames)
            for frame in frames:
                if frame.samples and frame.sample_rate > 0:
                    if self.start is None:
                        self.start = max(0.0, (frame.time or 0.0) - self.origin)
                    yield frame


def _channels(frame: av.AudioFrame) -> np.ndarray:
    """(channels, samples) in [-1, 1]."""
    values = frame.to_ndarray()  # planar: (channels, samples); packed: (1, samples * channels)
    channels = frame.layout.nb_channels
    if not frame.format.is_planar:
        values = values.reshape(-1, channels).T
    return _scale(values, channels)


def _scale(values: np.ndarray, channels: int) -> np.ndarray:
    kind = values.dtype
    if kind == np.uint8:
        scaled = (values.astype(np.float32) - 128.0) / 128.0
    elif kind.kind == "i":
        scaled = (values / float(2 ** (8 * kind.itemsize - 1))).astype(
            np.float32 if channels == 1 else np.float64
        )
    else:
        scaled = values
    return scaled


def _mono(channels: np.ndarray) -> np.ndarray:
    """Mean of the channels as float32."""
    if len(channels) == 1:
        return channels[0].astype(np.float32)
    return channels.mean(axis=0, dtype=np.float64).astype(np.float32)


def trim_silence(audio: np.ndarray, top_db: float = SILENCE_BELOW) -> tuple[np.ndarray, int]:
    """Without the silence at both ends, and the samples cut in front; empty where there is only silence."""
    import librosa  # slow to import, needed here only

    if is_silent(audio):
        return audio[:0], 0
    trimmed, (start, _) = librosa.effects.trim(audio, top_db=top_db)
    return np.ascontiguousarray(trimmed), int(start)


def is_silent(audio: np.ndarray) -> bool:
    """Nothing moves. A constant offset is no sound; a resampled one swings at both ends, so these do not count."""
    edge = min(EDGE, len(audio) // 4)
    inner = audio[edge : len(audio) - edge]
    return not len(inner) or float(np.ptp(inner)) < 2 * SILENT_PEAK


def windows(
    audio: np.ndarray, rate: int, seconds: float, hop: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Overlapping windows (W, n) that cover the whole recording, with their begin and end in seconds.

    One every `hop` seconds and a last one that ends with the recording. A recording shorter than a window is
    repeated until it fills one; its times are those of the recording.
    """
    n, step = round(seconds * rate), max(1, round(hop * rate))
    if n < 1:
        raise ValueError(f"seconds ({seconds}) must be > 0")
    if not len(audio):
        raise ValueError("audio is empty")
    if len(audio) <= n:
        return tile(audio, n)[None], np.array([0.0]), np.array([len(audio) / rate])
    starts = np.arange(0, len(audio) - n, step)
    starts = np.append(starts, len(audio) - n)
    return np.stack([audio[s : s + n] for s in starts]), starts / rate, (starts + n) / rate


def tile(audio: np.ndarray, n: int) -> np.ndarray:
    return np.tile(audio, -(-n // len(audio)))[:n]
