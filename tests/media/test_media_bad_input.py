"""Bad files: one clear line of the workbench's own family, in bounded time and memory; good oddities are read."""

from __future__ import annotations

import contextlib
import io
import os
import struct
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
import pytest
import soundfile
from PIL import Image

from benchmarks.fuzz_media import fuzz
from core.errors import MediaError
from core.media import sandbox
from core.media.audio import read_audio
from core.media.images import open_image
from core.media.limits import Limits
from core.media.prepare import prepare
from core.media.probe import probe
from core.media.recipe import Recipe
from core.media.video import read_frames
from tests.made_media import clip, picture, tall_gif, tone

MEMORY = 600_000_000  # bytes that a bad file may cost at most
SECONDS = 30.0
RECIPES = [Recipe(modality=m, frames=4, image_size=32) for m in ("image", "audio", "video", "multimodal")]


def zip_file(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.txt", os.urandom(100_000))


def png_header(width: int, height: int) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")


def huge_bmp(path: Path) -> None:
    head = struct.pack("<IiiHHIIiiII", 40, 50_000, 50_000, 1, 24, 0, 0, 0, 0, 0, 0)
    path.write_bytes(b"BM" + struct.pack("<IHHI", 54, 0, 0, 54) + head + bytes(1000))


def huge_gif(path: Path) -> None:
    path.write_bytes(
        b"GIF89a" + struct.pack("<HHBBB", 50_000, 50_000, 0x80, 0, 0) + bytes(6) + b"\x2c" + bytes(20)
    )


def huge_jpeg(path: Path) -> None:
    buffer = io.BytesIO()
    Image.new("RGB", (64, 64)).save(buffer, "JPEG")
    data = bytearray(buffer.getvalue())
    at = data.index(b"\xff\xc0") + 5
    data[at : at + 4] = struct.pack(">HH", 50_000, 50_000)
    path.write_bytes(bytes(data))


def truncated(path: Path, whole: Callable[[Path], object], keep: float) -> None:
    whole(path)
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * keep)])


def many_streams(path: Path) -> None:
    with av.open(str(path), "w") as output:
        tracks = [output.add_stream("pcm_s16le", rate=8000, layout="mono") for _ in range(200)]
        for track in tracks:
            frame = av.AudioFrame.from_ndarray(np.zeros((1, 800), np.int16), format="s16", layout="mono")
            frame.sample_rate = 8000
            frame.pts = 0
            output.mux(track.encode(frame))


def playlist(path: Path) -> None:
    path.write_text("#EXTM3U\n#EXT-X-VERSION:3\n#EXTINF:10,\n/etc/passwd\n#EXT-X-ENDLIST\n")


def concat_list(path: Path) -> None:
    path.write_text("ffconcat version 1.0\nfile '/etc/hostname'\n")


def svg(path: Path) -> None:
    path.write_text('<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>')


BAD: dict[str, Callable[[Path], object]] = {
    "empty.mp4": lambda path: path.write_bytes(b""),
    "zip.mp4": zip_file,
    "zip.jpg": zip_file,
    "text.wav": lambda path: path.write_text("not a sound\n" * 1000),
    "zeros.mp4": lambda path: path.write_bytes(bytes(100_000)),
    "noise.mp3": lambda path: path.write_bytes(np.random.default_rng(1).bytes(200_000)),
    "huge.png": lambda path: path.write_bytes(png_header(50_000, 50_000)),
    "overflow.png": lambda path: path.write_bytes(png_header(2**31 - 1, 2**31 - 1)),
    "huge.bmp": huge_bmp,
    "huge.gif": huge_gif,
    "huge.jpg": huge_jpeg,
    # Its index is at the end.
    "truncated.mp4": lambda path: truncated(path, lambda p: clip(p, frames=20), 0.5),
    "truncated.jpg": lambda path: truncated(
        path, lambda p: Image.fromarray(picture(0, 320, 240)).save(p), 0.4
    ),
    "truncated.png": lambda path: truncated(
        path, lambda p: Image.fromarray(picture(0, 320, 240)).save(p), 0.4
    ),
    "head_only.webm": lambda path: truncated(path, lambda p: clip(p, "libvpx", frames=3), 0.01),
    "header_only.wav": lambda path: truncated(
        path, lambda p: soundfile.write(p, tone(1.0)[0], 44_100), 0.0005
    ),
    "streams.mkv": many_streams,
    "list.m3u8": playlist,
    "list.mp4": concat_list,
    "picture.svg": svg,
}


