"""Files are prepared before the first step, in sight of everybody: how many, how fast, how long yet."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from core import progress
from core.cli import main
from core.cli import prepare as prepare_command
from core.errors import BadInput
from core.media import cache
from core.progress import Pace, words
from core.runs import summaries
from core.runs.executors import ray_shards
from core.runs.folder import new_run
from core.training import preparation
from core.training.learner import Context
from core.training.options.config import TrainConfig
from core.training.preparation import files_of, prepare_inputs
from core.training.process.heartbeat import Heartbeat
from core.training.process.ranks import Ranks
from core.training.setup import Setup, set_up
from core.training.worker import preparing_reporter, work
from core.workspace import Workspace
from tests.training.tiny_catalogue import image_set, small

CPU = Ranks(0, 1, torch.device("cpu"))


@pytest.fixture
def setup(space: Workspace, tmp_path: Path) -> Setup:
    image_set(space, tmp_path, real=20, fake=20)
    (tmp_path / "tiny" / "real" / "0003.png").write_bytes(b"no picture")
    return set_up(TrainConfig.from_dict(small()), space)


def prepare(setup: Setup, stop: Callable[[], bool] = lambda: False) -> tuple[bool, list[Pace | None]]:
    reports: list[Pace | None] = []
    return prepare_inputs(setup, Context(CPU, stop), reports.append), reports


def kept(setup: Setup) -> int:
    return sum(cache.is_kept(file, recipe, setup.space) for recipe, file in files_of(setup))


def test_every_file_is_prepared_once_and_counted(setup: Setup, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "core")
    went_on, reports = prepare(setup)
    assert went_on and kept(setup) == 39
    paces = [pace for pace in reports if pace is not None]
    assert list(dict.fromkeys(pace.done for pace in paces)) == list(range(41))
    assert (paces[-1].done, paces[-1].total, paces[-1].seconds_left) == (40, 40, 0.0)
    assert reports[-1] is None
    assert "Preparing 0 of 40 files; 0 are in the cache" in caplog.text and "1 cannot be used" in caplog.text
    went_on, reports = prepare(setup)
    assert went_on and [pace.total for pace in reports if pace is not None][:1] == [1], (
        "the damaged one again"
    )


def test_stop_works_while_files_are_prepared(setup: Setup) -> None:
    asked: list[bool] = []

    def stop() -> bool:
        asked.append(True)
        return len(asked) > 3

    went_on, reports = prepare(setup, stop)
    assert not went_on and reports[-1] is None and kept(setup) < 39


@pytest.mark.long
def test_a_run_that_is_stopped_while_it_prepares_goes_on_later(
    space: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    image_set(space, tmp_path, real=20, fake=20)
    run = new_run(small(epochs=1, bootstrap=20), space=space)
    seen: list[dict[str, Any]] = []

    def stop(self: Heartbeat) -> bool:
        if self.fields.get("preparing"):
            seen.append(self.fields["preparing"])
        return bool(seen) and seen[-1]["done"] >= 3

    with monkeypatch.context() as patched:
        patched.setattr(Heartbeat, "stop_requested", stop)
        work(run, space=space)
    assert run.status().state == "stopped" and not run.last_checkpoint.exists()
    assert seen[-1]["total"] == 40 and seen[-1]["rate"] > 0
    work(run, resume=True, space=space)
    assert run.status().state == "completed"


def test_log_and_terminal_say_how_fast_it_goes(
    setup: Setup,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
) -> None:
    caplog.set_level(logging.INFO, "core")
    monkeypatch.setattr(preparation, "LOG_EVERY", -1.0)
    monkeypatch.setattr(progress, "LINE_EVERY", -1.0)
    line = re.compile(r"Preparing 20 of 40 files, \S+ \w+ left, \S+ files/s")
    prepare(setup)
    assert line.search(caplog.text)
    assert main(["prepare", "--dataset", "tiny", "--json"]) == 0
    assert line.search(capsys.readouterr().err)


def test_a_set_larger_than_the_cache_is_said_before_it_is_filled(
    setup: Setup, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    setup.space.settings_file.write_text("[limits]\ncache_bytes = 60_000\n")
    went_on, _ = prepare(setup)
    assert went_on and kept(setup) <= 8
    assert "40 prepared files need about" in caplog.text and "cache_bytes" in caplog.text
    for more in ([], ["--resume"]):
        assert main(["prepare", "--dataset", "tiny", "--json", *more]) == 2
        assert "40 prepared files need about" in capsys.readouterr().err


def test_a_cluster_gets_nothing_to_do_that_the_cache_cannot_hold(
    setup: Setup, monkeypatch: pytest.MonkeyPatch
) -> None:
    def over_shards(*_: object, **__: object) -> None:
        raise AssertionError("shards were handed out")

    monkeypatch.setattr(ray_shards, "over_shards", over_shards)
    setup.space.settings_file.write_text("[limits]\ncache_bytes = 60_000\n")
    recipe, files = setup.recipe, [file for _, file in files_of(setup)]
    with pytest.raises(BadInput, match="40 prepared files need about"):
        prepare_command.fill_on_cluster([prepare_command.Task(recipe, files)], 1, 8, setup.space)


def test_status_pages_and_log_say_the_same(space: Workspace) -> None:
    run = new_run(small(), space=space)
    run.set_status(state="running")
    heartbeat = Heartbeat(run, gpu=None)
    report = preparing_reporter(heartbeat, TrainConfig.from_dict(small()))
    report(Pace(212, 740, 70.0))
    heartbeat._show()
    found = json.loads(run.status_file.read_text())["preparing"]
    assert (found["done"], found["total"], round(found["seconds_left"])) == (212, 740, 174)
    summary = summaries.summary(run)
    assert summary.preparation == "Preparing 212 of 740 files, 3 min left, 3.03 files/s"
    assert summary.progress == 212 / 740 and summary.seconds_left is None
    report(None)
    heartbeat._show()
    assert run.status().preparing is None and summaries.summary(run).preparation is None
    assert run.status().learning_since is not None


def test_words_of_a_damaged_status_are_none(space: Workspace) -> None:
    run = new_run(small(), space=space)
    run.set_status(state="running", preparing={"done": "many", "total": None})
    assert summaries.summary(run).preparation is None and summaries.summary(run).progress is not None
    assert words({"done": 0, "total": 3}) == "Preparing 0 of 3 files"
