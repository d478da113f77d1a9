"""The probe finds features that give the label away, and only those."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import soundfile
from PIL import Image
from sklearn.metrics import roc_auc_score

from core.catalog import shortcut_measurements, shortcuts, table
from core.catalog.scan import scan
from core.catalog.table import DatasetInfo
from core.errors import BadInput
from core.media.probe import probe
from core.workspace import Workspace


@pytest.fixture
def space(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    monkeypatch.setenv("DEEPFAKE_WORKSPACE", str(tmp_path / "workspace"))
    return Workspace(tmp_path / "workspace")


def catalogued(space: Workspace, root: Path, files: dict[str, float], modality: str) -> str:
    rows = [
        {
            "id": f"set/{path}",
            "path": path,
            "dataset": "set",
            "layout": "generic",
            "modality": modality,
            "label": label,
            "groups": [],
            "bytes": (root / path).stat().st_size,
            "mtime_ns": 1,
        }
        for path, label in files.items()
    ]
    table.save("set", pd.DataFrame(rows), DatasetInfo("set", "generic", str(root)), space)
    return "set"


def recording(path: Path, rng: np.random.Generator, silence: float, peak: float = 0.5) -> None:
    sound = rng.uniform(-1, 1, 16_000)
    sound = peak * sound / np.abs(sound).max()
    soundfile.write(path, np.concatenate([np.zeros(int(silence * 16_000)), sound]), 16_000)


def test_leading_silence_of_fakes_is_found(space: Workspace, tmp_path: Path) -> None:
    rng, files = np.random.default_rng(0), {}
    for i in range(24):
        label = i % 2
        recording(
            tmp_path / f"{i}.wav",
            rng,
            silence=0.2 + 0.01 * rng.random() if label else 0.0,
            peak=rng.uniform(0.2, 0.9),
        )
        files[f"{i}.wav"] = float(label)
    found = {
        f.name: f for f in shortcuts.probe(catalogued(space, tmp_path, files, "audio"), space=space).features
    }
    assert found["leading silence"].auc == 1.0 and found["leading silence"].fakes_are == "higher"
    assert found["leading silence"].warning and found["duration"].warning
    assert found["trailing silence"].auc < 0.8
    assert found["sample rate"].auc == 0.5 and not found["sample rate"].warning
    assert found["peak level"].low < 0.6


def test_jpeg_quality_is_read_from_the_tables(space: Workspace, tmp_path: Path) -> None:
    rng, files = np.random.default_rng(0), {}
    for i in range(20):
        picture = Image.fromarray(rng.integers(0, 255, (40, 40, 3), np.uint8))
        picture.save(tmp_path / f"{i}.jpg", quality=95 if i % 2 else 75)
        files[f"{i}.jpg"] = float(i % 2)
    measured = shortcut_measurements.measurements(catalogued(space, tmp_path, files, "image"), space=space)
    assert set(measured["JPEG quality"][measured["label"] == 1]) == {95}
    assert set(measured["JPEG quality"][measured["label"] == 0]) == {75}
    assert shortcuts.probe("set", space=space).features[0].auc == 1.0


@pytest.mark.parametrize("quality", [1, 10, 49, 50, 75, 92, 100])
def test_every_quality_of_the_standard_tables(tmp_path: Path, quality: int) -> None:
    Image.new("RGB", (16, 16), (90, 120, 30)).save(tmp_path / "x.jpg", quality=quality)
    assert probe(tmp_path / "x.jpg").quality == quality


def test_the_auc_is_that_of_scikit_learn_and_the_interval_holds_it() -> None:
    rng = np.random.default_rng(3)
    label = rng.integers(0, 2, 200)
    values = np.round(rng.normal(0, 1, 200) - 0.8 * label, 1)
    found = shortcuts.rate("duration", label, values)
    assert found is not None
    assert found.auc == pytest.approx(1 - roc_auc_score(label, values))
    assert found.fakes_are == "lower" and found.low < found.auc < found.high


def test_a_feature_that_divides_perfectly_has_an_interval_of_some_width() -> None:
    """Every draw of it is 1; five files of a class say less than fifty."""
    for few, wide in ((5, 0.43), (50, 0.07)):
        label = np.array([0] * 60 + [1] * few)
        found = shortcuts.rate("duration", label, label + np.arange(len(label)) / 1000)
        assert found is not None and found.auc == found.high == 1.0
        assert 1 - found.low == pytest.approx(wide, abs=0.01)


def test_values_are_ignored_where_a_class_has_too_few() -> None:
    label = np.array([0, 0, 0, 0, 1, 1, 1, 1, 1, 1])
    assert shortcuts.rate("duration", label, np.arange(10.0)) is None


def test_unreadable_files_are_counted_and_the_cache_answers_without_files(
    space: Workspace, tmp_path: Path
) -> None:
    rng, files = np.random.default_rng(0), {}
    for i in range(14):
        recording(tmp_path / f"{i}.wav", rng, 0.0)
        files[f"{i}.wav"] = float(i % 2)
    (tmp_path / "torn.wav").write_bytes(b"RIFF no sound")
    files["torn.wav"] = 1.0
    name = catalogued(space, tmp_path, files, "audio")
    first = shortcuts.probe(name, space=space)
    assert first.unreadable == 1 and first.fake == 7
    for i in range(14):
        (tmp_path / f"{i}.wav").unlink()
    assert shortcuts.probe(name, space=space) == first


def test_without_labels_there_is_nothing_to_probe(space: Workspace, tmp_path: Path) -> None:
    recording(tmp_path / "a.wav", np.random.default_rng(0), 0.0)
    with pytest.raises(BadInput, match="no labelled samples"):
        shortcuts.probe(catalogued(space, tmp_path, {"a.wav": float("nan")}, "audio"), space=space)


def test_what_a_pairing_gives_away(tmp_path: Path, space: Workspace) -> None:
    """Fakes of one set and reals of another that differ in size: neither alone tells, together they do."""
    rng = np.random.default_rng(0)
    for name, folder, side in (("Fakes", "fake", 32), ("Reals", "real", 64)):
        place = tmp_path / "data" / name / folder
        place.mkdir(parents=True)
        for i in range(8):
            Image.fromarray(rng.integers(0, 255, (side, side, 3), np.uint8)).save(place / f"{i}.png")
    scan([tmp_path / "data" / "Fakes", tmp_path / "data" / "Reals"], space=space)
    assert shortcuts.probe("Fakes", space=space).features == []
    both = shortcuts.probe_together(["Fakes", "Reals"], space=space)
    assert (both.real, both.fake) == (8, 8)
    assert {f.name for f in both.warnings} >= {"file size", "resolution"}
