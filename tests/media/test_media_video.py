"""Frames of clips in every container and codec: the numbers drawn into them say whether they are the right ones."""

from __future__ import annotations

import io
import shutil
import subprocess
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from core.errors import MediaError
from core.media import browser
from core.media.limits import Limits
from core.media.packets import NoVideo
from core.media.probe import probe
from core.media.video import MODES, read_frames
from tests.made_media import clip, declare_duration, evenly, number_of, tone

QUIET = {"x265-params": "log-level=none"}
# Alternate references are packets that show nothing.
HIDDEN = {"auto-alt-ref": "1", "lag-in-frames": "16", "deadline": "good", "cpu-used": "5"}
KINDS = {
    "h264.mp4": ("libx264", {}),
    "h264.mov": ("libx264", {}),
    "h264.mkv": ("libx264", {}),
    "h264.avi": ("libx264", {}),
    "h264.ts": ("libx264", {}),
    "h264_open.mp4": ("libx264", {"x264-params": "open-gop=1:bframes=4:b-pyramid=normal"}),
    "h264_plain.mp4": ("libx264", {"bf": "0"}),
    "hevc.mp4": ("libx265", QUIET),
    "hevc.mkv": ("libx265", QUIET),
    "hevc_layers.mp4": ("libx265", {"x265-params": "log-level=none:temporal-layers=3:bframes=4"}),
    "hevc_open.mp4": ("libx265", {"x265-params": "log-level=none:open-gop=1:bframes=4"}),
    "vp9.webm": ("libvpx-vp9", {"deadline": "realtime", "cpu-used": "8"}),
    "vp9_hidden.webm": ("libvpx-vp9", HIDDEN),
    "vp8_hidden.webm": ("libvpx", HIDDEN),
    "vp8.webm": ("libvpx", {"deadline": "realtime", "cpu-used": "8"}),
    "av1.mp4": ("libsvtav1", {"preset": "12"}),
    "av1.webm": ("libsvtav1", {"preset": "12"}),
    "mpeg4.avi": ("mpeg4", {"bf": "2"}),
    "mpeg4.mp4": ("mpeg4", {"bf": "2"}),
    "mpeg2.mpg": ("mpeg2video", {"bf": "2"}),
    "mjpeg.avi": ("mjpeg", {}),
}
FRAMES = 50


