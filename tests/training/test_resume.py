"""A run that was killed and resumed ends bit for bit like one that was not; a stopped run keeps its place."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import torch
import yaml

from core.runs import events
from core.runs.folder import RunFolder
from core.training.worker import work
from core.workspace import CODE_ROOT, Workspace
from tests.training.tiny_catalogue import image_set, small


def start(folder: Path, *arguments: str) -> subprocess.Popen[bytes]:
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "core", "train", "--run-dir", str(folder), *arguments]
    return subprocess.Popen(
        command, cwd=CODE_ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )


def asked(folder: Path, config: dict[str, Any]) -> RunFolder:
    folder.mkdir(parents=True)
    (folder / "config.yaml").write_text(yaml.safe_dump(config))
    return RunFolder(folder)


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """As the killed process has: the order of additions depends on the number of threads."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)
    torch.use_deterministic_algorithms(False)


def wait_for(condition: Any, process: subprocess.Popen[bytes], seconds: float = 120.0) -> None:
    """Watch files until something is true; the process must live so long."""
    end = time.monotonic() + seconds
    while not condition():
        assert process.poll() is None, process.stderr.read().decode()[-2000:]
        assert time.monotonic() < end
        time.sleep(0.02)


def epoch_values(folder: RunFolder) -> dict[tuple[str, int], set[float]]:
    found: dict[tuple[str, int], set[float]] = {}
    for event in events.read(folder.events_file)[0]:
        if event.name.startswith(("val/", "gap/", "train/auc", "train/f1", "lr")):
            found.setdefault((event.name, event.step), set()).add(event.value)
    return found


@pytest.mark.parametrize(
    "more",
    [
        {
            "scheduler": "cosine",
            "augmentation": ["flip", "jpeg"],
            "balancing": ["sampler"],
            "accumulation": 2,
        },
        {"workers": 1, "optimizer": "adam", "balancing": ["pairs"], "precision": "bf16"},
    ],
    ids=["cosine", "workers"],
)
@pytest.mark.long
def test_killed_in_the_middle_of_an_epoch(space: Workspace, tmp_path: Path, more: dict[str, Any]) -> None:
    image_set(space, tmp_path, real=24, fake=20)
    config = small(epochs=3, batch_size=2, dropout=0.3, bootstrap=20, **more)
    whole = asked(tmp_path / "whole", config)
    broken = asked(tmp_path / "broken", {**config, "checkpoint_minutes": 0})
    work(whole, space=space)

    process = start(broken.path)
    wait_for(lambda: in_the_middle(broken), process)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert broken.status().state == "running"
    kept = torch.load(broken.last_checkpoint, weights_only=True)["progress"]
    assert (kept["epoch"], kept["batch"]) < (3, len(range(0, 24, 2))), (
        "it was killed too late to resume anything"
    )
    work(broken, resume=True, space=space)

    for name in ("best_model", "last_checkpoint"):
        a, b = (torch.load(getattr(r, name), weights_only=True) for r in (whole, broken))
        weights = "state_dict" if name == "best_model" else "network"
        assert a[weights].keys() == b[weights].keys()
        for key, value in a[weights].items():
            assert torch.equal(value, b[weights][key]), key
    for split in ("val", "test"):
        pd.testing.assert_frame_equal(
            pd.read_parquet(whole.scores_file(split)),
            pd.read_parquet(broken.scores_file(split)),
            check_exact=True,
        )
    assert epoch_values(whole) == epoch_values(broken)
    metrics = [json.loads((r.path / "metrics.json").read_text()) for r in (whole, broken)]
    assert metrics[0]["test"] == metrics[1]["test"]
    assert metrics[0]["best_epoch"] == metrics[1]["best_epoch"]


def in_the_middle(folder: RunFolder) -> bool:
    """Whether steps of an epoch after the first were made: quickly asked, so that a busy machine does not miss them."""
    return any(e.name == "step/loss" and e.epoch >= 2 for e in events.read(folder.events_file)[0])


@pytest.mark.parametrize("by", ["signal", pytest.param("file", marks=pytest.mark.long)])
def test_asked_to_stop_finishes_the_batch_and_can_go_on(space: Workspace, tmp_path: Path, by: str) -> None:
    image_set(space, tmp_path, real=30, fake=30)
    run = asked(tmp_path / "run", small(epochs=200, batch_size=2, early_stopping=0, bootstrap=20))
    process = start(run.path)
    wait_for(lambda: any(e.name == "val/auc" for e in events.read(run.events_file)[0]), process)
    if by == "signal":
        process.terminate()
    else:
        run.stop_file.touch()
    process.communicate(timeout=60)
    assert process.returncode == 0
    status = run.status()
    assert status.state == "stopped" and status.error is None and status.ended is not None
    assert not run.stop_file.exists()
    assert run.last_checkpoint.exists() and not (run.path / "metrics.json").exists()
    kept = torch.load(run.last_checkpoint, weights_only=True)["progress"]
    assert not kept["finished"] and kept["step"] == status.step


@pytest.mark.long
def test_a_run_whose_folder_is_deleted_ends_in_one_line(space: Workspace, tmp_path: Path) -> None:
    image_set(space, tmp_path, real=24, fake=20)
    run = asked(tmp_path / "run", small(epochs=200, batch_size=2, bootstrap=20, early_stopping=0))
    process = start(run.path)
    wait_for(lambda: run.status().step > 0, process, 240)
    shutil.rmtree(run.path, ignore_errors=True)
    shutil.rmtree(run.path, ignore_errors=True)
    _, said = process.communicate(timeout=120)
    assert process.returncode == 1
    assert b"is gone, so the run ends" in said.splitlines()[-1]
    assert b"Traceback" not in said
    assert not run.path.exists()
