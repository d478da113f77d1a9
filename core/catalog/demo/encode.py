"""Writing demo media: every file of a dataset, real or fake, goes through the same encoder with settings drawn alike."""

from __future__ import annotations

import io
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import soundfile

from core.catalog.demo.people import Array
from core.catalog.demo.scenes import Shot


def picture(path: Path, shot: Shot, quality: int, side: int | None = None) -> None:
    image = cv2.convertScaleAbs(shot.frames[0])
    if side is not None and side != image.shape[0]:
        image = cv2.resize(image, (side, side), interpolation=cv2.INTER_AREA)
    options = [cv2.IMWRITE_JPEG_QUALITY, quality] if path.suffix == ".jpg" else []
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(cv2.imencode(path.suffix, image[..., ::-1], options)[1].tobytes())


def clip(
    path: Path, shot: Shot, fps: int, quality: int, sound: Array | None = None, rate: int = 16_000
) -> None:
    """H.264 at constant quality, with an AAC track where there is sound."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(path), "w", format="mp4") as container:
        stream = container.add_stream("h264", rate=Fraction(fps))
        stream.height, stream.width = shot.frames.shape[1:3]
        stream.pix_fmt = "yuv420p"
        stream.codec_context.thread_count = 1
        stream.options = {"crf": str(quality), "preset": "ultrafast"}
        track = None
        if sound is not None:
            track = container.add_stream("aac", rate=rate, layout="mono")
            track.bit_rate = 64_000
            track.options = {"aac_coder": "fast"}
        for image in map(cv2.convertScaleAbs, shot.frames):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="rgb24")))
        container.mux(stream.encode())
        if track is not None and sound is not None:
            _mux_sound(container, track, sound, rate)


def _mux_sound(
    container: av.container.OutputContainer, track: av.AudioStream, sound: Array, rate: int
) -> None:
    samples = np.clip(sound, -1, 1).astype(np.float32)
    for begin in range(0, len(samples), 1024):
        frame = av.AudioFrame.from_ndarray(samples[None, begin : begin + 1024], format="fltp", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = rate, begin, Fraction(1, rate)
        container.mux(track.encode(frame))
    container.mux(track.encode())


def recording(path: Path, sound: Array, rate: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    coded = io.BytesIO()  # a file by itself would wait for the disk
    soundfile.write(coded, np.clip(sound, -1, 1), rate, subtype="PCM_16", format=path.suffix[1:].upper())
    path.write_bytes(coded.getvalue())
