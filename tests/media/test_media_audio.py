"""Sound of every format against independent decoders, and what is done with it."""

from __future__ import annotations

import shutil
import struct
import subprocess
from pathlib import Path

import librosa
import numpy as np
import pytest
import soundfile

from core.errors import MediaError
from core.media.audio import (
    NoSound,
    read_audio,
    read_sound,
    trim_silence,
    windows,
)
from core.media.limits import Limits
from core.media.prepare import NO_SOUND, NO_VIDEO, SILENCE, prepare
from core.media.probe import probe
from core.media.recipe import Recipe
from tests.made_media import clip, recording, tone

RATE = 16_000
SUBTYPES = [
    "PCM_U8",
    "PCM_16",
    "PCM_24",
    "PCM_32",
    "FLOAT",
    "DOUBLE",
    "ULAW",
    "ALAW",
    "IMA_ADPCM",
    "MS_ADPCM",
    "GSM610",
]


@pytest.mark.parametrize("subtype", SUBTYPES)
@pytest.mark.parametrize("channels", [1, 2])
def test_wav_of_every_sample_format(tmp_path: Path, subtype: str, channels: int) -> None:
    if subtype == "GSM610" and channels == 2:
        pytest.skip("GSM has one channel")
    path = tmp_path / "a.wav"
    soundfile.write(path, tone(1.0, 22_050, channels).T, 22_050, subtype=subtype)
    expected, _ = soundfile.read(path, dtype="float64", always_2d=True)
    got = read_audio(path, 22_050)
    n = min(len(got), len(expected))
    assert n >= len(expected) - 1024  # block codecs pad their last block
    # Decoders of the lossy telephone codecs may round differently; plain samples are the same.
    atol = 4e-3 if subtype in ("IMA_ADPCM", "MS_ADPCM", "GSM610") else 1e-6
    np.testing.assert_allclose(got[:n], expected.mean(axis=1)[:n], atol=atol)


@pytest.mark.parametrize("name", ["a.flac", "a.ogg", "a.mp3", "a.opus", "a.aiff", "a.au", "a.caf", "a.w64"])
def test_formats_of_soundfile(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    container, subtype = {"opus": ("OGG", "OPUS"), "mp3": ("MP3", None)}.get(name[2:], (None, None))
    rate = 48_000 if name.endswith("opus") else 44_100
    soundfile.write(path, tone(2.0, rate, 2).T, rate, format=container, subtype=subtype)
    expected, _ = soundfile.read(path, dtype="float64", always_2d=True)
    got = read_audio(path, rate)
    assert abs(len(got) - len(expected)) <= 2400
    best = min(_distance(got, expected.mean(axis=1), lag) for lag in range(-2, 3))
    assert best < (5e-3 if name[2:] in ("mp3", "opus", "ogg") else 1e-6)
    assert probe(path).kind == "audio"


def _distance(a: np.ndarray, b: np.ndarray, lag: int) -> float:
    a, b = a[max(0, lag) :], b[max(0, -lag) :]
    n = min(len(a), len(b)) - 3000
    return float(np.abs(a[3000:n] - b[3000:n]).max())


@pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="needs the ffmpeg command as a reference")
@pytest.mark.parametrize(
    ("name", "codec"),
    [
        ("a.m4a", "aac"),
        ("a.mp3", "libmp3lame"),
        ("a.opus", "libopus"),
        ("a.mka", "flac"),
        ("a.m4a", "alac"),
        ("a.wv", "wavpack"),
    ],
)
def test_recordings_equal_the_ffmpeg_command(tmp_path: Path, name: str, codec: str) -> None:
    rate = 48_000
    path = recording(tmp_path / name, codec, tone(2.0, rate), rate)
    np.testing.assert_allclose(*_same_length(read_audio(path, rate), _ffmpeg(path, rate)), atol=2e-4)


@pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="needs the ffmpeg command as a reference")
@pytest.mark.parametrize(
    ("name", "codec"), [("a.mp4", "aac"), ("a.mkv", "libopus"), ("a.mov", "pcm_s16le"), ("a.avi", "mp3")]
)
def test_sound_tracks_of_clips_equal_the_ffmpeg_command(tmp_path: Path, name: str, codec: str) -> None:
    codec = {"mp3": "libmp3lame"}.get(codec, codec)
    rate = 48_000
    path = clip(
        tmp_path / name, "mpeg4", frames=30, sound=tone(1.0, rate), sound_codec=codec, sound_rate=rate
    )
    np.testing.assert_allclose(*_same_length(read_audio(path, rate), _ffmpeg(path, rate)), atol=2e-4)


def _ffmpeg(path: Path, rate: int) -> np.ndarray:
    command = ["ffmpeg", "-v", "error", "-i", str(path), "-vn", "-ac", "1", "-f", "f32le", "-"]
    return np.frombuffer(subprocess.run(command, check=True, capture_output=True).stdout, np.float32)


def _same_length(a: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    assert abs(len(a) - len(b)) <= 2048
    n = min(len(a), len(b))
    return a[:n], b[:n]


@pytest.mark.parametrize("source", [8_000, 22_050, 44_100, 48_000])
def test_resampling_equals_librosa(tmp_path: Path, source: int) -> None:
    path = tmp_path / "a.wav"
    soundfile.write(path, tone(1.5, source, 2).T, source, subtype="FLOAT")
    expected, _ = librosa.load(path, sr=RATE, mono=True)
    got = read_audio(path, RATE)
    assert abs(len(got) - len(expected)) <= 1
    n = min(len(got), len(expected))
    np.testing.assert_allclose(got[:n], expected[:n], atol=1e-5)


def test_long_recordings_are_resampled_without_seams(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.wav"
    soundfile.write(path, tone(3.0, 44_100)[0], 44_100, subtype="FLOAT")
    whole = read_audio(path, RATE)
    monkeypatch.setattr("core.media.audio.BLOCK_SECONDS", 0.1)
    np.testing.assert_allclose(read_audio(path, RATE), whole, atol=1e-5)


def test_loudness_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    soundfile.write(path, 0.01 * tone(1.0, RATE)[0], RATE, subtype="FLOAT")
    assert np.abs(read_audio(path, RATE)).max() == pytest.approx(
        0.01 * np.abs(tone(1.0, RATE)).max(), rel=1e-3
    )
    soundfile.write(path, 3 * tone(1.0, RATE)[0], RATE, subtype="FLOAT")
    assert np.abs(read_audio(path, RATE)).max() > 1.2  # a float recording may be louder than full scale


def test_a_clip_whose_sound_begins_later_says_when(tmp_path: Path) -> None:
    for begin in (0.0, 0.5):
        path = clip(tmp_path / "a.mkv", "mpeg4", frames=60, sound=tone(1.0), sound_begin=begin)
        assert read_sound(path).start == pytest.approx(begin, abs=0.05)
        prepared = prepare(path, Recipe(modality="multimodal", frames=2, trim_silence=False))
        assert prepared.audio_start == pytest.approx(begin, abs=0.05)


def test_no_sound_track(tmp_path: Path) -> None:
    path = clip(tmp_path / "a.mp4", "mpeg4", frames=5)
    with pytest.raises(NoSound, match="has no sound track"):
        read_audio(path)
    assert prepare(path, Recipe(modality="audio")).not_applicable == NO_SOUND


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_samples_that_are_not_numbers(tmp_path: Path, value: float) -> None:
    samples = tone(0.5, RATE)[0]
    samples[100] = value
    soundfile.write(tmp_path / "a.wav", samples, RATE, subtype="FLOAT")
    with pytest.raises(MediaError, match=r"not numbers \(NaN or infinite\)"):
        read_audio(tmp_path / "a.wav")


@pytest.mark.parametrize("claimed", [0, 1, 1000, 2**31, 2**32 - 1])
def test_a_wav_header_that_lies_about_its_length(tmp_path: Path, claimed: int) -> None:
    path = tmp_path / "a.wav"
    soundfile.write(path, tone(0.5, RATE)[0], RATE, subtype="PCM_16")
    data = bytearray(path.read_bytes())
    at = data.index(b"data") + 4
    data[at : at + 4] = struct.pack("<I", claimed)
    path.write_bytes(bytes(data))
    try:
        samples = read_audio(path, RATE)
    except MediaError:
        return
    assert len(samples) <= RATE // 2
    assert np.isfinite(samples).all()


def test_a_recording_longer_than_the_limit(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", tone(2.0, RATE)[0], RATE)
    with pytest.raises(MediaError, match="the limit is 1 s"):
        read_audio(tmp_path / "a.wav", limits=Limits(duration=1.0))


def test_silence_at_the_ends_is_trimmed_and_counted(tmp_path: Path) -> None:
    sound = np.concatenate([np.zeros(RATE), tone(1.0, RATE)[0], np.zeros(RATE // 2)]).astype(np.float32)
    soundfile.write(tmp_path / "a.wav", sound, RATE, subtype="FLOAT")
    trimmed = prepare(tmp_path / "a.wav", Recipe(modality="audio"))
    whole = prepare(tmp_path / "a.wav", Recipe(modality="audio", trim_silence=False))
    assert trimmed.audio is not None
    assert whole.audio is not None
    assert trimmed.audio_start == pytest.approx(1.0, abs=0.1)
    assert len(trimmed.audio) == pytest.approx(RATE, abs=0.15 * RATE)
    assert len(whole.audio) == len(sound)
    assert whole.audio_start == 0.0
    assert trimmed.duration == whole.duration == pytest.approx(2.5)


def test_silence_only_is_an_answer(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", np.zeros(RATE), RATE)
    assert prepare(tmp_path / "a.wav", Recipe(modality="audio")).not_applicable == SILENCE
    assert len(trim_silence(np.zeros(100, np.float32))[0]) == 0


@pytest.mark.parametrize("length", [10, 63_999, 64_000, 64_001, 100_000, 200_000])
def test_windows_cover_the_whole_recording(length: int) -> None:
    audio = np.arange(length, dtype=np.float32)
    cut, t0, t1 = windows(audio, RATE, 4.0, 2.0)
    assert cut.shape == (len(t0), 64_000)
    assert (t0[0], t1[-1]) == (0.0, length / RATE)
    assert (t0[1:] <= t1[:-1]).all()
    for window, begin in zip(cut, t0, strict=True):
        if length > 64_000:
            np.testing.assert_array_equal(window, audio[round(begin * RATE) :][:64_000])
    if length < 64_000:
        np.testing.assert_array_equal(cut[0], np.resize(audio, 64_000))


def test_a_clip_with_sound_gives_both(tmp_path: Path) -> None:
    path = clip(tmp_path / "a.mp4", "mpeg4", frames=30, sound=tone(1.0))
    both = prepare(path, Recipe(modality="multimodal", frames=4, image_size=32))
    assert both.frames is not None
    assert both.audio is not None
    assert len(both.frames) == 4
    assert both.not_applicable is None
    silent = prepare(clip(tmp_path / "b.mp4", "mpeg4", frames=8), Recipe(modality="multimodal", frames=4))
    assert silent.audio is None
    assert silent.not_applicable is None
    assert silent.notes == (NO_SOUND,)
    sound = prepare(recording(tmp_path / "c.wav", "pcm_s16le", tone(1.0)), Recipe(modality="multimodal"))
    assert sound.frames is None
    assert sound.notes == (NO_VIDEO,)


def test_real_speech_equals_librosa(shared_data: Path) -> None:
    for path in sorted((shared_data / "speech" / "real").glob("*.flac"))[:3]:
        expected, _ = librosa.load(path, sr=RATE)
        got = read_audio(path, RATE)
        n = min(len(got), len(expected))
        np.testing.assert_allclose(got[:n], expected[:n], atol=1e-5)