@pytest.fixture(scope="session")
def clips(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """One clip of every kind, made once."""
    folder = tmp_path_factory.mktemp("clips")
    made = {}
    for name, (codec, options) in KINDS.items():
        pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"
        made[name] = clip(folder / name, codec, frames=FRAMES, options=options, pix_fmt=pix_fmt)
    return made


def decoded_in_order(path: Path) -> list[av.VideoFrame]:
    """The independent reference: every frame, read from the first to the last."""
    with av.open(str(path)) as container:
        return list(container.decode(video=0))


@pytest.mark.parametrize("name", KINDS)
class TestEveryKind:
    @pytest.mark.parametrize("n", [1, 2, 5, 16])
    def test_exact_gives_the_evenly_spaced_frames(self, clips: dict[str, Path], name: str, n: int) -> None:
        frames = read_frames(clips[name], n)
        assert [number_of(image) for image in frames.images] == evenly(FRAMES, n)
        assert frames.indices.tolist() == evenly(FRAMES, n)
        assert frames.total == FRAMES
        assert frames.notes == ()

    def test_pictures_and_times_equal_reading_in_order(self, clips: dict[str, Path], name: str) -> None:
        every = decoded_in_order(clips[name])
        frames = read_frames(clips[name], 7)
        for index, image in zip(frames.indices, frames.images, strict=True):
            np.testing.assert_array_equal(image, every[index].to_ndarray(format="rgb24"))
        if name != "h264.avi":  # there the times of the frames are those of decoding, not of showing
            times = np.array([frame.time for frame in every])
            np.testing.assert_allclose(frames.times, (times - times[0])[frames.indices], atol=1e-6)
        else:
            np.testing.assert_allclose(frames.times, frames.indices / 30, atol=1e-6)

    def test_fast_stays_within_half_a_step(self, clips: dict[str, Path], name: str) -> None:
        frames = read_frames(clips[name], 6, "fast")
        step = (FRAMES - 1) / 5
        numbers = [number_of(image) for image in frames.images]
        assert numbers == frames.indices.tolist()
        assert len(numbers) == 6
        for i, number in enumerate(numbers):
            assert abs(number - i * step) <= step / 2 + 1

    def test_nothing_is_decoded_twice(
        self, clips: dict[str, Path], name: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The plan gives every wanted frame; reading through again is for damaged and untimed clips."""
        if name in ("h264.avi", "vp8_hidden.webm"):
            pytest.skip("its packets do not say when, or whether, their frames are shown")

        def again(self: object, n: int) -> None:
            raise AssertionError("read through again")

        monkeypatch.setattr("core.media.video._Clip._read_through", again)
        for n in (1, 3, 5, 16):
            for mode in MODES:
                assert len(read_frames(clips[name], n, mode).images) == n

    def test_probe_says_what_it_is(self, clips: dict[str, Path], name: str) -> None:
        info = probe(clips[name])
        assert (info.kind, info.width, info.height) == ("video", 320, 240)
        assert info.codec == {"mpeg2": "mpeg2video"}.get(name.split(".")[0], name.split(".")[0].split("_")[0])
        assert info.duration == pytest.approx(FRAMES / 30, abs=0.15)
        assert info.fps == pytest.approx(30, rel=0.1)


def test_fast_takes_key_frames_where_there_are_many(tmp_path: Path) -> None:
    frames = read_frames(clip(tmp_path / "a.mp4", frames=121, gop=4), 16, "fast")
    assert all(index % 4 == 0 for index in frames.indices[1:-1])


@pytest.mark.parametrize("mode", MODES)
def test_large_tracks_are_read_by_seeking(
    clips: dict[str, Path], mode: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in KINDS:
        kept = read_frames(clips[name], 6, mode)
        with monkeypatch.context() as patch:
            patch.setattr("core.media.packets.KEEP_BYTES", 0)
            patch.setattr("core.media.packets.JUMP_FROM", 1)
            sought = read_frames(clips[name], 6, mode)
        assert sought.indices.tolist() == kept.indices.tolist(), name
        np.testing.assert_array_equal(np.stack(list(sought.images)), np.stack(list(kept.images)))


def test_variable_frame_rate_is_spread_over_time(tmp_path: Path) -> None:
    rng = np.random.default_rng(4)
    times = np.cumsum(rng.choice([1 / 60, 1 / 30, 1 / 4], 60))
    times -= times[0]
    frames = read_frames(clip(tmp_path / "a.mp4", frames=60, times=list(times)), 9)
    on_screen = [max(i for i in range(60) if times[i] <= t + 1e-4) for t in np.linspace(0, times[-1], 9)]
    assert [number_of(image) for image in frames.images] == sorted(set(on_screen))
    np.testing.assert_allclose(frames.times, times[frames.indices], atol=1e-4)


@pytest.mark.parametrize("rotation", [90, 180, -90])
def test_rotation_flags_turn_the_frames(tmp_path: Path, rotation: int) -> None:
    path = clip(tmp_path / "a.mp4", frames=3, rotation=rotation)
    image = read_frames(path, 1).images[0]
    stored = decoded_in_order(path)[0].to_ndarray(format="rgb24")
    assert image.shape == ((320, 240, 3) if rotation % 180 else (240, 320, 3))
    np.testing.assert_array_equal(image, np.rot90(stored, rotation // 90))
    info = probe(path)
    assert (info.width, info.height) == (image.shape[1], image.shape[0])


@pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="needs the ffmpeg command as a reference")
@pytest.mark.parametrize("rotation", [90, 180, -90])
def test_rotation_is_that_of_a_player(tmp_path: Path, rotation: int) -> None:
    path = clip(tmp_path / "a.mp4", frames=2, rotation=rotation)
    raw = subprocess.run(
        ["ffmpeg", "-v", "error", "-i", path, "-frames:v", "1", "-f", "rawvideo", "-pix_fmt", "rgb24", "-"],
        check=True,
        capture_output=True,
    ).stdout
    image = read_frames(path, 1).images[0]
    shown = np.frombuffer(raw, np.uint8).reshape(image.shape)
    assert np.abs(shown.astype(int) - image).mean() < 3


def test_a_clip_of_one_frame(tmp_path: Path) -> None:
    for mode in MODES:
        frames = read_frames(clip(tmp_path / "a.mp4", frames=1), 16, mode)
        assert len(frames) == 1
        assert frames.times.tolist() == [0.0]


def test_a_clip_of_fewer_frames_gives_each_once(tmp_path: Path) -> None:
    frames = read_frames(clip(tmp_path / "a.mp4", frames=5), 16)
    assert frames.indices.tolist() == [0, 1, 2, 3, 4]


def test_an_edit_list_hides_its_frames(tmp_path: Path) -> None:
    """Half a second is cut in front: decoding begins before it, showing after it."""
    path = clip(
        tmp_path / "a.mp4",
        frames=60,
        shift=-0.5,
        container_options={"avoid_negative_ts": "disabled", "use_editlist": "1"},
    )
    frames = read_frames(path, 5)
    assert [number_of(image) for image in frames.images] == [15 + i for i in evenly(45, 5)]
    assert frames.total == 45
    assert frames.times[0] == 0.0


def test_a_wrong_frame_count_in_the_header(tmp_path: Path) -> None:
    for claimed in (5, 100_000):
        path = clip(tmp_path / f"{claimed}.avi", "mpeg4", frames=40)
        data = bytearray(path.read_bytes())
        for kind, offset in ((b"avih", 8 + 16), (b"strh", 8 + 32)):
            at = data.find(kind) + offset
            data[at : at + 4] = claimed.to_bytes(4, "little")
        path.write_bytes(bytes(data))
        frames = read_frames(path, 8)
        assert [number_of(image) for image in frames.images] == evenly(40, 8)


@pytest.mark.parametrize("name", ["a.mkv", "a.mp4", "a.ts"])
def test_a_truncated_tail_gives_what_is_left(tmp_path: Path, name: str) -> None:
    options = {"movflags": "+faststart"} if name.endswith("mp4") else {}
    path = clip(tmp_path / name, frames=60, container_options=options)
    data = path.read_bytes()
    path.write_bytes(data[: len(data) * 6 // 10])
    frames = read_frames(path, 8)
    numbers = [number_of(image) for image in frames.images]
    assert len(numbers) == 8
    assert 20 <= numbers[-1] < 59
    steps = np.diff(numbers)
    assert steps.max() - steps.min() <= 2  # frames that were to be shown before the last may be cut off
    for _ in range(20):
        again = read_frames(path, 8)
        assert again.indices.tolist() == frames.indices.tolist()
        assert again.notes == frames.notes


@pytest.mark.parametrize("name", ["a.mp4", "a.avi", pytest.param("a.ts", marks=pytest.mark.long)])
def test_a_damaged_clip_reads_the_same_each_time_on_any_number_of_cores(tmp_path: Path, name: str) -> None:
    path = clip(tmp_path / name, "mpeg4" if name.endswith("avi") else "libx264", frames=60, noise=20)
    whole, rng = path.read_bytes(), np.random.default_rng(5)
    for length in (20, 200, 2_000):
        data = bytearray(whole)
        at = int(rng.integers(len(data) // 4, len(data) * 3 // 4))
        data[at : at + length] = rng.bytes(length)
        path.write_bytes(bytes(data))
        one = read_frames(path, 8, threads=1)
        for _ in range(6):
            again = read_frames(path, 8, threads=4)
            assert again.notes == one.notes
            np.testing.assert_array_equal(again.images, one.images)


def test_a_damaged_middle_is_noted_and_spread_over_the_rest(tmp_path: Path) -> None:
    path = clip(tmp_path / "a.mp4", frames=60, gop=10, container_options={"movflags": "+faststart"})
    data = bytearray(path.read_bytes())
    start = data.index(b"mdat")
    length = len(data) - start
    data[start + length // 2 : start + length * 3 // 4] = bytes(length // 4)
    path.write_bytes(bytes(data))
    frames = read_frames(path, 8)
    assert len(frames) == 8
    assert frames.notes
    assert "damaged" in frames.notes[0]
    assert [number_of(image) for image in frames.images] == frames.indices.tolist()


def test_no_video_stream(tmp_path: Path) -> None:
    with av.open(str(tmp_path / "a.mp4"), "w") as output:
        track = output.add_stream("aac", rate=44_100, layout="mono")
        frame = av.AudioFrame.from_ndarray(tone(1.0), format="fltp", layout="mono")
        frame.sample_rate = 44_100
        output.mux(track.encode(frame))
        output.mux(track.encode(None))
    with pytest.raises(NoVideo, match=r"a\.mp4: has no video stream"):
        read_frames(tmp_path / "a.mp4")
    assert probe(tmp_path / "a.mp4").kind == "audio"


def test_a_declared_length_of_ten_hours_changes_nothing(tmp_path: Path) -> None:
    path = clip(tmp_path / "a.mp4", frames=30)
    declare_duration(path, 36_000)
    assert [number_of(image) for image in read_frames(path, 4).images] == evenly(30, 4)


def test_frames_that_last_ten_hours_are_over_the_limit(tmp_path: Path) -> None:
    path = clip(tmp_path / "a.mkv", frames=3, times=[0, 18_000, 36_000])
    with pytest.raises(MediaError, match="the limit is 14,400 s"):
        read_frames(path)


@pytest.mark.parametrize(
    ("limits", "words"),
    [
        (Limits(pixels=1000), "320 x 240 pixels are more than the limit of 1,000"),
        (Limits(frames=10), "more than 10 frames"),
        (Limits(bytes=100), "the limit is 100"),
        (Limits(duration=1.0), "the limit is 1 s"),
        (Limits(decode_seconds=1e-9), "longer than the limit of 1e-09 s"),
    ],
)
def test_limits(clips: dict[str, Path], limits: Limits, words: str) -> None:
    with pytest.raises(MediaError, match=words):
        read_frames(clips["h264.mp4"], limits=limits)


def test_arguments_are_checked(clips: dict[str, Path]) -> None:
    with pytest.raises(ValueError, match=r"n \(0\) must be > 0"):
        read_frames(clips["h264.mp4"], 0)
    with pytest.raises(ValueError, match=r"mode \(slow\) must be one of"):
        read_frames(clips["h264.mp4"], 4, "slow")


def test_the_thumbnail_of_a_clip_is_from_its_middle(tmp_path: Path) -> None:
    colours = [(200, 0, 0)] * 10 + [(0, 200, 0)] * 10 + [(0, 0, 200)] * 10
    path = tmp_path / "clip.mp4"
    with av.open(str(path), "w") as output:
        stream = output.add_stream("libx264", rate=10, options={"g": "5"})
        stream.width, stream.height, stream.pix_fmt = 64, 64, "yuv420p"
        for colour in colours:
            frame = np.full((64, 64, 3), colour, np.uint8)
            output.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
        output.mux(stream.encode(None))
    shown = np.asarray(Image.open(io.BytesIO(browser.thumbnail(path))))
    assert shown.mean(axis=(0, 1)).argmax() == 1
