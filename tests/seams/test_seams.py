"""A new file of each kind in a copy of the tree: commands use it and pages offer it, and nothing else was touched."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from core.workspace import CODE_ROOT, Workspace
from tests.seams.dropped_files import FILES
from tests.thresholds.run_folder import finished_run
from tests.training.tiny_catalogue import image_set, picture

PAGES = """
import json, sys
from streamlit.testing.v1 import AppTest

train = AppTest.from_file("dashboard/views/train.py", default_timeout=120).run()
assert not train.exception, train.exception
pills = {one.label: one.options for one in train.button_group}
boxes = {one.label: one.options for one in train.selectbox}
next(one for one in train.button_group if one.label == "Balancing").set_value(["rounds"])
numbers = [one.label for one in train.run().number_input]
lines = AppTest.from_file("dashboard/views/thresholds.py", default_timeout=120).run()
methods = [option for one in lines.multiselect if one.label == "Thresholds to show" for option in one.options]
from core.detection import explanations
print(json.dumps({"balancing": pills["Balancing"], "augmentation": pills["Augmentation"], "loss": boxes["Loss"],
                  "numbers": numbers, "methods": methods, "explanations": list(explanations.CHOICES.values()),
                  "torch": "torch" in sys.modules}))
"""


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the code with a new file of each kind, and a workspace with a dataset beside it."""
    root = tmp_path_factory.mktemp("seams")
    for part in ("core", "dashboard", "models"):
        shutil.copytree(CODE_ROOT / part, root / "code" / part, ignore=shutil.ignore_patterns("__pycache__"))
    for name, text in FILES.items():
        assert not (CODE_ROOT / name).exists()
        (root / "code" / name).write_text(text)
    space = Workspace(root / "workspace")
    image_set(space, root, real=24, fake=24)
    finished_run(space)
    return root


def run(tree: Path, *command: str) -> subprocess.CompletedProcess[str]:
    """A process in the copy of the tree."""
    environment = {
        **os.environ,
        "DEEPFAKE_WORKSPACE": str(tree / "workspace"),
        "PYTHONPATH": str(tree / "code"),
    }
    return subprocess.run(
        [sys.executable, *command],
        cwd=tree / "code",
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def core(tree: Path, *arguments: str) -> Any:
    done = run(tree, "-m", "core", *arguments, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def trained(tree: Path) -> dict[str, Any]:
    """A run with the new network, balancing, loss, augmentation and threshold method at once."""
    asked = {
        "modality": "image",
        "datasets": "[tiny]",
        "model": "mean_texture",
        "image_size": 32,
        "epochs": 2,
        "batch_size": 16,
        "workers": 0,
        "faces": "false",
        "bootstrap": 20,
        "device": "cpu",
        "protocol": "group",
        "balancing": "[rounds]",
        "rounds_made": 3,
        "loss": "squared",
        "augmentation": "[negative]",
        "threshold_method": "caught=3",
    }
    settings = [part for name, value in asked.items() for part in ("--set", f"{name}={value}")]
    return core(tree, "train", *settings)


@pytest.mark.long
def test_training_uses_the_new_network_technique_loss_augmentation_and_method(
    tree: Path, trained: dict[str, Any]
) -> None:
    assert trained["status"] == "completed" and trained["operating_point"]["method"] == "caught=3"
    folder = Path(trained["path"])
    counts = json.loads((folder / "plan.json").read_text())["counts"]["train"]
    events = [json.loads(line) for line in (folder / "events.jsonl").read_text().splitlines()]
    steps = max(event["step"] for event in events)
    # Two epochs in which every sample came three times.
    assert steps == 2 * -(-3 * sum(counts.values()) // 16)
    losses = [event["value"] for event in events if event["name"] == "train/loss"]
    assert losses and all(0 <= loss <= 2 for loss in losses)  # squared distances of probabilities


@pytest.mark.long
def test_detection_explains_with_the_new_method(tree: Path, trained: dict[str, Any]) -> None:
    file = tree / "one.png"
    Image.fromarray(picture(1, np.random.default_rng(5))).save(file)
    out = ("--out", str(tree / "maps"), "--explain", "--method", "plain_gradient")
    entry = core(tree, "detect", str(file), "--run", trained["run"], *out)[0]
    assert entry["status"] == "ok" and len(entry["heatmaps"]) == 1
    report = run(
        tree, "-m", "core", "detect", str(file), "--run", trained["run"], *out[:3], "--method", "none"
    )
    assert report.returncode == 2 and "plain_gradient" in report.stderr


def test_the_threshold_command_knows_the_new_method(tree: Path) -> None:
    scores = tree / "scores.csv"
    scores.write_text("label,score\n" + "".join(f"{i % 2},{i / 20}\n" for i in range(20)))
    points = core(tree, "thresholds", str(scores), "--method", "caught=3")["points"]
    assert {p["method"]: p["tp"] for p in points}["caught=3"] == 3
    refused = run(tree, "-m", "core", "thresholds", str(scores), "--method", "caught")
    assert refused.returncode == 2 and "caught=N" in refused.stderr


def test_a_scan_recognises_the_new_layout(tree: Path) -> None:
    for folder in ("grown_apples", "painted_apples"):
        (tree / "orchard" / folder).mkdir(parents=True)
        for i in range(3):
            Image.fromarray(picture(i % 2, np.random.default_rng(i))).save(
                tree / "orchard" / folder / f"{i}.png"
            )
    found = core(tree, "scan", str(tree / "orchard"))["datasets"]
    assert [(d["name"], d["real"], d["fake"]) for d in found] == [("Orchard", 3, 3)]


@pytest.mark.long
def test_pages_offer_the_new_files(tree: Path) -> None:
    (tree / "code" / "pages.py").write_text(PAGES)
    done = run(tree, "pages.py")
    assert done.returncode == 0, done.stderr
    offered = json.loads(done.stdout.splitlines()[-1])
    assert "rounds" in offered["balancing"] and "negative" in offered["augmentation"]
    assert "squared" in offered["loss"] and "caught=3" in offered["methods"]
    assert "Plain gradient" in offered["explanations"]
    assert "Rounds made" in offered["numbers"]  # the setting that the technique's own file declares
    assert not offered["torch"]


@pytest.mark.parametrize("name", ["core/training/losses/squared.py", "core/thresholds/methods/caught.py"])
def test_a_file_that_cannot_be_loaded_is_named_in_one_line(tree: Path, name: str) -> None:
    file = tree / "code" / name
    whole = file.read_text()
    file.write_text(whole + "\nraise ValueError('half written')\n")
    try:
        done = run(tree, "-m", "core", "train", "--set", "epochs=1")
    finally:
        file.write_text(whole)
    assert done.returncode == 1 and len(done.stderr.splitlines()) == 1
    assert name in done.stderr and "half written" in done.stderr
