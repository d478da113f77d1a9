"""Verdicts and heat maps as on a GPU, on a stand-in for one."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.detection import views
from core.detection.detector import Detector
from core.detection.explanations import PICTURE_METHODS, TIME_METHODS, faithfulness, method
from core.media.prepare import prepare
from core.workspace import Workspace
from tests.detection.tiny_runs import make_run
from tests.stand_in_card import stand_in_card
from tests.training.tiny_catalogue import clip_set

OF_SOUND = [*TIME_METHODS, "gradcam"]


@pytest.mark.parametrize("modality", ["image", "video", "audio"])
def test_a_file_is_judged_and_explained(space: Workspace, tmp_path: Path, modality: str) -> None:
    clip_set(space, tmp_path, each=1)
    clip = next((tmp_path / "clips").glob("*.mp4"))
    seconds = {"seconds": 0.5} if modality == "audio" else {}
    run = make_run(tmp_path / "run", modality, **seconds)
    with stand_in_card():
        detector = Detector.open(run, space=space)
        prepared = prepare(clip, detector.recipe)
        judged = detector.judge(prepared)
        assert detector.device.type == "cuda" and judged is not None and 0 < judged.score < 1
        units = list(range(len(judged.units)))
        seen = views.of_pictures(detector, judged.pieces, units, prepared.frames)
        heard = views.of_sound(detector, judged.pieces, units)
        for looked in [*seen, *heard]:
            for name in PICTURE_METHODS if seen else OF_SOUND:
                maps = looked.explained(method(name)).maps
                assert len(maps) == len(looked.units)
                measure = faithfulness.of_pictures if seen else faithfulness.of_sound
                assert measure(looked.scores, looked.inputs, maps)
        assert seen or heard
