"""`python -m core prepare`: fills what training will read, lists what fails, and has nothing to do the second time."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from core.catalog import table
from core.catalog.table import DatasetInfo
from core.cli import main
from core.media import cache
from core.training import recipe_for, setup
from core.training.options.config import TrainConfig
from core.training.reading import samples
from core.workspace import Workspace

COUNT = 12


@pytest.fixture
def tiny(space: Workspace, tmp_path: Path) -> Path:
    """A catalogued dataset of pictures, one of them damaged."""
    import pandas as pd

    root = tmp_path / "tiny"
    root.mkdir()
    rows: list[dict[str, Any]] = []
    for i in range(COUNT):
        label, name = i % 2, f"{i}.png"
        Image.fromarray(np.full((40, 40, 3), i * 10, np.uint8)).save(root / name)
        rows.append(
            {"id": f"tiny/{name}", "path": name, "dataset": "tiny", "layout": "generic", "modality": "image"}
            | {"label": label, "label_video": label, "method": "x" if label else None, "groups": [f"p{i}"]}
            | {"meta": {}, "bytes": 1, "mtime_ns": 1}
        )
    (root / "0.png").write_bytes((root / "0.png").read_bytes()[:60])
    table.save("tiny", pd.DataFrame(rows), DatasetInfo("tiny", "generic", str(root)), space)
    return root


def prepare(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    assert main(["prepare", *arguments, "--json", "--workers", "2"]) == 0
    out = capsys.readouterr()
    assert len(out.out.strip().splitlines()) == 1
    document: dict[str, Any] = json.loads(out.out)
    return document


def test_it_fills_the_cache_and_lists_failures(tiny: Path, capsys: pytest.CaptureFixture[str]) -> None:
    first = prepare(capsys)
    assert (first["prepared"], first["cached"]) == (COUNT - 1, 0)
    assert [failure["path"] for failure in first["failed"]] == [str(tiny / "0.png")]
    assert "0.png: " in first["failed"][0]["reason"]
    assert first["bytes"] > 0
    assert first["seconds"] > 0
    again = prepare(capsys, "--dataset", "tiny")
    assert (again["prepared"], again["cached"], len(again["failed"])) == (0, COUNT - 1, 1)
    assert again["bytes"] == first["bytes"]


def test_training_finds_what_it_prepared(
    tiny: Path, space: Workspace, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "run.yaml").write_text("modality: image\ndatasets: [tiny]\nimage_size: 32\nfaces: false\n")
    result = prepare(capsys, str(tmp_path / "run.yaml"))
    assert result["prepared"] == COUNT - 1
    config = TrainConfig.from_yaml(tmp_path / "run.yaml")
    planned = samples.plan_samples(config, samples.select(config, space), space)
    recipe = recipe_for(config, planned.split("train"), card=setup.card_for(config))
    kept = [cache.entry_path(Path(file), recipe, space).exists() for file in planned.rows["file"]]
    assert sum(kept) == COUNT - 1


@pytest.mark.parametrize(
    "arguments", [["--dataset", "nothing"], ["missing.yaml"], ["--workers", "0"], ["--nonsense"]]
)
def test_bad_input_is_one_line(tiny: Path, arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["prepare", *arguments]) == 2
    out = capsys.readouterr()
    assert out.out == ""
    assert len(out.err.strip().splitlines()) == 1


def test_an_empty_catalogue_says_what_to_do(space: Workspace, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["prepare"]) == 2
    assert "scan a folder first" in capsys.readouterr().err
