"""What only a GPU shows: mixed precision there, and memory that really runs out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from core.runs.folder import new_run
from core.training.learner import Context, NetworkLearner
from core.training.loop import Loop
from core.training.options.config import TrainConfig
from core.training.process.ranks import Ranks
from core.training.reading.device_changes import change_pictures
from core.training.scoring.agreement import TOLERANCE
from core.training.scoring.predict import predict
from core.training.setup import set_up
from core.workspace import Workspace
from tests.training.tiny_catalogue import image_set, small

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA device here"),
]


def loop(space: Workspace, tmp_path: Path, **more: Any) -> Loop:
    image_set(space, tmp_path, real=30, fake=30)
    setup = set_up(TrainConfig.from_dict(small(device="cuda", **more)), space)
    ranks = Ranks(0, 1, torch.device("cuda", 0))
    return Loop(NetworkLearner(setup, Context(ranks)), new_run(setup.config.to_dict(), path=tmp_path / "run"))


@pytest.mark.parametrize("precision", ["fp32", "bf16", "fp16"])
def test_every_precision_trains(space: Workspace, tmp_path: Path, precision: str) -> None:
    job = loop(space, tmp_path, precision=precision, epochs=2, loss="weighted_focal")
    assert job.fit()
    assert job.progress.finished and job.folder.best_model.exists()


def test_memory_that_runs_out_halves_the_batch(space: Workspace, tmp_path: Path) -> None:
    job = loop(space, tmp_path, batch_size=16)
    batch = next(iter(job.loader.batches(job.draws_of(1)[:1])))
    forward = job.network.forward

    def hungry(inputs: torch.Tensor, *args: Any, **more: Any) -> Any:
        if len(inputs) > 4:
            torch.empty(2**50, dtype=torch.uint8, device=inputs.device)  # more than any card has
        return forward(inputs, *args, **more)

    job.network.forward = hungry  # type: ignore[method-assign]
    job.stepper.step([batch], 1, 1)
    result = job.stepper.collect()
    assert job.stepper.parts == 4 and np.isfinite(result.loss) and len(result.labels) == 16


def test_scores_in_half_precision_agree_with_those_in_full(space: Workspace, tmp_path: Path) -> None:
    job = loop(space, tmp_path, epochs=3, precision="auto")
    assert job.fit()
    source = job.setup.source("val")
    quick, exact = (
        predict(job.network, job.setup.card, source, job.ranks, precision=p) for p in ("auto", "fp32")
    )
    apart = [abs(quick.scored[k].score - exact.scored[k].score) for k in exact.scored]
    assert max(apart) <= TOLERANCE


def test_a_step_asks_the_device_for_nothing(space: Workspace, tmp_path: Path) -> None:
    """Any question to the device inside of the step would raise here."""
    job = loop(space, tmp_path, batch_size=16, precision="bf16", clip_norm=1.0)
    batch = next(iter(job.loader.batches(job.draws_of(1)[:1])))
    job.network.train()
    job.stepper.step([batch], 1, 1)
    torch.cuda.set_sync_debug_mode("error")
    try:
        job.stepper.step([batch], 2, 2)
    finally:
        torch.cuda.set_sync_debug_mode("default")
    assert job.stepper.collect().loss > 0
    assert all(group["fused"] for group in job.stepper.optimizer.param_groups)


def test_a_batch_is_grown_to_the_card(space: Workspace, tmp_path: Path) -> None:
    job = loop(space, tmp_path, batch_size="auto", precision="auto")
    assert isinstance(job.config.batch_size, int) and job.config.batch_size >= 8


def test_pictures_are_changed_on_the_device_and_learned_from(space: Workspace, tmp_path: Path) -> None:
    job = loop(space, tmp_path, augmentation=["flip", "rotation", "color", "blur", "noise"], epochs=2)
    batch = next(iter(job.loader.batches(job.draws_of(1)[:1])))
    image = batch.inputs["image"]
    assert image.dtype == torch.uint8 and "change_warp" in batch.inputs
    there, here = (change_pictures(batch.inputs, device).cpu() for device in ("cuda", "cpu"))
    assert float((there - here).abs().mean()) < 8  # the grain is another
    assert float((there - image).abs().mean()) > 0.5
    assert job.fit()
