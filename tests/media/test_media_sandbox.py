"""Decoding in a worker: answers come back, crashes and hangs do not."""

from __future__ import annotations

import io
import os
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from core.errors import BadInput, MediaError
from core.media import sandbox
from core.media.browser import jpeg, peaks, playable, thumbnail, waveform
from core.media.limits import Limits
from core.media.prepare import prepare
from core.media.probe import probe
from core.media.recipe import Recipe
from core.media.video import read_frames
from core.workspace import Workspace
from tests.made_media import clip, picture, tone


@pytest.fixture
def file(tmp_path: Path) -> Path:
    Image.fromarray(picture(1, 64, 48)).save(tmp_path / "a.png")
    return tmp_path / "a.png"


def test_the_answer_is_that_of_this_process(tmp_path: Path) -> None:
    path = clip(tmp_path / "a.mp4", "mpeg4", frames=10, sound=tone(0.4))
    recipe = Recipe(modality="multimodal", frames=4, image_size=32)
    there, here = sandbox.run(prepare, path, recipe), prepare(path, recipe)
    np.testing.assert_array_equal(there.frames, here.frames)
    np.testing.assert_array_equal(there.audio, here.audio)
    assert there.notes == here.notes
    assert sandbox.run(probe, path) == probe(path)
    frames = sandbox.run("core.media.video:read_frames", path, 3)
    np.testing.assert_array_equal(frames.images, read_frames(path, 3).images)


def test_errors_of_the_workbench_come_back_as_they_are(tmp_path: Path) -> None:
    with pytest.raises(MediaError, match=r"gone\.png: cannot be opened"):
        sandbox.run(probe, tmp_path / "gone.png")
    with pytest.raises(BadInput, match="modality \\(smell\\)"):
        sandbox.run(prepare, tmp_path / "gone.png", Recipe(modality="smell"))


def test_only_functions_of_the_workbench_run_there(file: Path) -> None:
    with pytest.raises(BadInput, match="os is not part of the workbench"):
        sandbox.run("os:remove", file)
    assert file.exists()


# Run in the worker by their names: what a malicious file might make a decoder do.
def test_a_crash_is_a_media_error_and_the_next_file_is_read(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for words, kill in (("crashed on it", os.kill), ("crashed on it", None)):
        worker = sandbox.SHARED._take()
        worker.uses = 1
        if kill is not None:
            kill(worker.process.pid, 9)
        else:
            worker.process.stdin.close()  # type: ignore[union-attr]
        with monkeypatch.context() as patch:
            patch.setattr(sandbox.SHARED, "_take", lambda worker=worker: worker)
            with pytest.raises(MediaError, match=words):
                sandbox.run(probe, file)
        assert worker.process.poll() is not None
        assert sandbox.run(probe, file).kind == "image"


def test_a_hang_is_killed_in_time(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A named pipe that nobody writes to hangs whoever reads it; the readers refuse it, a naive one is killed."""
    monkeypatch.setattr(sandbox, "GRACE", 0.5)
    monkeypatch.setattr(sandbox, "START_SECONDS", 60.0)
    pipe = file.parent / "pipe.mp4"
    os.mkfifo(pipe)
    with pytest.raises(MediaError, match="is not a file"):
        sandbox.run(probe, pipe)
    sandbox.run(probe, file)
    begin = time.monotonic()
    with pytest.raises(MediaError, match="takes longer than the limit of 1 s"):
        sandbox.run("core.training.options.yaml_fields:read_yaml", pipe, limits=Limits(decode_seconds=1.0))
    assert time.monotonic() - begin < 30
    assert sandbox.run(probe, file).kind == "image"


def test_memory_is_bounded(tmp_path: Path) -> None:
    Image.new("RGB", (9000, 9000)).save(tmp_path / "a.png")
    with pytest.raises(MediaError, match=r"memory|cannot be opened|damaged"):
        sandbox.run("core.media.images:open_image", tmp_path / "a.png", limits=Limits(memory=120_000_000))


def test_several_threads_ask_at_once(file: Path) -> None:
    answers: list[str] = []
    threads = [
        threading.Thread(target=lambda: answers.append(sandbox.run(probe, file).kind)) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == ["image"] * 4


def test_secrets_of_the_environment_stay_here(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOME_TOKEN", "secret")
    worker = sandbox._Worker()
    try:
        environment = Path(f"/proc/{worker.process.pid}/environ")
        if environment.exists():
            assert b"secret" not in environment.read_bytes()
    finally:
        worker.end()


def test_browser_copies_play_everything(tmp_path: Path) -> None:
    sources = [
        clip(
            tmp_path / "a.avi", "mpeg4", frames=20, size=(322, 242), sound=tone(0.6), sound_codec="libmp3lame"
        ),
        clip(
            tmp_path / "b.mp4", "libx265", frames=20, rotation=90, options={"x265-params": "log-level=none"}
        ),
        clip(tmp_path / "c.webm", "libvpx-vp9", frames=20),
    ]
    for source in sources:
        made = probe(playable(source, tmp_path / "out" / f"{source.stem}.mp4"))
        known = probe(source)
        assert (made.codec, made.pixel_format) == ("h264", "yuv420p")
        assert made.audio_codec == ("aac" if known.has_audio else None)
        assert (made.width, made.height) == (known.width, known.height)
        assert made.duration == pytest.approx(20 / 30, abs=0.12)
        assert read_frames(tmp_path / "out" / f"{source.stem}.mp4", 50).total == 20
    assert not list((tmp_path / "out").glob(".*"))


def test_thumbnails_and_waveforms(file: Path, tmp_path: Path) -> None:
    path = clip(tmp_path / "b.mp4", "mpeg4", frames=9, sound=tone(1.0))
    for source in (file, path):
        with Image.open(io.BytesIO(thumbnail(source, 40))) as small:
            assert max(small.size) == 40
    assert jpeg(picture(0, 64, 48))[:2] == b"\xff\xd8"
    outline = waveform(path, 50)
    assert outline.shape == (50, 2)
    assert (outline[:, 0] <= outline[:, 1]).all()
    assert peaks(np.array([1.0, -1.0, 0.5], np.float32), 10).shape == (3, 2)


def test_the_workspace_travels(space: Workspace, file: Path) -> None:
    answer = sandbox.run(
        "core.media.cache:fill", file, Recipe(modality="image", image_size=16), space, threads=1
    )
    assert answer["cached"] is False
    assert answer["bytes"] > 700
