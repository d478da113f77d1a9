"""Words in the containers of clips: written subtitles of every usual kind, and nothing where there are none."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from core.media import subtitles
from core.media.probe import probe


def clip_with_words(path: Path, codec: str, lines: list[str]) -> Path:
    """Two seconds of grey with one line of words a second."""
    with av.open(str(path), "w") as out:
        video = out.add_stream("libvpx" if path.suffix == ".webm" else "mpeg4", rate=5)
        video.width, video.height, video.pix_fmt = 64, 64, "yuv420p"
        words = out.add_mux_stream(codec)
        words.time_base = Fraction(1, 1000)
        for second, line in enumerate(lines):
            raw = line.encode()
            packet = av.Packet(len(raw).to_bytes(2, "big") + raw if codec == "mov_text" else raw)
            packet.stream, packet.time_base = words, Fraction(1, 1000)
            packet.pts = packet.dts = 1000 * second
            packet.duration = 900
            out.mux(packet)
        for _ in range(10):
            out.mux(video.encode(av.VideoFrame.from_ndarray(np.full((64, 64, 3), 90, np.uint8))))
        out.mux(video.encode(None))
    return path


@pytest.mark.parametrize(
    ("name", "codec"), [("a.mkv", "subrip"), ("a.mp4", "mov_text"), ("a.webm", "webvtt")]
)
def test_subtitles_are_read_without_their_styles(tmp_path: Path, name: str, codec: str) -> None:
    path = clip_with_words(tmp_path / name, codec, ["Hello <i>there</i>", "wie geht's, Ünal?"])
    assert subtitles.read(path) == {"words": "Hello there wie geht's, Ünal?", "source": "its subtitles"}
    assert probe(path).subtitles


def test_a_file_beside_it_comes_first(tmp_path: Path) -> None:
    path = clip_with_words(tmp_path / "a.mkv", "subrip", ["inside"])
    (tmp_path / "a.txt").write_text("beside")
    assert subtitles.read(path) == {"words": "beside", "source": "a file beside it"}


def test_a_clip_without_words_has_none(tmp_path: Path) -> None:
    path = clip_with_words(tmp_path / "a.mkv", "subrip", [])
    assert subtitles.read(path) == {"words": "", "source": ""}
    assert subtitles.read(tmp_path / "gone.mkv") == {"words": "", "source": ""}


def test_a_file_beside_it_that_cannot_be_read_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    path = clip_with_words(tmp_path / "a.mkv", "subrip", ["inside"])
    (tmp_path / "a.txt").write_text("beside")
    read = Path.open

    def refuse(self: Path, *args: Any, **named: Any) -> Any:
        if self.name == "a.txt":
            raise PermissionError(13, "Permission denied", str(self))
        return read(self, *args, **named)

    monkeypatch.setattr(Path, "open", refuse)
    assert subtitles.read(path)["words"] == "inside"
    assert "the words of a.mkv are not used" in caplog.text and "a.txt cannot be read" in caplog.text
