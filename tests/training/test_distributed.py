"""Two processes on a CPU train one network: torchrun starts them, only the first writes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
import torch
import yaml

from core.errors import BadInput
from core.runs import events
from core.runs.folder import RunFolder, new_run
from core.training.learner import Context, NetworkLearner
from core.training.learning import best_model
from core.training.loop import Loop
from core.training.options.config import TrainConfig
from core.training.process.ranks import Ranks, own_device
from core.training.scoring.predict import predict
from core.training.setup import set_up
from core.workspace import CODE_ROOT, Workspace
from tests.training.test_resume import wait_for
from tests.training.tiny_catalogue import image_set, small


@pytest.mark.long
def test_devices_two_on_one_cpu(space: Workspace, tmp_path: Path) -> None:
    image_set(space, tmp_path, real=16, fake=32)
    (tmp_path / "tiny" / "fake" / "0020.png").write_bytes(b"no picture")
    config = tmp_path / "config.yaml"
    config.write_text(
        yaml.safe_dump(small(devices=2, epochs=2, batch_size=4, balancing=["sampler"], bootstrap=20))
    )
    command = [
        sys.executable,
        "-m",
        "core",
        "train",
        str(config),
        "--run-dir",
        str(tmp_path / "run"),
        "--json",
    ]
    done = subprocess.run(
        command,
        cwd=CODE_ROOT,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    result = json.loads(done.stdout)
    assert result["status"] == "completed"
    run = tmp_path / "run"
    plan = json.loads((run / "plan.json").read_text())
    for split in ("val", "test"):
        scores = pd.read_parquet(run / "scores" / f"{split}.parquet")
        missing = set(plan["splits"][split]) - set(scores["id"])
        assert scores["id"].is_unique and missing <= {"tiny/fake/0020.png"}
        assert_scored_as_alone(RunFolder(run), split, scores, space)
    found = events.read(run / "events.jsonl")[0]
    counts = pd.Series([e.name for e in found]).value_counts()
    assert counts["val/auc"] == 2  # one rank wrote, once an epoch
    lines = [line for line in (run / "log.txt").read_text().splitlines() if "epoch 1/2" in line]
    assert len(lines) == 1
    kept = torch.load(run / "last.pth", weights_only=True)
    assert len(kept["ranks"]) == 1 and kept["ranks"][0]["step"] == kept["progress"]["step"]
    # Half of the training draws each, in as many steps.
    n = len(plan["splits"]["train"])
    each = (n + 1) // 2
    assert kept["progress"]["step"] == 2 * ((each + 3) // 4)


SHORT_OF_MEMORY = '''
"""A network for which the memory of the second process is too small."""
import os
import torch
from torch import nn
from models.cards import ModelCard
from models.network import Average, Network
from models.registry import register

SHORT, WHERE = os.environ.get("RANK") == "1", os.environ.get("SHORT_OF_MEMORY")


def fail(gradient):
    raise torch.cuda.OutOfMemoryError("CUDA out of memory")


@register(ModelCard("short_of_memory", "image", about="a test", source="here", cam_layer="encoder.0"))
class ShortOfMemory(Network):
    def __init__(self, *, pretrained=False):
        super().__init__()
        self.encoder = nn.Sequential(
            nn.Conv2d(3, 8, 3, stride=4), nn.BatchNorm2d(8), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten()
        )
        self.aggregation = Average()
        self.head = nn.Linear(8, 2)

    def encode(self, inputs, mask):
        short = SHORT and self.training
        if short and WHERE == "forward" and len(inputs) > 2:
            fail(None)
        units = self.encoder(inputs).unsqueeze(1)
        if short and WHERE == "backward":
            units.register_hook(fail)
        return units
'''


@pytest.mark.long
@pytest.mark.parametrize("where", ["forward", "backward"])
def test_memory_that_runs_out_on_one_of_two_processes(
    space: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    """It splits its batches, and the other waits for nothing; where that comes too late, one line says so."""
    image_set(space, tmp_path, real=16, fake=16)
    (tmp_path / "networks").mkdir()
    (tmp_path / "networks" / "short_of_memory.py").write_text(SHORT_OF_MEMORY)
    config, run = tmp_path / "config.yaml", RunFolder(tmp_path / "run")
    config.write_text(
        yaml.safe_dump(small(devices=2, epochs=2, batch_size=4, model="short_of_memory", bootstrap=20))
    )
    for name, value in (
        ("DEEPFAKE_MODELS", str(tmp_path / "networks")),
        ("SHORT_OF_MEMORY", where),
        ("OMP_NUM_THREADS", "1"),
    ):
        monkeypatch.setenv(name, value)
    command = [sys.executable, "-m", "core", "train", str(config), "--run-dir", str(run.path), "--json"]
    done = subprocess.run(command, cwd=CODE_ROOT, capture_output=True, text=True, check=False, timeout=240)
    status = run.status()
    if where == "forward":
        assert done.returncode == 0, done.stderr[-3000:]
        assert status.state == "completed"
        kept = torch.load(run.last_checkpoint, weights_only=True)
        assert (kept["progress"]["parts"], kept["ranks"][0]["parts"]) == (1, 2)
        return
    assert done.returncode == 1 and status.state == "failed"
    assert status.error is not None and status.error.startswith("process 2 of 2: memory ran out while")
    assert done.stderr.splitlines()[-1] == status.error


def assert_scored_as_alone(run: RunFolder, split: str, scores: pd.DataFrame, space: Workspace) -> None:
    """Each process scored a part of the split: together they give what one gives."""
    setup = set_up(TrainConfig.from_dict(run.config()), space)
    loaded = best_model.load(run)
    alone = predict(loaded.network, loaded.card, setup.source(split), Ranks(0, 1, torch.device("cpu")))
    ids = setup.planned.split(split)["id"].to_numpy()
    expected = {str(ids[i]): one.score for i, one in alone.scored.items()}
    assert dict(zip(scores["id"], scores["score"], strict=True)) == pytest.approx(expected, abs=1e-6)


@pytest.mark.long
def test_two_processes_asked_to_stop_end_as_stopped(space: Workspace, tmp_path: Path) -> None:
    image_set(space, tmp_path, real=16, fake=32)
    config = tmp_path / "config.yaml"
    config.write_text(yaml.safe_dump(small(devices=2, epochs=500, batch_size=4, early_stopping=0)))
    run = RunFolder(tmp_path / "run")
    process = subprocess.Popen(
        [sys.executable, "-m", "core", "train", str(config), "--run-dir", str(run.path), "--json"],
        cwd=CODE_ROOT,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    wait_for(lambda: any(e.name == "val/auc" for e in events.read(run.events_file)[0]), process)
    process.terminate()
    out, err = process.communicate(timeout=120)
    assert process.returncode == 0, err[-2000:]
    assert json.loads(out)["status"] == run.status().state == "stopped"
    assert run.last_checkpoint.exists() and not run.stop_file.exists()


def test_a_rank_without_a_usable_sample_takes_part_with_another_of_its_own(
    space: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also in its very first batch; the other ranks wait for it at the end of every step."""
    image_set(space, tmp_path, real=12, fake=12)
    setup = set_up(TrainConfig.from_dict(small(batch_size=1)), space)
    learner = NetworkLearner(setup, Context(Ranks(0, 1, torch.device("cpu"))))
    job = Loop(learner, new_run(setup.config.to_dict(), path=tmp_path / "run"))
    first, second = job.draws_of(1)[:2]
    Path(setup.source("train").files[first[0][2]]).write_bytes(b"no picture")
    monkeypatch.setattr(Ranks, "any", lambda self, flag: True)  # some other rank has what this one lacks
    waiting = job.loader.batches([first, second])
    job._step([next(waiting)])
    assert job.progress.step == 1 and job.progress.seen.count == 0 and len(job.progress.unusable) == 1
    job._step([next(waiting)])
    assert job.progress.step == 2 and job.progress.seen.count == 1


def test_a_device_that_is_not_there_is_refused() -> None:
    assert own_device("cpu").type == "cpu"
    if not torch.cuda.is_available():
        with pytest.raises(BadInput, match="auto or cpu"):
            own_device("cuda")


def test_more_processes_than_gpus_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two on one card would end in what NCCL says of it."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.setenv("LOCAL_RANK", "1")
    assert own_device("auto", 2) == torch.device("cuda", 1)
    with pytest.raises(BadInput, match="devices: 3 processes need a GPU each, and this machine shows 2"):
        own_device("auto", 3)
    monkeypatch.setenv("LOCAL_WORLD_SIZE", "4")
    with pytest.raises(BadInput, match="devices: 4 processes"):
        own_device("cuda")
    assert own_device("cpu").type == "cpu"
