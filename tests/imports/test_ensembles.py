"""`--run A --run B` with a detector of others beside one trained here: weights from what both scored on validation."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from core.detection import stacking
from core.imports.importing import import_detector
from core.runs.folder import RunFolder, new_run, open_run
from core.workspace import Workspace
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
