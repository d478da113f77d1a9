"""`--run A --run B` with a detector of others beside one trained here: weights from what both scored on validation."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from core.cli import main
from core.detection import stacking
from core.detection.files import Given
from core.detection.judgement import detect
from core.detection.request import Request
from core.detection.serving import batch
from core.detection.verdict import Verdict
from core.imports.importing import import_detector
from core.runs.folder import RunFolder, new_run, open_run
from core.workspace import Workspace
from tests.detection.tiny_runs import make_run
from tests.imports import published_files as files


def scored(folder: RunFolder, split: str, scores: np.ndarray, labels: np.ndarray) -> None:
    path = folder.scores_file(split)
    path.parent.mkdir(parents=True, exist_ok=True)
    ids = [f"{split}{k}" for k in range(len(labels))]
    pd.DataFrame({"id": ids, "label": labels, "group": ids, "score": scores}).to_parquet(path)


@pytest.fixture
def both(space: Workspace, tmp_path: Path) -> tuple[str, str]:
    """On validation the trained one knows and the imported one guesses; on test it is the other way round."""
    import_detector(files.tiny_vit(tmp_path / "vit"), name="vit", space=space)
    imported, trained = (
        open_run("vit", space=space),
        new_run({"modality": "image", "name": "mine"}, space=space),
    )
    rng, labels = np.random.default_rng(0), np.tile([0, 1], 40)
    good = np.clip(labels * 0.6 + rng.uniform(0, 0.4, 80), 0.01, 0.99)
    guess = rng.uniform(0.01, 0.99, 80)
    for split, first, second in (("val", good, guess), ("test", guess, good)):
        scored(trained, split, first, labels)
        scored(imported, split, second, labels)
    return trained.id, "vit"


def test_the_weights_come_from_validation_alone(both: tuple[str, str], space: Workspace) -> None:
    trained, imported = both
    found = stacking.combine({trained: 0.9, imported: 0.5}, space)
    assert found.samples == 80 and found.probability is not None and found.probability > 0.5
    assert found.weights[trained] > 4 * abs(found.weights[imported])
    open_run(trained, space=space).scores_file("test").unlink()
    again = stacking.combine({trained: 0.9, imported: 0.5}, space)
    assert again.weights == found.weights


def test_one_that_was_not_measured_is_not_combined(
    space: Workspace, tmp_path: Path, both: tuple[str, str]
) -> None:
    open_run("vit", space=space).scores_file("val").unlink()
    found = stacking.combine({both[0]: 0.9, "vit": 0.5}, space)
    assert found.probability is None and "0 fake and 0 real validation samples" in found.reason
    assert json.dumps(found.weights) == "{}"


def test_detect_with_both_judges_with_both_and_combines_them(
    both: tuple[str, str],
    space: Workspace,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    trained, imported = both
    scores = {
        split: open_run(trained, space=space).scores_file(split).read_bytes() for split in ("val", "test")
    }
    make_run(space.runs / trained, "image")
    for split, content in scores.items():
        assert open_run(trained, space=space).scores_file(split).read_bytes() == content

    def here(given: list[Given], request: Request, **_: object) -> list[Verdict]:
        return [detect(f.path, f.shown, request, stem=f"{k:04d}") for k, f in enumerate(given)]

    monkeypatch.setattr(batch, "run", here)  # in this process: the pool has its own tests
    vit = open_run(imported, space=space)
    vit.save_document("detector", {**(vit.document("detector") or {}), "measured": {"files": 80}})
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (80, 80, 3), np.uint8)).save(tmp_path / "a.png")
    assert main(["detect", str(tmp_path / "a.png"), "--run", trained, "--run", imported, "--json"]) == 0
    (entry,) = json.loads(capsys.readouterr().out)
    (other,) = entry["others"]
    assert (entry["detector"], other["detector"]) == (trained, imported)
    assert other["verdict"] in ("fake", "real", "uncertain") and entry["verdict"] in ("fake", "real")
    combined = entry["combined"]
    assert 0 < combined["probability"] < 1 and combined["samples"] == 80
    learned = stacking.combine({trained: entry["score"], imported: other["score"]}, space)
    assert combined["weights"] == learned.weights
    assert combined["weights"][trained] > 4 * abs(combined["weights"][imported])