@pytest.mark.parametrize("name", BAD)
def test_bad_files_give_one_clear_line(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    BAD[name](path)
    for call in (probe, *(lambda p, r=r: prepare(p, r) for r in RECIPES)):
        with pytest.raises(MediaError) as error:
            call(path)  # type: ignore[operator]
        assert "\n" not in str(error.value)
        assert str(error.value).startswith(f"{name}: ")


def test_bad_files_stay_bounded_and_the_next_is_read(tmp_path: Path) -> None:
    """All of them in one worker with little memory, and a good file after each."""
    limits = Limits(memory=MEMORY, decode_seconds=SECONDS)
    good = tmp_path / "good.png"
    Image.fromarray(picture(7, 64, 48)).save(good)
    for name, make in BAD.items():
        make(tmp_path / name)
        with pytest.raises(MediaError):
            sandbox.run(prepare, tmp_path / name, RECIPES[3], limits=limits)
        assert sandbox.run(probe, good, limits=limits).width == 64


def test_missing_folders_and_odd_names(tmp_path: Path) -> None:
    for path in (tmp_path / "nothing.mp4", tmp_path, tmp_path / ("x" * 300), tmp_path / "a\0b"):
        with pytest.raises(MediaError):
            probe(path)
    odd = tmp_path / "concat:a|b %03d ünïcode <b>.mp4"
    clip(tmp_path / "a.mp4", "mpeg4", frames=3).rename(odd)
    assert probe(odd).kind == "video"
    assert len(read_frames(odd, 2)) == 2


def test_a_renamed_file_is_what_it_is(tmp_path: Path) -> None:
    clip(tmp_path / "a.mp4", "mpeg4", frames=5).rename(tmp_path / "clip.jpg")
    Image.fromarray(picture(1, 64, 48)).save(tmp_path / "a.png")
    (tmp_path / "a.png").rename(tmp_path / "picture.mp4")
    soundfile.write(tmp_path / "a.wav", tone(0.2)[0], 44_100)
    (tmp_path / "a.wav").rename(tmp_path / "sound.png")
    kinds = [probe(tmp_path / name).kind for name in ("clip.jpg", "picture.mp4", "sound.png")]
    assert kinds == ["video", "image", "audio"]


def test_a_damaged_heic_picture_is_no_clip(tmp_path: Path) -> None:
    (tmp_path / "a.heic").write_bytes(b"\0\0\0\x18ftypheic" + bytes(400))
    with pytest.raises(MediaError, match="damaged HEIC picture"):
        probe(tmp_path / "a.heic")


def test_polyglots_are_what_their_beginning_says(tmp_path: Path) -> None:
    zip_file(tmp_path / "a.zip")
    Image.fromarray(picture(1, 64, 48)).save(tmp_path / "a.png")
    both = tmp_path / "both.png"
    both.write_bytes((tmp_path / "a.png").read_bytes() + (tmp_path / "a.zip").read_bytes())
    assert probe(both).kind == "image"
    assert zipfile.is_zipfile(both)
    np.testing.assert_array_equal(open_image(both), picture(1, 64, 48))


def test_an_animated_gif_of_100_000_frames_is_its_first(tmp_path: Path) -> None:
    path = tall_gif(tmp_path / "a.gif", 100_000)
    image = sandbox.run(open_image, path, limits=Limits(memory=MEMORY, decode_seconds=5.0))
    assert image.shape == (16, 16, 3)
    assert probe(path).kind == "image"


def test_a_file_that_vanishes_while_it_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Gone, or cut to nothing, right after it was looked at."""
    check = Limits.check_file
    for spoil in (Path.unlink, lambda path: path.write_bytes(b""), lambda path: os.truncate(path, 300)):
        for name, make in {
            "a.mp4": lambda path: clip(path, frames=10),
            "a.png": lambda path: Image.fromarray(picture(0, 64, 48)).save(path),
            "a.wav": lambda path: soundfile.write(path, tone(0.2)[0], 44_100),
        }.items():
            for read in (open_image, read_frames, read_audio, probe):
                make(tmp_path / name)

                def spoiled(self: Limits, path: Path, spoil: Callable[[Path], object] = spoil) -> int:
                    size = check(self, path)
                    spoil(path)
                    return size

                with monkeypatch.context() as patch:
                    patch.setattr(Limits, "check_file", spoiled)
                    with contextlib.suppress(MediaError):
                        read(tmp_path / name)


def test_settings_change_the_limits_and_are_checked(space: object, tmp_path: Path) -> None:
    from core.errors import BadInput
    from core.workspace import workspace

    Image.fromarray(picture(0, 64, 48)).save(tmp_path / "a.png")
    workspace().save_settings({"limits": {"pixels": 100}})
    with pytest.raises(MediaError, match="more than the limit of 100"):
        open_image(tmp_path / "a.png")
    workspace().save_settings({"limits": {"pixel": 100}})
    with pytest.raises(BadInput, match="unknown 'pixel'; known are bytes, cache_bytes"):
        open_image(tmp_path / "a.png")
    workspace().save_settings({"limits": {"pixels": -1}})
    with pytest.raises(BadInput, match="must be a number > 0"):
        open_image(tmp_path / "a.png")


@pytest.mark.parametrize("sampling", ["exact", "fast"])
def test_a_damaged_clip_is_decoded_again_by_another_decoder(sampling: str) -> None:
    """Drawn frames whose bytes were changed; libavcodec's VP9 crashed when it was fed the packets a second time."""
    path = Path(__file__).parent / "damaged" / "vp9_decoder_fed_again.webm"
    recipe = Recipe(modality="image", frames=2, image_size=32, sampling=sampling)
    assert len(sandbox.run("core.media.prepare:prepare", path, recipe, limits=Limits()).frames) > 0
    frames = read_frames(path, 2, sampling)
    assert len(frames) == 2 and "damaged" in frames.notes[0]


def test_mutated_files_never_crash(tmp_path: Path) -> None:
    assert fuzz(tmp_path, count=150, seed=0) == []


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_thousands_of_mutated_files_never_crash(tmp_path: Path) -> None:
    assert fuzz(tmp_path, count=5000, seed=1) == []
