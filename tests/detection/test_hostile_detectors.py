"""Detectors from elsewhere that are damaged or made to harm: one line that says what is wrong, and nothing else."""

from __future__ import annotations

import json
import os
import pickle
import warnings
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

import models
from core.cli import main
from core.detection import source
from core.detection.detector import Detector
from core.detection.judgement import detect
from core.detection.request import Request
from core.errors import BadInput
from core.training.learning import best_model
from core.workspace import Workspace
from tests.detection.tiny_runs import make_run

HUGE = 10**9


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_run(tmp_path_factory.mktemp("runs") / "good")


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    path = tmp_path / "a.png"
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (80, 80, 3), dtype=np.uint8)).save(path)
    return path


def changed(run: Path, folder: Path, change: Callable[[dict[str, Any]], object]) -> Path:
    """A run whose checkpoint was changed."""
    make_run(folder)
    content = best_model.read(run / "best_model.pth")
    change(content)
    torch.save(content, folder / "best_model.pth")
    return folder


@pytest.mark.parametrize(
    ("part", "value", "says"),
    [
        ("recipe", {"image_size": HUGE}, "image_size"),
        ("recipe", {"frames": HUGE}, "frames"),
        ("recipe", {"image_size": "x"}, "whole number"),
        ("recipe", {"faces": 1}, "true or false"),
        ("recipe", {"seconds": float("nan")}, "seconds"),
        ("recipe", {"face_margin": float("inf")}, "face_margin"),
        ("card", {"mean": "x"}, "card"),
        ("card", {"std": None}, "card"),
        ("card", {"size": []}, "card"),
    ],
)
def test_values_that_cannot_be_are_refused_before_a_file_is_read(
    run: Path, tmp_path: Path, part: str, value: dict[str, Any], says: str
) -> None:
    folder = changed(run, tmp_path / "run", lambda content: content[part].update(value))
    with pytest.raises(BadInput, match=says):
        Detector.open(folder)


@pytest.mark.parametrize("part", ["state_dict", "model", "model_options", "recipe", "card"])
def test_a_part_of_another_kind_is_refused(run: Path, tmp_path: Path, part: str) -> None:
    folder = changed(run, tmp_path / "run", lambda content: content.update({part: [1]}))
    with pytest.raises(BadInput):
        Detector.open(folder)


@pytest.mark.parametrize("part", ["config", "operating_point", "calibration"])
def test_a_part_of_another_kind_in_an_exported_file_is_refused(run: Path, tmp_path: Path, part: str) -> None:
    path = source.export(run, tmp_path / "detector.pth")
    torch.save(best_model.read(path) | {part: [1]}, path)
    with pytest.raises(BadInput, match=part):
        source.find(path)


@pytest.mark.parametrize("name", ["../../../etc/x", "<script>", "a\nb", "x" * 10_000, 7, ""])
def test_what_a_file_calls_itself_names_no_file(run: Path, tmp_path: Path, name: object) -> None:
    path = source.export(run, tmp_path / "detector.pth")
    torch.save(best_model.read(path) | {"id": name}, path)
    assert source.find(path).id == "detector"


def test_damaged_weights_are_an_error_and_no_verdict(run: Path, tmp_path: Path, picture: Path) -> None:
    def spoil(content: dict[str, Any]) -> None:
        for value in content["state_dict"].values():
            if value.is_floating_point():
                value.fill_(float("nan"))

    found = detect(picture, "a.png", Request(run=str(changed(run, tmp_path / "run", spoil))))
    assert (found.status, found.verdict) == ("error", None) and "no number" in str(found.reason)


def test_a_pickle_is_refused_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], picture: Path
) -> None:
    class Harm:
        def __reduce__(self) -> tuple[Any, ...]:
            return os.system, (f"touch {tmp_path / 'harmed'}",)

    run = make_run(tmp_path / "run")
    (run / "best_model.pth").write_bytes(pickle.dumps(Harm()))
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        with pytest.raises(BadInput, match="not a checkpoint"):
            Detector.open(run)
    assert not said and not (tmp_path / "harmed").exists()


@pytest.mark.parametrize(
    ("document", "content"),
    [
        ("operating_point", {"threshold": float("nan")}),
        ("operating_point", {"threshold": 0.5, "band": [0.9, 0.1]}),
        ("calibration", {"method": "platt", "slope": float("nan")}),
        ("calibration", {"method": "platt", "slope": -1}),
        ("calibration", {"method": "isotonic", "x": [0, 1], "y": [1, 0]}),
        ("calibration", {"method": "platt", "fakes": "many"}),
    ],
)
def test_a_damaged_document_is_said_with_the_name_of_its_run(
    tmp_path: Path, document: str, content: dict[str, Any]
) -> None:
    run = make_run(tmp_path / "some_run")
    (run / f"{document}.json").write_text(json.dumps(content))
    with pytest.raises(BadInput, match="some_run"):
        Detector.open(run)


def test_an_empty_name_is_no_run(picture: Path, capsys: pytest.CaptureFixture[str], space: Workspace) -> None:
    make_run(space.runs / "one")
    assert main(["detect", str(picture), "--run", ""]) == 2
    assert capsys.readouterr().err.count("\n") == 1
    with pytest.raises(BadInput, match="there is no run ''"):
        source.find("")


def test_a_run_that_still_trains_says_so(tmp_path: Path, picture: Path) -> None:
    run = make_run(tmp_path / "run")
    status = json.loads((run / "status.json").read_text())
    assert not any("not over" in n for n in detect(picture, "a", Request(run=str(run))).notes)
    me = {"state": "running", "pid": os.getpid(), "ended": None}
    (run / "status.json").write_text(json.dumps(status | me))
    assert any("not over" in n for n in detect(picture, "a", Request(run=str(run))).notes)


@pytest.mark.parametrize("name", models.list_models())
def test_every_network_has_a_card_that_is_accepted(name: str) -> None:
    assert best_model._card(best_model._plain(asdict(models.card(name))), Path("x")) == models.card(name)
