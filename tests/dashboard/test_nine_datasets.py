"""The request's nine datasets, small and in their published shapes, and a set of pictures: one run from the page."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import soundfile
import torch
from PIL import Image
from streamlit.testing.v1 import AppTest

from core.catalog import table
from core.catalog.expected import FIRST
from core.catalog.scan import scan
from core.runs import events, manager
from core.runs.folder import RunFolder
from core.training.worker import work
from core.workspace import Workspace
from tests.catalog.layout_trees import TREES, LayoutTree, build
from tests.training.tiny_catalogue import RATE, picture, sound, write_clip

APP = Path(__file__).resolve().parents[2] / "dashboard" / "app.py"
PICTURES = "140k"
TALKING = ("fakeavceleb", "lav-df", "av-deepfake1m")


def tree_of(layout: str) -> LayoutTree:
    return next(
        tree for tree in TREES if tree.layout == layout and tree.real + tree.fake and not tree.problems
    )


def fill(space: Workspace, names: list[str]) -> None:
    """Real media in the place of the stand-ins, that sound and look as their labels say."""
    rng = np.random.default_rng(0)
    rows = table.load(names, space)
    for row, path in zip(rows.itertuples(), table.absolute_paths(rows, space), strict=True):
        seen, heard = (
            int(row.label if value != value else value) if row.label == row.label else 0
            for value in (row.label_video, row.label_audio)
        )
        if row.modality == "image":
            Image.fromarray(picture(seen, rng)).save(path, format="PNG")
        elif row.modality == "audio":
            soundfile.write(path, sound(heard, rng), RATE, format=path.suffix[1:].upper())
        else:
            voice = sound(heard, rng) if row.layout in TALKING else None
            write_clip(path, [picture(seen, rng) for _ in range(4)], voice)


@pytest.fixture
def names(space: Workspace, tmp_path: Path) -> list[str]:
    root = tmp_path / "data"
    for layout in (*FIRST, PICTURES):
        build(root, tree_of(layout).files)
    scan([root], space=space)
    wanted = {tree_of(layout).name for layout in (*FIRST, PICTURES)}
    found = sorted(name for name in table.datasets(space) if name in wanted)
    assert len(found) == len(FIRST) + 1
    fill(space, found)
    return found


PRESET = {
    "modality": "multimodal",
    "epochs": 1,
    "frames": 2,
    "seconds": 0.5,
    "bootstrap": 20,
    "faces": False,
    "workers": 0,
    "device": "cpu",
    "domain_weight": 0.2,
}


@pytest.mark.long
def test_the_nine_datasets_train_together_from_the_page(
    space: Workspace, names: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(manager.RunManager, "start_waiting", lambda self: None)
    monkeypatch.setattr(manager.RunManager, "_keep", lambda self: None)
    page = AppTest.from_file(str(APP), default_timeout=120).run()
    page.session_state["train_preset"] = PRESET | {"datasets": names}
    page.switch_page("views/train.py").run()
    assert not page.exception
    assert not page.button(key="train-start").disabled, [str(e.value) for e in page.error]
    page.button(key="train-start").click().run()
    assert not page.exception, [str(e.value) for e in (*page.error, *page.warning)]
    (path,) = space.runs.glob("2*")
    run = RunFolder(path)
    work(run, space=space)
    torch.use_deterministic_algorithms(False)
    assert run.status().state == "completed"
    plan, metrics = run.document("plan") or {}, run.document("metrics") or {}
    assert (
        plan["datasets"] == names
        and not any(plan["skipped"].values())
        and plan["objectives"] == {"domain": 0.2}
    )
    scores = pd.concat([pd.read_parquet(run.scores_file(split)) for split in ("val", "test")])
    assert set(scores["modality"]) == {"image", "audio", "video"}
    assert {"picture", "sound", "picture+sound"} == set(scores["present"])
    told_apart = [e for e in events.read(run.events_file)[0] if e.name == "train/domain_accuracy"]
    assert told_apart and 0 <= told_apart[-1].value <= 1
    tested = pd.read_parquet(run.scores_file("test"))
    assert {part["name"] for part in metrics["test"]["by"]["dataset"]} == set(tested["dataset"])
    assert {row["part"] for row in metrics["ablation"]} == {"picture", "sound"}
