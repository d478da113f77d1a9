"""What media suffer on their way through the world, applied to prepared input, one function a kind.

Pictures and frames are degraded as crops at the size that the network sees; sound after trimming.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

import av
import cv2
import numpy as np

from core.media.prepare import Prepared
from core.training.augmentation.jpeg import jpeg_frame

MP3_RATES = (8000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000)
AAC_RATES = (*MP3_RATES, 64_000, 88_200, 96_000)


@dataclass(frozen=True)
class Degradation:
    kind: str
    strength: float
    touches: str  # picture | sound
    apply: Callable[[Prepared], Prepared]

    @property
    def name(self) -> str:
        return f"{self.kind} {self.strength:g}"


def degradations(modality: str, seed: int = 0) -> list[Degradation]:
    """Every degradation that touches what a detector of this modality sees, mild to strong."""
    pictures = [
        *(_picture("JPEG", q, partial(jpeg_frame, quality=q)) for q in (90, 70, 50, 30)),
        *(_picture("downscaling to", s, partial(downscale, factor=s)) for s in (0.75, 0.5, 0.25)),
        *(_picture("blur sigma", s, partial(blur, sigma=s)) for s in (0.5, 1.0, 2.0)),
        *(_picture("noise", s, partial(noise, sigma=s, seed=seed)) for s in (2, 5, 10)),
    ]
    clips = [Degradation("H.264 CRF", crf, "picture", partial(_on_clip, crf=crf)) for crf in (23, 40)]
    sounds = [
        *(_sound("MP3 kbit/s", k, partial(audio_codec, codec="mp3", kbits=k)) for k in (128, 64, 32)),
        *(_sound("AAC kbit/s", k, partial(audio_codec, codec="aac", kbits=k)) for k in (128, 64)),
        *(_sound("Opus kbit/s", k, partial(audio_codec, codec="opus", kbits=k)) for k in (64, 24, 12)),
        *(_sound("noise dB SNR", s, partial(audio_noise, snr=s, seed=seed)) for s in (30, 20, 10)),
    ]
    return {
        "image": pictures,
        "video": pictures + clips,
        "audio": sounds,
        "multimodal": pictures + clips + sounds,
    }[modality]


def _picture(kind: str, strength: float, change: Callable[[np.ndarray], np.ndarray]) -> Degradation:
    return Degradation(kind, strength, "picture", lambda prepared: _on_frames(prepared, change))


def _sound(kind: str, strength: float, change: Callable[[np.ndarray, int], np.ndarray]) -> Degradation:
    def apply(prepared: Prepared) -> Prepared:
        if prepared.audio is None or len(prepared.audio) == 0:
            return prepared
        return replace(prepared, audio=change(prepared.audio, prepared.sample_rate).astype(np.float32))

    return Degradation(kind, strength, "sound", apply)


def _on_frames(prepared: Prepared, change: Callable[[np.ndarray], np.ndarray]) -> Prepared:
    if prepared.frames is None:
        return prepared
    changed = [change(np.ascontiguousarray(frame)) for frame in prepared.frames]
    return replace(prepared, frames=np.stack(changed) if isinstance(prepared.frames, np.ndarray) else changed)


def downscale(frame: np.ndarray, factor: float) -> np.ndarray:
    height, width = frame.shape[:2]
    small = cv2.resize(
        frame, (max(1, int(width * factor)), max(1, int(height * factor))), interpolation=cv2.INTER_AREA
    )
    return cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR)


def blur(frame: np.ndarray, sigma: float) -> np.ndarray:
    return cv2.GaussianBlur(frame, (0, 0), sigma)


def noise(frame: np.ndarray, sigma: float, seed: int) -> np.ndarray:
    grain = np.random.default_rng(seed).normal(0, sigma, frame.shape)
    return np.clip(frame + grain, 0, 255).astype(np.uint8)


def _on_clip(prepared: Prepared, crf: int) -> Prepared:
    """Each person's crops as one clip through the encoder and back."""
    if prepared.frames is None:
        return prepared
    frames: list[np.ndarray] = [np.asarray(frame) for frame in prepared.frames]
    for track in np.unique(prepared.tracks):
        index = np.flatnonzero(prepared.tracks == track)
        for i, frame in zip(index, h264([frames[i] for i in index], crf), strict=False):
            frames[i] = frame
    return replace(prepared, frames=np.stack(frames) if isinstance(prepared.frames, np.ndarray) else frames)


