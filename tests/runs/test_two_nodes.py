"""One training over two nodes that share a workspace: both play on this machine and meet over loopback."""

from __future__ import annotations

import json
import os
import socket
import subprocess
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from core.catalog.scan import scan
from core.runs.executors.torchrun import TorchrunExecutor
from core.runs.folder import new_run
from core.training.options.config import TrainConfig
from core.workspace import CODE_ROOT, Workspace
from tests.runs.conftest import wait_until

CONFIG = {
    "modality": "image",
    "datasets": ["pictures"],
    "model": "forensic_residual",
    "tune": "all",
    "epochs": 2,
    "image_size": 64,
    "faces": False,
    "batch_size": 4,
    "workers": 0,
    "protocol": "group",
    "bootstrap": 20,
    "device": "cpu",
}


@pytest.fixture
def pictures(space: Workspace, tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    for label in ("real", "fake"):
        folder = tmp_path / "pictures" / label
        folder.mkdir(parents=True)
        for i in range(30):
            Image.fromarray(random.integers(0, 255, (64, 64, 3), np.uint8)).save(folder / f"{i}.png")
    scan([tmp_path / "pictures"], space=space)


@pytest.mark.long
def test_two_nodes_train_one_run(
    space: Workspace, pictures: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in (("GLOO_SOCKET_IFNAME", "lo"), ("OMP_NUM_THREADS", "1")):
        monkeypatch.setenv(name, value)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        meeting = f"127.0.0.1:{probe.getsockname()[1]}"
    run = new_run(TrainConfig.from_dict(CONFIG).to_dict(), space=space)
    executor = TorchrunExecutor(space, nodes=2, rendezvous=meeting)
    handle = executor.submit(run, resume=False, slots=("cpu",), processes=1)
    with (tmp_path / "second.txt").open("wb") as log:
        second = subprocess.Popen(
            executor.torchrun(run, False, 1),
            cwd=CODE_ROOT,
            env={**os.environ, **executor.environment()},
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        wait_until(lambda: not executor.poll(handle).alive, "the first node to end", patience=240)
        assert second.wait(60) == 0, (tmp_path / "second.txt").read_text()[-2000:]
    finally:
        executor.stop(handle, force=True)
        second.kill()
        second.wait()
    assert run.status().state == "completed", run.log_file.read_text()[-2000:]
    metrics = json.loads((run.path / "metrics.json").read_text())
    assert metrics
    steps = [
        json.loads(line)["step"] for line in run.events_file.read_text().splitlines() if "step/loss" in line
    ]
    assert steps and steps == sorted(set(steps)), "one writer, whatever the nodes"
