"""Subtitles in a clip are used by detectors that read, mentioned by those that do not, and never come before given words."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.detection.judgement import detect
from core.detection.request import Request
from core.detection.serving.worker import sandboxed
from core.workspace import Workspace
from tests.detection.tiny_runs import make_run
from tests.media.test_subtitles import clip_with_words

READS = {"text_encoder": "bytes"}


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    return clip_with_words(tmp_path / "clip.mkv", "subrip", ["We said", "this."])


def test_a_detector_that_reads_uses_the_subtitles(space: Workspace, clip: Path) -> None:
    run = make_run(space.runs / "reads", "multimodal", model="fusion_forensic", options=READS, faces=False)
    found = detect(clip, "clip", Request(run=str(run), facts=False), media=sandboxed(explained=False))
    assert found.text == {"words": "We said this.", "source": "its subtitles", "used": True}
    assert any("which this detector read" in note and "We said this." in note for note in found.notes)
    given = detect(clip, "clip", Request(run=str(run), text="We said this.", facts=False))
    assert given.score == pytest.approx(found.score, abs=1e-6)
    other = detect(clip, "clip", Request(run=str(run), text="Something else", facts=False))
    assert other.text["source"] == "given with it" and abs(other.score - found.score) > 1e-7


def test_a_detector_that_does_not_read_says_that_there_are_words(space: Workspace, clip: Path) -> None:
    run = make_run(space.runs / "sees", "video")
    found = detect(clip, "clip", Request(run=str(run), facts=False))
    assert found.text["used"] is False
    assert any("which this detector does not read" in note for note in found.notes)
