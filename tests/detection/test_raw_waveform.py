"""Networks that hear the waveform itself: what they say is laid over time, down to the second that speaks for fake."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch

from core.detection import explanations, sound
from core.detection.detector import Detector
from core.detection.explanations.base import View
from core.detection.explanations.integrated_gradients import BIN
from core.detection.judgement import detect
from core.detection.request import Request
from core.detection.serving.warmup import blank
from core.workspace import Workspace
from tests.detection.tiny_runs import make_run
from tests.models.small_networks import TINY_SPEECH

RATE = 16_000


@pytest.fixture
def run(space: Workspace) -> Path:
    folder = space.runs / "speech"
    return make_run(folder, "audio", model="wav2vec2_base", options={"sizes": TINY_SPEECH}, seconds=1.0)


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    rng = np.random.default_rng(0)
    soundfile.write(tmp_path / "a.wav", 0.1 * rng.standard_normal(int(2.5 * RATE)), RATE)
    return tmp_path / "a.wav"


@pytest.mark.parametrize("method", ["auto", "occlusion"])
def test_wav2vec2_is_explained_over_time(run: Path, recording: Path, method: str) -> None:
    out = recording.parent / "out"
    verdict = detect(recording, "a", Request(run=str(run), explain=True, method=method, out=out))
    assert verdict.status == "ok" and verdict.model == "wav2vec2_base", verdict.reason
    assert [u.kind for u in verdict.units] == ["segment"] * len(verdict.units) and len(verdict.units) >= 2
    assert len(verdict.explanations) == len(verdict.units) and verdict.heatmaps
    assert {m.kind for m in verdict.explanations} == {"time"}
    assert all(m.faithfulness is not None and 0 <= m.importance <= 1 for m in verdict.explanations)
    drawn = sound.load(Path(verdict.waveform["path"]))
    assert drawn["map"].ndim == 1 and np.isfinite(drawn["map"]).all() and drawn["map"].max() > 0


def test_its_integrated_gradients_follow_the_moment_that_is_heard(run: Path) -> None:
    """A moment of silence has nothing to add, whatever the network."""
    detector = Detector.open(run)
    x = 0.1 * torch.randn(2, RATE, generator=torch.Generator().manual_seed(0))
    x[0, RATE // 2 :] = 0
    view = View(detector.network, lambda v: detector.network(v, None))
    found = explanations.method("integrated_gradients")(view, x)
    assert found.raw is not None and found.raw.shape == (2, RATE // BIN) and np.isfinite(found.raw).all()
    assert (
        np.abs(found.raw[0, RATE // BIN // 2 :]).max() == 0 < np.abs(found.raw[1, RATE // BIN // 2 :]).max()
    )


@pytest.mark.parametrize("modality", ["image", "video", "audio", "multimodal"])
def test_every_kind_of_detector_can_be_warmed_up(space: Workspace, modality: str) -> None:
    model = "fusion_tiny" if modality == "multimodal" else None
    detector = Detector.open(make_run(space.runs / "r", modality, model=model))
    judged = detector.judge(blank(detector.recipe))
    assert judged is not None and 0 <= judged.score <= 1
