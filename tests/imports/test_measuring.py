"""Measure before trust: an imported detector is uncertain until it was measured, then as good as its figures say."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from core.catalog.scan import scan
from core.cli import main
from core.errors import BadInput
from core.imports.importing import import_detector
from core.imports.measuring import at_chance, measure
from core.runs.folder import RunFolder, open_run
from core.workspace import Workspace
from tests.imports import published_files as files
from tests.stand_in_card import stand_in_card

PICTURES = 12  # of each class


@pytest.fixture
def detector(space: Workspace, tmp_path: Path) -> RunFolder:
    """A tiny ViT with random weights, and noise labelled real and fake."""
    rng = np.random.default_rng(0)
    for label in ("real", "fake"):
        (tmp_path / "mine" / label).mkdir(parents=True)
        for k in range(PICTURES):
            pixels = rng.integers(0, 255, (40, 40, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(tmp_path / "mine" / label / f"{label}{k}.png")
    scan([tmp_path / "mine"], space=space)
    import_detector(files.tiny_vit(tmp_path / "vit"), name="vit", space=space)
    return open_run("vit", space=space)


def answer(capsys: pytest.CaptureFixture[str], *arguments: str) -> Any:
    assert main([*arguments, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_uncertain_until_measured(
    detector: RunFolder, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    picture = str(tmp_path / "mine" / "real" / "real0.png")
    (before,) = answer(capsys, "detect", picture, "--run", "vit")
    assert before["verdict"] == "uncertain" and before["probability"] is None
    assert "not measured here" in before["reason"]
    assert before["reservations"][0]["kind"] == "not_measured"
    assert "Published by others: ViT for image classification" in before["about"]["lines"][0]
    result = answer(capsys, "evaluate", "vit", "--dataset", "mine")
    assert result["datasets"]["mine"]["n"] == 2 * PICTURES
    assert set(result["metrics"]) == {"val", "test"} and result["at_chance"] is True
    (after,) = answer(capsys, "detect", picture, "--run", "vit")
    assert after["verdict"] == "uncertain" and after["learned_nothing"] is True
    assert after["reason"].startswith("At chance on the files it was measured on")
    assert "chance" in after["words"].lower()
    assert "are needed to compare with" in after["domain"]["why"]
    assert "Measure it on more labelled files" in after["domain"]["why"]
    assert after["reservations"][0]["words"].startswith("At chance on the files it was measured on")
    assert "labelled files of “mine” that its threshold was not chosen on" in " ".join(
        after["about"]["lines"]
    )
    (row,) = answer(capsys, "runs")
    assert row["run"] == "vit" and row["imported"] is True and row["learned_nothing"] is True
    assert answer(capsys, "thresholds", "vit")["chosen_on"] == "val"


def test_an_export_judges_as_the_detector_does(
    detector: RunFolder, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    picture = str(tmp_path / "mine" / "fake" / "fake0.png")
    out = tmp_path / "packed.pth"
    answer(capsys, "export", "vit", str(out))
    (own,) = answer(capsys, "detect", picture, "--run", "vit")
    (packed,) = answer(capsys, "detect", picture, "--run", str(out))
    assert packed["score"] == pytest.approx(own["score"])
    assert packed["verdict"] == "uncertain" and "not measured here" in packed["reason"]
    for file in (out, detector.best_model):
        assert main(["import", str(file), "--name", "again"]) == 2
        assert "is a detector of this workbench already" in capsys.readouterr().err


def test_no_group_is_chosen_and_reported_on(detector: RunFolder, space: Workspace) -> None:
    import pandas as pd

    measure(detector, ["mine"], space=space)
    chosen, reported = (set(pd.read_parquet(detector.scores_file(s))["group"]) for s in ("val", "test"))
    assert chosen and reported and not chosen & reported


def test_it_is_measured_on_a_gpu_too(detector: RunFolder, space: Workspace) -> None:
    with stand_in_card():
        found = measure(detector, ["mine"], space=space)
    assert found["metrics"]["test"]["at_chosen"]


def test_datasets_have_to_be_named(detector: RunFolder, space: Workspace) -> None:
    with pytest.raises(BadInput, match="name labelled datasets with --dataset"):
        measure(detector, [], space=space)


@pytest.mark.parametrize(
    ("auc", "interval", "words"),
    [
        (0.478, [0.37, 0.58], "at chance: AUC 0.478"),
        (0.2, [0.1, 0.3], "worse than chance: AUC 0.200"),
        (0.9, [0.8, 0.95], None),
        (None, None, "at chance: too few"),
    ],
)
def test_chance_is_said_plainly(auc: float | None, interval: list[float] | None, words: str | None) -> None:
    said = at_chance({"auc": auc, "intervals": {"auc": interval}}, 151)
    assert said is None if words is None else str(said).startswith(words)
