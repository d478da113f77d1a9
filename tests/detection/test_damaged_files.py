"""Files that are cut off, hold no sound or are too coarse: the entry says what is wrong with them."""

from __future__ import annotations

import json
from pathlib import Path

import av
import numpy as np
import pytest
import soundfile

from core.detection.judgement import detect
from core.detection.request import Request
from core.detection.verdict import Verdict
from core.workspace import Workspace
from tests.detection import odd_media
from tests.detection.tiny_runs import make_run


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("runs")
    make_run(root / "video", "video")
    make_run(root / "faces", "video", faces=True)
    make_run(root / "audio", "audio", seconds=1.0)
    return root


def judged(path: Path, run: Path) -> Verdict:
    return detect(path, path.name, Request(run=str(run)))


def streamable(source: Path, path: Path) -> Path:
    """The same clip with its index in front, as players on the web want it."""
    with av.open(str(source)) as given, av.open(str(path), "w", options={"movflags": "faststart"}) as output:
        streams = {s: output.add_stream_from_template(s) for s in given.streams}
        for packet in given.demux():
            if packet.dts is not None:
                packet.stream = streams[packet.stream]
                output.mux(packet)
    return path


def test_a_clip_that_ends_early_says_so(runs: Path, tmp_path: Path) -> None:
    whole = streamable(odd_media.clip(tmp_path / "a.mp4", 64), tmp_path / "whole.mp4")
    cut = tmp_path / "cut.mp4"
    cut.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    assert not any("states" in note for note in judged(whole, runs / "video").notes)
    found = judged(cut, runs / "video")
    assert found.status == "ok" and any("states 8.0 s and holds" in note for note in found.notes)


@pytest.mark.parametrize("kind", ["mp3", "flac", "wav", "aiff"])
def test_a_recording_that_ends_early_says_so(runs: Path, tmp_path: Path, kind: str) -> None:
    whole = tmp_path / f"a.{kind}"
    if kind == "mp3":
        odd_media.recording(whole, odd_media.tone(8, 16_000), 16_000, kind)
    else:
        soundfile.write(whole, odd_media.tone(8, 16_000), 16_000, format=kind)
    cut = tmp_path / f"cut.{kind}"
    cut.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    assert not any("states" in note for note in judged(whole, runs / "audio").notes)
    assert any("it is cut off" in note for note in judged(cut, runs / "audio").notes)


def test_a_recording_written_to_a_pipe_states_no_length(runs: Path, tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", odd_media.tone(4, 16_000), 16_000)
    content = bytearray((tmp_path / "a.wav").read_bytes())
    content[4:8] = content[40:44] = b"\xff\xff\xff\xff"
    (tmp_path / "piped.wav").write_bytes(content)
    assert not any("states" in note for note in judged(tmp_path / "piped.wav", runs / "audio").notes)


def test_a_damaged_clip_without_a_face_says_that_it_is_damaged(runs: Path, tmp_path: Path) -> None:
    whole = streamable(odd_media.clip(tmp_path / "a.mp4", 64), tmp_path / "whole.mp4")
    cut = tmp_path / "cut.mp4"
    cut.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    found = judged(cut, runs / "faces")
    assert found.status == "not_applicable" and found.reason == "no face found"
    assert any("damaged" in note for note in found.notes)


@pytest.mark.parametrize("rate", [16_000, 8_000])
def test_a_constant_offset_is_no_sound(runs: Path, tmp_path: Path, rate: int) -> None:
    soundfile.write(tmp_path / "dc.wav", np.full(2 * rate, 0.7), rate)
    found = judged(tmp_path / "dc.wav", runs / "audio")
    assert (found.status, found.reason) == ("not_applicable", "silence only")


def test_channels_that_cancel_one_another_out_are_not_called_silence_alone(
    runs: Path, tmp_path: Path
) -> None:
    voice = odd_media.tone(2, 16_000)
    soundfile.write(tmp_path / "turned.wav", np.stack([voice, -voice], axis=1), 16_000)
    found = judged(tmp_path / "turned.wav", runs / "audio")
    assert found.status == "not_applicable" and any("cancel one another" in note for note in found.notes)


def test_a_sample_rate_below_any_voice_is_not_judged(runs: Path, tmp_path: Path) -> None:
    soundfile.write(tmp_path / "slow.wav", odd_media.tone(2, 1000), 100)
    found = judged(tmp_path / "slow.wav", runs / "audio")
    assert found.status == "not_applicable" and "100 samples a second" in str(found.reason)


def test_a_run_whose_calibration_kept_no_counts_takes_them_from_its_metrics(tmp_path: Path) -> None:
    scale = {"method": "platt", "scale": "probability", "slope": 0.01, "offset": 2.197}
    run = make_run(tmp_path / "old", calibration=scale)
    document = {"learned_nothing": False, "val": {"fake": 900, "real": 100}}
    (run / "metrics.json").write_text(json.dumps(document))
    odd_media.Image.fromarray(odd_media.frame()).save(tmp_path / "a.png")
    assert judged(tmp_path / "a.png", run).probability == pytest.approx(0.5, abs=0.05)


def test_an_empty_name_is_said_in_words(runs: Path) -> None:
    assert judged(Path(), runs / "audio").reason == "the name is empty; name a file"


@pytest.mark.parametrize("content", ["detectors = 3\n", "limits = []\n", "detection = 'x'\n"])
def test_settings_of_another_kind_are_said_in_one_line(space: Workspace, content: str) -> None:
    space.root.mkdir()
    odd_media.Image.fromarray(odd_media.frame()).save(space.root / "a.png")
    space.settings_file.write_text(content)
    found = detect(space.root / "a.png", "a.png", Request(), space=space)
    assert found.status == "error" and "must be a table" in str(found.reason)
