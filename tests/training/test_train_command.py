"""`python -m core train`: what it refuses about folders, before anything is built."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from core import cli
from core.runs.folder import RunFolder, new_run
from core.training.options.config import TrainConfig
from core.workspace import Workspace
from tests.training.tiny_catalogue import image_set, small


def refused(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert cli.main(["train", "--json", *arguments]) == 2
    printed = capsys.readouterr()
    assert printed.out == "" and printed.err.count("\n") == 1
    return printed.err


@pytest.fixture
def run(space: Workspace) -> RunFolder:
    return new_run(TrainConfig(modality="image", epochs=7).to_dict(), space=space)


def test_a_run_dir_that_is_a_file_is_refused(
    space: Workspace, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "notes.txt"
    file.write_text("kept")
    for path in (file, file / "below"):
        assert "is a file" in refused(capsys, "--run-dir", str(path), "--set", "modality=image")
    assert file.read_text() == "kept"


def test_a_resumed_run_may_be_given_its_own_configuration_again(
    run: RunFolder, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    went = []
    monkeypatch.setattr(
        "core.training.worker.work",
        lambda folder, resume, setup: went.append((folder.path, resume)) or {"run": 1},
    )
    again = ["--run-dir", str(run.path), "--resume"]
    assert cli.main(["train", "--json", str(run.config_file), "--set", "epochs=7", *again]) == 0
    assert went == [(run.path, True)]
    capsys.readouterr()
    assert "epochs: 8" in refused(capsys, *again, "--set", "epochs=8")


def test_resume_needs_the_folder(
    space: Workspace, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "--run-dir" in refused(capsys, "--resume")
    assert "config.yaml" in refused(capsys, "--resume", "--run-dir", str(tmp_path / "none"))
    assert not (tmp_path / "none").exists()


def test_resuming_a_completed_run_gives_its_result_and_changes_nothing(
    run: RunFolder, capsys: pytest.CaptureFixture[str]
) -> None:
    run.set_status(state="completed")
    run.save_document("metrics", {"best_epoch": 3})
    before = {p: p.stat().st_mtime_ns for p in run.path.rglob("*")}
    assert cli.main(["train", "--json", "--run-dir", str(run.path), "--resume"]) == 0
    printed = capsys.readouterr()
    assert json.loads(printed.out)["best_epoch"] == 3 and "has completed" in printed.err
    assert {p: p.stat().st_mtime_ns for p in run.path.rglob("*")} == before


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        (["dataset_weights={nobody: 2}"], ["dataset_weights: 'nobody'", "tiny"]),
        (["protocol=heldout_method", "datasets=[other]"], ["protocol: ", "(heldout_method)", "(group)"]),
        (["device=cuda"], ["device: cuda", "auto or cpu"]),
        (["epochs=none"], ["epochs: 'none'", "whole number"]),
    ],
)
def test_what_only_the_catalogue_or_the_machine_knows_is_refused_before_a_folder_appears(
    space: Workspace,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    settings: list[str],
    words: list[str],
) -> None:
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    for name in ("tiny", "other"):
        image_set(space, tmp_path, real=8, fake=8, name=name)
    made = [f"{name}={value}" for name, value in small().items() if name not in {"device", "datasets"}]
    arguments = [part for setting in [*made, *settings] for part in ("--set", setting)]
    said = refused(capsys, *arguments, "--run-dir", str(tmp_path / "new"))
    assert all(word in said for word in words), said
    assert not (tmp_path / "new").exists()
