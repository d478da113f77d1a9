"""The same seed gives the same run, and one that was stopped ends like one that was not: on a CPU, and on a GPU where asked."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import torch

from core.runs.folder import RunFolder, new_run
from core.training.process.heartbeat import Heartbeat
from core.training.worker import work
from core.workspace import Workspace
from tests.training.tiny_catalogue import image_set, small

HAS_CUDA = torch.cuda.is_available()
DEVICES = [
    "cpu",
    pytest.param(
        "cuda",
        marks=[pytest.mark.gpu, pytest.mark.skipif(not HAS_CUDA, reason="there is no CUDA device here")],
    ),
]


def trained(
    space: Workspace, path: Path, device: str, *, deterministic: bool = True, **more: Any
) -> RunFolder:
    config = small(
        device=device,
        deterministic=deterministic,
        epochs=2,
        batch_size=4,
        dropout=0.3,
        bootstrap=20,
        augmentation=["flip", "color"],
        balancing=["sampler"],
        scheduler="cosine",
        **more,
    )
    run = new_run(config, path=path)
    work(run, space=space)
    return run


def assert_the_same(one: RunFolder, other: RunFolder) -> None:
    a, b = (torch.load(run.best_model, weights_only=True)["state_dict"] for run in (one, other))
    for name, value in a.items():
        assert torch.equal(value, b[name]), name
    for split in ("val", "test"):
        mine, others = (pd.read_parquet(run.scores_file(split)) for run in (one, other))
        pd.testing.assert_frame_equal(mine, others, check_exact=True)


@pytest.mark.parametrize("device", DEVICES)
def test_a_stopped_run_goes_on_to_the_same_end_and_a_repeat_gives_it_too(
    space: Workspace, tmp_path: Path, device: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    image_set(space, tmp_path, real=20, fake=20)
    whole = trained(space, tmp_path / "whole", device)
    assert whole.status().state == "completed"
    assert "same seed gives the same run" in whole.log_file.read_text()

    asked: list[bool] = []

    def stop(self: Heartbeat) -> bool:
        asked.append(True)
        return self.fields.get("step", 0) >= 9  # in the second epoch

    with monkeypatch.context() as patched:
        patched.setattr(Heartbeat, "stop_requested", stop)
        broken = trained(space, tmp_path / "broken", device)
    assert broken.status().state == "stopped" and asked
    kept = torch.load(broken.last_checkpoint, weights_only=True)
    assert kept["settled"]["batch_size"] == 4 and kept["progress"]["step"] >= 9
    work(broken, resume=True, space=space)
    assert_the_same(whole, broken)
    if device == "cuda":
        assert_the_same(whole, trained(space, tmp_path / "again", device))
        assert "deterministic: a step takes" in whole.log_file.read_text()


@pytest.mark.gpu
@pytest.mark.skipif(not HAS_CUDA, reason="there is no CUDA device here")
def test_without_it_a_run_on_a_gpu_says_that_its_seed_does_not_fix_the_result(
    space: Workspace, tmp_path: Path
) -> None:
    image_set(space, tmp_path, real=20, fake=20)
    said = trained(space, tmp_path / "run", "cuda", deterministic=False).log_file.read_text()
    assert "on a GPU the seed does not fix the result" in said and "a step takes" not in said
