"""Tuning: trials are ordinary runs, a second call goes on, a wrong space is refused; and runs are measured again."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import optuna
import pytest
import torch
import yaml

from core.errors import BadInput, WorkbenchError
from core.runs.folder import RunFolder, new_run, open_run
from core.training.options.config import TrainConfig
from core.training.rescore import evaluate, evaluate_on
from core.training.tuning import tuning
from core.training.tuning.results import summary
from core.training.tuning.search import DEFAULT, check_space, suggest
from core.training.tuning.trials import OWNER, Trials
from core.training.worker import work
from core.workspace import CODE_ROOT, Workspace
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
        ({"loss": ["cross_entropy", "x"]}, "search: loss: 'x' must be one of cross_entropy"),
        ({"epochs": {"low": 0, "high": 5}}, "search: epochs: 0"),
        ({"batch_size": {"low": 1.5, "high": 5}}, "search: batch_size: 1.5 must be a whole number"),
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


def train_here(monkeypatch: pytest.MonkeyPatch, space: Workspace, wrong: bool = False) -> list[list[str]]:
    """Runs in this process: what is tested is the tuning around them. Gives the commands that it starts."""
    commands: list[list[str]] = []

    class Here:
        def __init__(self, command: list[str], **_: Any) -> None:
            commands.append(command)
            folder = RunFolder(Path(command[command.index("--run-dir") + 1]))
            if wrong:
                folder.set_status(state="failed", error="there is no such thing")
                return
            work(folder, space=space, resume="--resume" in command)
            torch.use_deterministic_algorithms(False)

        def poll(self) -> int:
            return 0

    monkeypatch.setattr(tuning, "subprocess", SimpleNamespace(Popen=Here, DEVNULL=-3, STDOUT=-2))
    return commands


SEARCH = {"learning_rate": {"low": 1e-4, "high": 1e-2, "log": True}}


@pytest.mark.long
def test_trials_are_runs_and_a_second_call_goes_on(
    space: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    image_set(space, tmp_path, real=20, fake=20)

    train_here(monkeypatch, space)
    given = small(epochs=1, bootstrap=20, search=SEARCH)
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


@pytest.mark.long
@pytest.mark.parametrize("had", ["nothing", "a run", "a run with a checkpoint", "a completed run"])
def test_what_a_killed_tuning_left_is_finished_by_the_next(
    space: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, had: str
) -> None:
    image_set(space, tmp_path, real=20, fake=20)
    commands = train_here(monkeypatch, space)
    given = small(epochs=2, bootstrap=20, search=SEARCH)
    folder = tuning.folder_for({k: v for k, v in given.items() if k != "search"}, SEARCH, space)
    trial = Trials(tuning.open_study(folder), folder).next(2)
    assert trial is not None
    gone = [socket.gethostname(), 2**22 + 5, 1.0]
    trial.set_user_attr(OWNER, gone)
    if had != "nothing":
        fields = {k: v for k, v in given.items() if k != "search"}
        run = new_run({**fields, **suggest(trial, SEARCH), "score_test": False}, space=space)
        trial.set_user_attr("run", run.id)
        if had == "a completed run":
            work(run, space=space)
            torch.use_deterministic_algorithms(False)
        elif had == "a run with a checkpoint":
            killed_after_an_epoch(run, space, gone)
    found = tuning.tune(given, 2, space=space)
    assert (found["done"], len(found["all"])) == (2, 2)
    assert {row["state"] for row in found["all"]} <= {"complete", "pruned"}
    mine = next(row for row in found["all"] if row["number"] == 0)
    assert mine["epochs"] == 2
    if had != "nothing":
        assert mine["run"] == run.id
        own = [c for c in commands if str(run.path) in c]
        assert len(own) == (had != "a completed run")
        assert all(("--resume" in c) == (had == "a run with a checkpoint") for c in own)


def killed_after_an_epoch(run: RunFolder, space: Workspace, gone: list[Any]) -> None:
    from core.training.loop import Loop

    def die(self: Loop) -> None:
        save(self)
        if self.progress.epoch == 2:
            raise SystemExit

    save, Loop.save = Loop.save, die  # type: ignore[method-assign]
    try:
        with pytest.raises(SystemExit):
            work(run, space=space)
    finally:
        Loop.save = save  # type: ignore[method-assign]
        torch.use_deterministic_algorithms(False)
    run.set_status(state="running", pid=gone[1], process_start=gone[2])


@pytest.mark.parametrize(("monitor", "best"), [("auc", 0.9), ("loss", 0.2)])
def test_the_best_trial_is_the_one_with_the_best_monitor(tmp_path: Path, monitor: str, best: float) -> None:
    config = TrainConfig(monitor=monitor)
    study = tuning.open_study(tmp_path, minimize=config.lower_is_better)
    for value in (0.5, 0.9, 0.2):
        study.tell(study.ask(), value)
    found = summary(study, tmp_path, 3, config)
    assert found["best"]["value"] == study.best_value == best


def test_trials_that_all_fail_end_the_tuning(
    space: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    image_set(space, tmp_path, real=20, fake=20)
    commands = train_here(monkeypatch, space, wrong=True)
    with pytest.raises(WorkbenchError, match=r"3 trials in a row could not be trained; see the log of run"):
        tuning.tune(small(search=SEARCH), 50, space=space)
    assert len(commands) == 3
    with pytest.raises(BadInput, match="datasets: “absent” is not in the catalogue"):
        tuning.tune(small(datasets=["absent"], search=SEARCH), 50, space=space)
    with pytest.raises(BadInput, match="search: 7 must be a mapping"):
        tuning.tune(small(search=7), 50, space=space)


@pytest.mark.long
def test_two_processes_share_a_study(space: Workspace, tmp_path: Path) -> None:
    """Neither makes a trial that the other makes, and together they make as many as asked for."""
    image_set(space, tmp_path, real=20, fake=20)
    config = tmp_path / "config.yaml"
    config.write_text(yaml.safe_dump(small(epochs=1, bootstrap=20, search=SEARCH)))
    command = [sys.executable, "-m", "core", "tune", str(config), "--trials", "4", "--json"]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    both = [
        subprocess.Popen(
            command, cwd=CODE_ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        for _ in range(2)
    ]
    printed = [one.communicate() for one in both]
    assert [one.returncode for one in both] == [0, 0], printed
    for _, err in printed:
        assert b"Warning" not in err, err.decode()
    last = max((json.loads(out) for out, _ in printed), key=lambda found: found["done"])
    assert last["done"] == len(last["all"]) == 4
    assert len({row["run"] for row in last["all"]}) == 4 == len(list(space.runs.iterdir()))


@pytest.mark.long
def test_a_run_is_measured_again_and_on_another_dataset(space: Workspace, tmp_path: Path) -> None:
    image_set(space, tmp_path, real=20, fake=20)
    image_set(space, tmp_path, real=6, fake=9, name="other", seed=4)
    folder = new_run(small(epochs=1, bootstrap=30), space=space)
    work(folder, space=space)
    torch.use_deterministic_algorithms(False)
    before, point = folder.document("metrics"), (folder.path / "operating_point.json").read_bytes()
    before["provenance"]["device"] = "the machine that trained it"
    (folder.path / "metrics.json").write_text(json.dumps({**before, "val": None}))
    metrics = evaluate(folder, space=space)
    assert metrics["val"] == before["val"] and metrics["test"] == before["test"]
    assert (folder.path / "operating_point.json").read_bytes() == point
    assert metrics["provenance"] == before["provenance"], "what made the run is what made it then"
    assert metrics["evaluated_by"]["device"].startswith("CPU")
    found = evaluate_on(folder, "other", space=space, workers=0)
    assert found["n"] == 15 and not found["trained_on"] and found["part"] == "all samples"
    assert found["at_chosen"]["threshold"] == json.loads(point)["threshold"]
    assert folder.document("cross_dataset")["other"]["n"] == 15
    own = evaluate_on(folder, "tiny", space=space, workers=0)
    assert own["trained_on"] and own["n"] == before["test"]["n"]
