"""Several detectors on one file: combined only where a validation set of all of them allows it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from core.detection import stacking
from core.workspace import Workspace


def scored(folder: Path, ids: list[str], labels: np.ndarray, scores: np.ndarray) -> None:
    (folder / "scores").mkdir(parents=True)
    (folder / "config.yaml").write_text("modality: image\n")
    groups = [f"g{k // 2}" for k in range(len(ids))]
    pd.DataFrame({"id": ids, "label": labels, "group": groups, "score": scores}).to_parquet(
        folder / "scores/val.parquet"
    )


@pytest.fixture
def space(tmp_path: Path) -> Workspace:
    """A detector that knows something, one that is turned round and badly scaled, one with other samples."""
    space = Workspace(tmp_path)
    generator = np.random.default_rng(0)
    labels = np.arange(200) % 2
    ids = [f"s{k}" for k in range(200)]
    good = 1 / (1 + np.exp(-(2 * labels - 1 + generator.normal(0, 1, 200))))
    noise = generator.uniform(0.98, 0.999, 200)
    scored(space.runs / "good", ids, labels, good)
    scored(space.runs / "noise", ids, labels, noise)
    scored(space.runs / "elsewhere", [f"o{k}" for k in range(200)], labels, good)
    return space


def test_what_knows_nothing_gets_no_weight_whatever_its_scale(space: Workspace) -> None:
    real = stacking.combine({"good": 0.1, "noise": 0.99}, space)
    fake = stacking.combine({"good": 0.9, "noise": 0.99}, space)
    assert real.probability is not None and fake.probability is not None
    # The plain mean calls both fake: 0.545 and 0.945.
    assert real.probability < 0.3 and fake.probability > 0.7
    assert real.samples == 200 and abs(real.weights["noise"]) < abs(real.weights["good"])
    assert real.auc == pytest.approx(real.singles["good"], abs=0.05)
    assert real.auc_interval is not None and real.auc_interval[0] < real.auc < real.auc_interval[1]


def test_the_share_of_fakes_among_the_common_samples_is_not_passed_on(tmp_path: Path) -> None:
    """Nine fakes to a real, and scores that know nothing: even odds, not nine to one."""
    space, generator = Workspace(tmp_path), np.random.default_rng(0)
    for name in ("a", "b"):
        labels = np.arange(400) % 10 > 0
        ids = [f"s{k}" for k in range(400)]
        scored(space.runs / name, ids, labels.astype(int), generator.uniform(0.4, 0.6, 400))
    found = stacking.combine({"a": 0.5, "b": 0.5}, space)
    assert found.probability == pytest.approx(0.5, abs=0.1)


def test_few_common_samples_make_no_probability_sure(tmp_path: Path) -> None:
    space = Workspace(tmp_path)
    labels = np.arange(50) % 2
    for name in ("a", "b"):
        scored(space.runs / name, [f"s{k}" for k in range(50)], labels, np.where(labels == 1, 1 - 1e-9, 1e-9))
    for score, expected in ((1.0, 26 / 27), (0.0, 1 / 27)):
        found = stacking.combine({"a": score, "b": score}, space)
        assert found.probability == pytest.approx(expected, abs=0.002)
    assert "fewer than two" in stacking.combine({}, space).words


def test_without_common_samples_nothing_is_combined_and_the_reason_is_said(space: Workspace) -> None:
    apart = stacking.combine({"good": 0.1, "elsewhere": 0.9}, space)
    assert apart.probability is None and "share 0 fake and 0 real" in apart.reason
    missing = stacking.combine({"good": 0.1, "nowhere": 0.9}, space)
    assert missing.probability is None and "nowhere" in missing.reason
    assert stacking.combine({"good": 0.1}, space).probability is None
