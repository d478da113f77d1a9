"""Copies of a detector's own kind of files, as benchmarks.domain judges them: re-encoded, resized, noisy,
captured, the wrong way round."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import replace

import numpy as np
from PIL import Image

from core.media.prepare import Prepared
from core.training.scoring.evaluation.degradations import audio_codec, audio_noise

Change = Callable[[Prepared], Prepared]


def on_frames(change: Callable[[np.ndarray], np.ndarray]) -> Callable[[Prepared], Prepared]:
    def apply(prepared: Prepared) -> Prepared:
        assert prepared.frames is not None
        frames = [np.ascontiguousarray(change(np.asarray(frame))) for frame in prepared.frames]
        height, width = frames[0].shape[:2]
        boxes = np.tile([0.0, 0.0, width, height], (len(frames), 1))
        return replace(prepared, frames=frames, frame_size=(width, height), boxes=boxes)

    return apply


def on_sound(change: Callable[[np.ndarray, int], np.ndarray]) -> Callable[[Prepared], Prepared]:
    def apply(prepared: Prepared) -> Prepared:
        assert prepared.audio is not None
        return replace(prepared, audio=change(prepared.audio, prepared.sample_rate).astype(np.float32))

    return apply


def saved_as_jpeg(quality: int) -> Callable[[np.ndarray], np.ndarray]:
    def change(frame: np.ndarray) -> np.ndarray:
        file = io.BytesIO()
        Image.fromarray(frame).save(file, "JPEG", quality=quality)
        return np.asarray(Image.open(file))

    return change


def resized_to(side: int) -> Callable[[np.ndarray], np.ndarray]:
    return lambda frame: np.asarray(Image.fromarray(frame).resize((side, side), Image.Resampling.LANCZOS))


def on_a_page(frame: np.ndarray) -> np.ndarray:
    """Shown twice as large on a grey page, and captured."""
    page = np.full((720, 1280, 3), 235, np.uint8)
    shown = resized_to(512)(frame)
    page[100:612, 380:892] = shown
    return page


def with_grain(frame: np.ndarray) -> np.ndarray:
    grain = np.random.default_rng(0).normal(0, 8, frame.shape)
    return np.clip(frame + grain, 0, 255).astype(np.uint8)


PICTURE_COPIES = {
    "JPEG 70": on_frames(saved_as_jpeg(70)),
    "JPEG 25": on_frames(saved_as_jpeg(25)),
    "resized to 192": on_frames(resized_to(192)),
    "noise of 8 levels": on_frames(with_grain),
    "screenshot": on_frames(on_a_page),
    "upside down": on_frames(lambda frame: frame[::-1, ::-1]),
}
SOUND_COPIES = {
    "MP3 128 kbit/s": on_sound(lambda sound, rate: audio_codec(sound, rate, "mp3", 128)),
    "AAC 128 kbit/s": on_sound(lambda sound, rate: audio_codec(sound, rate, "aac", 128)),
    "Opus 12 kbit/s": on_sound(lambda sound, rate: audio_codec(sound, rate, "opus", 12)),
    "noise of 15 dB": on_sound(lambda sound, rate: audio_noise(sound, rate, 15, 0)),
    "played backwards": on_sound(lambda sound, rate: np.ascontiguousarray(sound[::-1])),
}