def h264(frames: list[np.ndarray], crf: int) -> list[np.ndarray]:
    """The frames after H.264 at this CRF. Frames of several sizes are padded to the largest and cut back."""
    height = max(f.shape[0] for f in frames) + max(f.shape[0] for f in frames) % 2
    width = max(f.shape[1] for f in frames) + max(f.shape[1] for f in frames) % 2
    file = io.BytesIO()
    with av.open(file, "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=25, options={"crf": str(crf), "preset": "veryfast"})
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        for frame in frames:
            pad = ((0, height - frame.shape[0]), (0, width - frame.shape[1]), (0, 0))
            picture = av.VideoFrame.from_ndarray(np.pad(frame, pad, mode="edge"), format="rgb24")
            container.mux(stream.encode(picture))
        container.mux(stream.encode())
    file.seek(0)
    with av.open(file) as container:
        decoded = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
    return [d[: f.shape[0], : f.shape[1]] for d, f in zip(decoded, frames, strict=False)]


def audio_codec(audio: np.ndarray, rate: int, codec: str, kbits: int) -> np.ndarray:
    """The sound after a lossy codec, at the same rate and length (encoders add a delay, which is cut)."""
    back = av.AudioResampler(format="flt", layout="mono", rate=rate)
    pieces = []
    with av.open(io.BytesIO(encode_sound(audio, rate, codec, kbits))) as container:
        for decoded in container.decode(audio=0):
            pieces += [p.to_ndarray()[0] for p in back.resample(decoded)]
        pieces += [p.to_ndarray()[0] for p in back.resample(None)]
    heard = np.concatenate(pieces) if pieces else np.zeros(0, dtype=np.float32)
    return np.pad(heard, (0, max(0, len(audio) - len(heard))))[: len(audio)]


def encode_sound(audio: np.ndarray, rate: int, codec: str, kbits: int) -> bytes:
    """A whole file of this codec, in the container that it usually comes in without another."""
    encoder, container_format, codec_rate = {
        "mp3": ("libmp3lame", "mp3", next((r for r in MP3_RATES if r >= rate), MP3_RATES[-1])),
        "aac": ("aac", "adts", next((r for r in AAC_RATES if r >= rate), AAC_RATES[-1])),
        "opus": ("libopus", "ogg", 48_000),
    }[codec]
    file = io.BytesIO()
    with av.open(file, "w", format=container_format) as container:
        stream = container.add_stream(encoder, rate=codec_rate, layout="mono")
        stream.bit_rate = kbits * 1000
        samples = (np.clip(audio, -1, 1) * 32767).astype(np.int16)[None]
        frame = av.AudioFrame.from_ndarray(samples, format="s16", layout="mono")
        frame.sample_rate = rate
        resampler = av.AudioResampler(
            format=stream.codec_context.format or "s16", layout="mono", rate=codec_rate, frame_size=0
        )
        for piece in [*resampler.resample(frame), *resampler.resample(None)]:
            container.mux(stream.encode(piece))
        container.mux(stream.encode())
    return file.getvalue()


def audio_noise(audio: np.ndarray, rate: int, snr: float, seed: int) -> np.ndarray:
    power = float(np.mean(np.square(audio))) or 1e-12
    hiss = np.random.default_rng(seed).normal(0, np.sqrt(power / 10 ** (snr / 10)), len(audio))
    return np.clip(audio + hiss, -1, 1)
