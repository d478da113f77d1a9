"""Tuning: trials are ordinary runs, a second call goes on, a wrong space is refused; and runs are measured again."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import optuna
import pytest
import torch

from core.errors import BadInput
from core.runs.folder import RunFolder, open_run
from core.training import tuning
from core.training.config import TrainConfig
from core.training.rescore import evaluate, evaluate_on
from core.training.search import DEFAULT, check_space, suggest
from core.training.worker import work
from core.workspace import Workspace
from tests.training.tiny_catalogue import image_set, small


@pytest.mark.parametrize(
    ("space", "words"),
    [
        ({"learning": [1]}, "unknown option 'learning'"),
        ({"epochs": []}, "epochs has no choices"),
        ({"dropout": 0.3}, "dropout must be a list of choices or a range"),
        ({"dropout": {"low": 0.5, "high": 0.1}}, "dropout needs low < high"),
        ({"learning_rate": {"low": 0, "high": 1, "log": True}}, "learning_rate needs low < high"),
        ({"learning_rate": {"low": "little", "high": 1}}, "not a number"),
    ],
)
def test_a_space_that_makes_no_sense_is_refused(space: dict[str, Any], words: str) -> None:
    with pytest.raises(BadInput, match=words):
        check_space(space)


def test_the_default_space_gives_configurations() -> None:
    assert set(DEFAULT) == {"learning_rate", "batch_size", "dropout", "weight_decay", "loss", "balancing"}
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    for _ in range(10):
        chosen = suggest(study.ask(), check_space(DEFAULT))
        TrainConfig.from_dict(chosen)
        assert isinstance(chosen["balancing"], list) and isinstance(chosen["batch_size"], int)


def test_trials_are_runs_and_a_second_call_goes_on(
    space: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    image_set(space, tmp_path, real=20, fake=20)

    class Here:
        """The worker in this process: what is tested is the tuning around it."""

        def __init__(self, command: list[str], **_: Any) -> None:
            folder = RunFolder(Path(command[command.index("--run-dir") + 1]))
            work(folder, space=space)
            torch.use_deterministic_algorithms(False)

        def poll(self) -> int:
            return 0

    monkeypatch.setattr(tuning, "subprocess", SimpleNamespace(Popen=Here, DEVNULL=-3, STDOUT=-2))
    given = small(epochs=1, bootstrap=20, search={"learning_rate": {"low": 1e-4, "high": 1e-2, "log": True}})
    first = tuning.tune(given, 2, space=space)
    assert (first["done"], len(first["all"])) == (2, 2)
    again = tuning.tune(given, 3, space=space)
    assert again["folder"] == first["folder"] and again["done"] == 3
    assert {r["run"] for r in first["all"]} < {r["run"] for r in again["all"]}
    best = again["best"]
    assert best["value"] == max(r["value"] for r in again["all"])
    run = open_run(best["run"], space=space)
    assert run.config()["learning_rate"] == best["params"]["learning_rate"]
    assert run.status().state == "completed" and not run.scores_file("test").exists()  # test stays closed
    folder = Path(again["folder"])
    assert (folder / "results" / "optimization_history.png").stat().st_size > 1000
    assert json.loads((folder / "tuning.json").read_text())["done"] == 3
    # Opening test is a decision of its own.
    metrics = evaluate(run, space=space, workers=0)
    assert "test" in metrics and run.scores_file("test").exists()


def test_a_run_is_measured_again_and_on_another_dataset(space: Workspace, tmp_path: Path) -> None:
    image_set(space, tmp_path, real=20, fake=20)
    image_set(space, tmp_path, real=6, fake=9, name="other", seed=4)
    from core.runs.folder import new_run

    folder = new_run(small(epochs=1, bootstrap=30), space=space)
    work(folder, space=space)
    torch.use_deterministic_algorithms(False)
    before, point = folder.document("metrics"), (folder.path / "operating_point.json").read_bytes()
    (folder.path / "metrics.json").write_text(json.dumps({**before, "val": None}))
    metrics = evaluate(folder, space=space)
    assert metrics["val"] == before["val"] and metrics["test"] == before["test"]
    assert (folder.path / "operating_point.json").read_bytes() == point
    found = evaluate_on(folder, "other", space=space, workers=0)
    assert found["n"] == 15 and not found["trained_on"] and found["part"] == "all samples"
    assert found["at_chosen"]["threshold"] == json.loads(point)["threshold"]
    assert folder.document("cross_dataset")["other"]["n"] == 15
    own = evaluate_on(folder, "tiny", space=space, workers=0)
    assert own["trained_on"] and own["n"] == before["test"]["n"]
