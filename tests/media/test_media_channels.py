"""Sound of one to eight channels (and sixteen), planar and packed, in every codec that can be written here."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest

from core.media.audio import read_audio
from core.media.prepare import prepare
from core.media.recipe import Recipe

RATE = 48_000
LAYOUTS = (
    "mono",
    "stereo",
    "3.0",
    "4.0",
    "5.0",
    "5.1",
    "6.1",
    "7.1",
    "7.1(wide)",
    "octagonal",
    "hexadecagonal",
)
# codec: the sample format it takes, the ending of a file that holds it, the layouts it has
LOSSLESS = {
    "flac": ("s16", "flac", LAYOUTS[:10]),
    "pcm_s16le": ("s16", "wav", LAYOUTS),
    "pcm_f32le": ("flt", "wav", LAYOUTS),
    "wavpack": ("s16p", "wv", LAYOUTS),
    "alac": ("s16p", "m4a", (*LAYOUTS[:6], "7.1(wide)")),
}
LOSSY = {
    "aac": ("fltp", "m4a", LAYOUTS),
    "ac3": ("fltp", "ac3", LAYOUTS[:6]),
    "eac3": ("fltp", "eac3", LAYOUTS[:6]),
    "libopus": ("flt", "opus", ("mono", "stereo", "3.0", "5.0", "5.1", "6.1", "7.1")),
}


def cases(codecs: dict[str, tuple[str, str, tuple[str, ...]]]) -> list[tuple[str, str]]:
    return [(codec, layout) for codec, (_, _, layouts) in codecs.items() for layout in layouts]


def hertz(channel: int) -> int:
    return 250 * (channel + 1)


def write(folder: Path, codec: str, layout: str) -> tuple[Path, np.ndarray]:
    """A second of sound in which each channel has a tone of its own; the file and (channels, samples)."""
    kind, ending, _ = (LOSSLESS | LOSSY)[codec]
    path, channels = folder / f"sound.{ending}", av.AudioLayout(layout).nb_channels
    seconds = np.arange(RATE) / RATE
    sound = np.stack([0.3 * np.sin(2 * np.pi * hertz(k) * seconds) for k in range(channels)]).astype(
        np.float32
    )
    frame = av.AudioFrame.from_ndarray(
        np.ascontiguousarray(sound.T.reshape(1, -1)), format="flt", layout=layout
    )
    frame.rate, frame.pts = RATE, 0
    with av.open(str(path), "w") as file:
        stream = file.add_stream(codec, rate=RATE)
        stream.layout, stream.format = layout, kind
        if kind == "fltp":
            stream.bit_rate = 64_000 * channels
        stream.codec_context.open()
        cut = av.AudioResampler(kind, layout, RATE, stream.codec_context.frame_size or 1024)
        for part in (*cut.resample(frame), *cut.resample(None)):
            file.mux(stream.encode(part))
        file.mux(stream.encode(None))
    return path, sound


@pytest.mark.parametrize(("codec", "layout"), cases(LOSSLESS))
def test_lossless_sound_is_the_mean_of_its_channels(tmp_path: Path, codec: str, layout: str) -> None:
    path, sound = write(tmp_path, codec, layout)
    np.testing.assert_allclose(read_audio(path, RATE), sound.mean(axis=0), atol=1e-4)


@pytest.mark.parametrize(("codec", "layout"), cases(LOSSY))
def test_lossy_sound_holds_the_tone_of_every_channel(tmp_path: Path, codec: str, layout: str) -> None:
    path, sound = write(tmp_path, codec, layout)
    heard = read_audio(path, RATE)
    middle = heard[RATE // 4 : 3 * RATE // 4]
    loudness = np.abs(np.fft.rfft(middle * np.hanning(len(middle)))) * 4 / len(middle) * len(sound)
    tones = [float(loudness[hertz(k) // 2 - 2 : hertz(k) // 2 + 3].max()) for k in range(len(sound))]
    # A channel for low frequencies may lose its tone.
    assert sum(tone > 0.2 for tone in tones) >= len(sound) - ("1" in layout.split("(")[0])


def test_a_recording_in_seven_one_is_prepared_like_any_other(tmp_path: Path) -> None:
    path, _ = write(tmp_path, "aac", "7.1")
    made = prepare(path, Recipe(modality="audio", sample_rate=16_000))
    assert made.not_applicable is None
    assert made.audio is not None
