"""`python -m core runs` without a server: list, stop, resume, delete, and its one line for what is wrong."""

from __future__ import annotations

import functools
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from core import cli
from core.cli import runs as command
from core.runs import processes
from core.runs.folder import RunFolder, new_run
from core.runs.manager import RunManager
from core.workspace import Workspace
from tests.runs.conftest import WORKER, ended, stand_in_executor, wait_until


@pytest.fixture(autouse=True)
def small_workers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "RunManager", functools.partial(RunManager, make_executor=stand_in_executor))


@pytest.fixture
def alive(space: Workspace) -> Iterator[Callable[..., RunFolder]]:
    """A run that somebody started in a terminal."""
    workers = []

    def begin(**config: object) -> RunFolder:
        run = new_run({"model": "m", "epochs": 2000, "pause": 0.02, **config}, space=space)
        workers.append(subprocess.Popen([sys.executable, str(WORKER), "--run-dir", str(run.path)]))
        wait_until(lambda: run.status().step > 0)
        return run

    yield begin
    for worker in workers:
        worker.kill()
        worker.wait()


def answer(capsys: pytest.CaptureFixture[str], *arguments: str) -> object:
    assert cli.main(["runs", *arguments, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_the_list_tells_state_and_progress(
    alive: Callable[..., RunFolder], space: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    assert answer(capsys) == []
    run = alive()
    (row,) = answer(capsys, "list")  # type: ignore[misc]
    assert (row["run"], row["state"], row["stalled"]) == (run.id, "running", False)
    assert 0 < row["progress"] < 1
    assert cli.main(["runs"]) == 0
    assert run.id in capsys.readouterr().out


def test_a_run_is_called_by_its_name(space: Workspace, capsys: pytest.CaptureFixture[str]) -> None:
    run = new_run({"model": "simple_cnn", "name": "Our first"}, space=space)
    run.set_status(state="completed", best=0.91)
    assert cli.main(["runs"]) == 0
    heads, line, *_meanings = capsys.readouterr().out.splitlines()
    assert heads.startswith("name ") and line.startswith("Our first ") and line.endswith(run.id)
    assert cli.main(["runs", "stop", run.id]) == 2
    assert capsys.readouterr().err.startswith(f"Our first ({run.id}) is completed; there is nothing to stop")
    assert cli.main(["runs", "delete", run.id]) == 0
    assert capsys.readouterr().out == f"Our first ({run.id}): deleted\n"


def test_stop_ends_the_worker_and_waits_for_it(
    alive: Callable[..., RunFolder], capsys: pytest.CaptureFixture[str]
) -> None:
    run = alive()
    assert answer(capsys, "stop", run.id) == {
        "run": run.id,
        "name": "m",
        "state": "stopped",
        "error": None,
    }
    status = run.status()
    assert not processes.alive(status.pid, status.process_start)


def test_stop_of_a_queued_run_unqueues_it(space: Workspace, capsys: pytest.CaptureFixture[str]) -> None:
    run = new_run({"model": "m"}, space=space)
    run.set_status(device="auto")
    assert answer(capsys, "stop", run.id) == {
        "run": run.id,
        "name": "m",
        "state": "stopped",
        "error": None,
    }


def test_resume_starts_a_worker_that_outlives_the_command(
    alive: Callable[..., RunFolder], capsys: pytest.CaptureFixture[str]
) -> None:
    run = alive(epochs=8)
    answer(capsys, "stop", run.id)
    step = run.status().step
    said = answer(capsys, "resume", run.id)
    assert said["state"] == "running"  # type: ignore[index]
    assert psutil.Process(int(run.status().handle.split(":")[1])).status() != psutil.STATUS_STOPPED
    assert ended(run) == "completed"
    assert run.status().step == 40 > step


def test_delete_refuses_while_it_runs(
    alive: Callable[..., RunFolder], capsys: pytest.CaptureFixture[str]
) -> None:
    run = alive()
    assert cli.main(["runs", "delete", run.id]) == 2
    error = capsys.readouterr().err
    assert "stop it first" in error and error.count("\n") == 1
    answer(capsys, "stop", run.id)
    assert answer(capsys, "delete", run.id) == {"run": run.id, "name": "m", "state": "deleted"}
    assert not run.path.exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("stop",), "stop needs the id of a run"),
        (("list", "x"), "list takes no run"),
        (("stop", "no-such-run"), "there is no run 'no-such-run'"),
        (("resume", "../../etc"), "there is no run"),
        (("start", "x"), "invalid choice"),
    ],
)
def test_what_is_wrong_is_one_line(
    arguments: tuple[str, ...], message: str, space: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["runs", *arguments]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert message in printed.err and printed.err.count("\n") == 1


def test_a_run_that_died_unseen_is_settled_by_stop(
    alive: Callable[..., RunFolder], capsys: pytest.CaptureFixture[str]
) -> None:
    run = alive()
    os.kill(int(run.status().pid or 0), signal.SIGKILL)
    wait_until(lambda: not processes.alive(run.status().pid, run.status().process_start))
    assert answer(capsys, "stop", run.id)["state"] == "stopped"  # type: ignore[index]


def test_a_run_that_died_unseen_is_listed_as_interrupted_and_resumed(
    alive: Callable[..., RunFolder], capsys: pytest.CaptureFixture[str]
) -> None:
    run = alive(epochs=20)
    os.kill(int(run.status().pid or 0), signal.SIGKILL)
    wait_until(lambda: not processes.alive(run.status().pid, run.status().process_start))
    (row,) = answer(capsys, "list")  # type: ignore[misc]
    assert row["state"] == run.status().state == "interrupted"
    assert "resume" in row["error"]
    assert answer(capsys, "resume", run.id)["state"] == "running"  # type: ignore[index]
    assert ended(run) == "completed"


def test_a_run_that_died_unseen_is_deleted(
    alive: Callable[..., RunFolder], capsys: pytest.CaptureFixture[str]
) -> None:
    run = alive()
    os.kill(int(run.status().pid or 0), signal.SIGKILL)
    wait_until(lambda: not processes.alive(run.status().pid, run.status().process_start))
    assert answer(capsys, "delete", run.id) == {"run": run.id, "name": "m", "state": "deleted"}


ODD_STATUS = {
    "a list": "[]",
    "not JSON": "{",
    "no text": "\x00\x01",
    "a state that is none": '{"state": "dancing"}',
    "wrong kinds": '{"state": "completed", "created": "yesterday", "epoch": [1], "best": "high", "error": 7, "pid": "x"}',
    "NaN": '{"state": "completed", "created": NaN, "best": Infinity}',
    "deep": "[" * 100_000,
}


@pytest.mark.parametrize("name", ODD_STATUS)
def test_a_folder_from_elsewhere_never_spoils_the_list(
    name: str, space: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    good = new_run({"model": "m", "datasets": ["d"]}, space=space)
    good.set_status(state="completed")
    odd = new_run({"model": "m"}, space=space)
    odd.status_file.write_text(ODD_STATUS[name])
    odd.config_file.write_text("datasets: 5\nepochs: many\nname: [1]\n")
    rows = {row["run"]: row for row in answer(capsys, "list")}  # type: ignore[union-attr, index]
    assert rows[good.id]["state"] == "completed"
    assert rows[odd.id]["state"] in ("completed", "interrupted")
    assert answer(capsys, "delete", odd.id) == {"run": odd.id, "name": "[1]", "state": "deleted"}


def test_a_copied_folder_opens_under_any_name(space: Workspace, capsys: pytest.CaptureFixture[str]) -> None:
    run = new_run({"model": "m"}, space=space)
    run.set_status(state="completed", host="elsewhere", pid=1, process_start=1.0)
    copy = run.path.with_name("a copy (2)")
    shutil.copytree(run.path, copy)
    assert {row["run"] for row in answer(capsys, "list")} == {run.id, copy.name}  # type: ignore[union-attr, index]
    assert answer(capsys, "delete", copy.name) == {"run": copy.name, "name": "m", "state": "deleted"}
    assert run.path.is_dir() and not copy.exists()


def test_deleting_a_link_leaves_what_it_points_to(
    space: Workspace, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = new_run({"model": "m"}, space=space)
    run.set_status(state="completed")
    away = tmp_path / "away"
    run.path.rename(away)
    run.path.symlink_to(away)
    assert answer(capsys, "delete", run.id) == {"run": run.id, "name": "m", "state": "deleted"}
    assert (away / "status.json").is_file() and not run.path.exists()


def test_an_imported_detector_is_deleted_by_the_same_command_and_never_resumed(
    space: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    detector = RunFolder(space.detectors / "vit")
    detector.path.mkdir(parents=True)
    detector.save_document("detector", {"modality": "image", "title": "a small one"})
    (detector.path / "config.yaml").write_text("modality: image\n")
    space.change_settings(lambda settings: {**settings, "detectors": {"image": "vit"}})
    for action, what in (("resume", "resumed"), ("stop", "stopped")):
        assert cli.main(["runs", action, "vit"]) == 2
        said = capsys.readouterr().err
        assert len(said.strip().splitlines()) == 1 and f"no training that can be {what}" in said
    assert cli.main(["runs", "delete", "vit", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"run": "vit", "name": "vit", "state": "deleted"}
    assert not detector.path.exists() and space.settings().get("detectors") == {}
    assert cli.main(["runs", "delete", "vit"]) == 2
    assert "there is no run 'vit'" in capsys.readouterr().err


def test_rename_calls_a_detector_otherwise_and_a_training_by_its_new_name(
    space: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    detector = RunFolder(space.detectors / "vit")
    detector.path.mkdir(parents=True)
    detector.save_document("detector", {"detector": "vit", "modality": "image", "title": "a small one"})
    (detector.path / "config.yaml").write_text("modality: image\nname: vit\n")
    space.change_settings(lambda settings: {**settings, "detectors": {"image": "vit"}})
    run = new_run({"model": "m"}, space=space)
    run.set_status(state="completed")
    expected = {"run": "faces", "was": "vit", "name": "faces", "state": "renamed"}
    assert answer(capsys, "rename", "vit", "faces") == expected
    assert space.settings()["detectors"] == {"image": "faces"}
    listed = {row["run"]: row["name"] for row in answer(capsys)}  # type: ignore[attr-defined]
    assert listed["faces"] == "faces" and "vit" not in listed
    answer(capsys, "rename", run.id, "First try")
    listed = {row["run"]: row["name"] for row in answer(capsys)}  # type: ignore[attr-defined]
    assert listed[run.id] == "First try"
    actions = [json.loads(line)["action"] for line in (space.root / "audit.jsonl").read_text().splitlines()]
    assert "rename detector" in actions
    for words, message in (
        (("faces", run.id), f"the name '{run.id}' is taken; choose another\n"),
        (("faces", "../out"), "must be letters, digits"),
        (("faces",), "rename needs the new name"),
        (("nobody", "x"), "there is no run 'nobody'"),
    ):
        assert cli.main(["runs", "rename", *words]) == 2
        said = capsys.readouterr().err
        assert message in said and len(said.strip().splitlines()) == 1, said
    assert cli.main(["runs", "stop", run.id, "more"]) == 2
    assert "stop takes one run (more is too much)" in capsys.readouterr().err
