"""`detect --run A --run B`: an entry a file still, the others' entries inside it, combined only where that was learned."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from core.cli import detect as command
from core.cli import main
from core.detection.files import Given
from core.detection.judgement import detect
from core.detection.request import Request
from core.detection.serving import batch
from core.detection.verdict import Verdict
from core.workspace import Workspace
from tests.detection.tiny_runs import make_run


@pytest.fixture
def place(tmp_path: Path, space: Workspace, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two runs whose validation samples are the same, one without any, and a picture."""
    labels = np.arange(80) % 2
    rng = np.random.default_rng(0)
    for name, seed in (("one", 1), ("two", 2), ("alone", 3)):
        run = make_run(space.runs / name, "image", seed=seed)
        if name != "alone":
            (run / "scores").mkdir()
            scores = np.clip(labels * 0.5 + rng.uniform(0, 0.5, 80), 0, 1)
            table = {
                "id": [f"s{k}" for k in range(80)],
                "label": labels,
                "group": [f"g{k // 4}" for k in range(80)],
            }
            pd.DataFrame({**table, "score": scores}).to_parquet(run / "scores/val.parquet")
    Image.fromarray(rng.integers(0, 255, (80, 80, 3), dtype=np.uint8)).save(tmp_path / "a.png")
    (tmp_path / "b.png").write_text("no picture")

    def here(files: list[Given], request: Request, **_: object) -> list[Verdict]:
        return [detect(f.path, f.shown, request, stem=f"{k:04d}") for k, f in enumerate(files)]

    monkeypatch.setattr(batch, "run", here)  # in this process: the pool has its own tests
    monkeypatch.chdir(tmp_path)
    return tmp_path


def entries(capsys: pytest.CaptureFixture[str], *arguments: str) -> list[dict[str, Any]]:
    assert main(["detect", "a.png", "b.png", *arguments, "--json"]) == 0
    found: list[dict[str, Any]] = json.loads(capsys.readouterr().out)
    return found


def test_one_detector_has_the_entry_that_it_always_had(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    good, bad = entries(capsys, "--run", "one")
    assert (good["file"], good["detector"], bad["status"]) == ("a.png", "one", "error")
    assert "others" not in good and "combined" not in good


def test_two_with_common_validation_samples_are_combined(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    good, bad = entries(capsys, "--run", "one", "--run", "two")
    assert good["detector"] == "one" and [o["detector"] for o in good["others"]] == ["two"]
    assert good["others"][0]["file"] == "a.png" and good["others"][0]["score"] != good["score"]
    assert 0 < good["combined"]["probability"] < 1 and good["combined"]["samples"] == 80
    assert set(good["combined"]["weights"]) == {"one", "two"}
    assert bad["combined"]["probability"] is None and bad["others"][0]["status"] == "error"


def test_without_them_they_stand_side_by_side_and_the_reason_is_said(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    good, _ = entries(capsys, "--run", "one", "--run", "alone", "--run", "one")
    assert len(good["others"]) == 1 and good["combined"]["probability"] is None
    assert "share 0 fake and 0 real" in good["combined"]["reason"]
    text = command.show([good])
    assert text.count("a.png: ") == 2 and "not combined: the detectors share" in text


def test_pictures_and_tables_of_several_do_not_mix(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    good, _ = entries(
        capsys, "--run", "one", "--run", "two", "--explain", "--out", "out", "--report", "report.html"
    )
    maps = [*good["heatmaps"], *good["others"][0]["heatmaps"]]
    assert len(set(maps)) == 2 and all(place / "out" in Path(m).parents and Path(m).is_file() for m in maps)
    assert len((place / "out" / "verdicts.csv").read_text().splitlines()) == 1 + 4
    page = (place / "report.html").read_text()
    assert page.count("<h2>a.png</h2>") == 2 and page.count("data:image/") >= 2
    assert "2 files, 2 detectors" in page and page.count("together: probability") == 1


def test_an_unknown_one_is_said_before_anything_is_judged(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["detect", "a.png", "--run", "one", "--run", "nowhere"]) == 2
    assert len(capsys.readouterr().err.strip().splitlines()) == 1
