"""Options of the steps and of how long training goes on, read back from what the loop does."""

from __future__ import annotations

import copy
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from core.errors import WorkbenchError
from core.runs import events
from core.training.learning.last_checkpoint import learning_state, load_learning
from core.training.learning.optimizers import Schedule, cosine
from core.training.learning.step import Stepper
from core.training.loop import Loop
from core.training.options.config import TrainConfig
from core.training.process.memory import out_of_memory
from core.workspace import Workspace
from tests.training.option_loops import first_group, loop, space

__all__ = ["space"]  # the fixture


def test_optimiser_and_its_rates(space: Workspace, tmp_path: Path) -> None:
    kinds = {"adam": torch.optim.Adam, "adamw": torch.optim.AdamW, "sgd": torch.optim.SGD}
    for name, kind in kinds.items():
        job = loop(space, tmp_path / name, optimizer=name, learning_rate=0.02, weight_decay=0.03)
        optimizer = job.stepper.optimizer
        assert type(optimizer) is kind
        assert {g["lr"] for g in optimizer.param_groups} == {0.02}
        # Norms and biases are spared.
        assert {g["weight_decay"] for g in optimizer.param_groups} == {0.03, 0.0}


def test_trap_6_the_learning_rate_really_moves(space: Workspace, tmp_path: Path) -> None:
    job = loop(space, tmp_path, scheduler="cosine", warmup=0.5, epochs=2, learning_rate=1e-2)
    steps = job.total_steps
    job.fit()
    rates = [e.value for e in events.read(job.folder.events_file)[0] if e.name == "lr"]
    expected = [1e-2 * cosine(k + 1, round(steps / 2), steps) for k in range(steps)]
    assert rates == pytest.approx(expected)
    assert max(rates) > 5 * min(rates)


def test_plateau_halves_after_its_patience() -> None:
    optimizer = torch.optim.SGD([nn.Parameter(torch.zeros(1))], lr=1.0)
    schedule = Schedule(optimizer, TrainConfig(scheduler="plateau", plateau_patience=1), 10)
    rates = []
    for monitored in (0.6, 0.5, 0.5, 0.5, 0.5):
        schedule.after_step()
        schedule.after_epoch(monitored, 1.0)
        rates.append(optimizer.param_groups[0]["lr"])
    assert rates == [1.0, 1.0, 0.5, 0.5, 0.25]
    still = Schedule(optimizer, TrainConfig(scheduler="none"), 10)
    still.after_step(), still.after_epoch(0.1, 1.0)
    assert optimizer.param_groups[0]["lr"] == 0.25


@pytest.mark.parametrize(
    "options", [{"plateau_watches": "loss"}, {"monitor": "loss"}], ids=["plateau_watches", "monitor"]
)
def test_plateau_can_watch_the_validation_loss(options: dict[str, Any]) -> None:
    """`plateau_watches: loss`: the monitor rises all the time and does not matter; a loss that falls is progress, one that rises is none."""
    optimizer = torch.optim.SGD([nn.Parameter(torch.zeros(1))], lr=1.0)
    schedule = Schedule(optimizer, TrainConfig(scheduler="plateau", plateau_patience=1, **options), 10)
    rates = []
    for epoch, loss in enumerate((0.9, 0.8, 0.85, 0.85, 0.7)):
        schedule.after_epoch(loss if "monitor" in options else 0.5 + epoch / 10, loss)
        rates.append(optimizer.param_groups[0]["lr"])
    assert rates == [1.0, 1.0, 1.0, 0.5, 0.5]


def test_monitor_loss_keeps_the_epoch_with_the_lowest(space: Workspace, tmp_path: Path) -> None:
    job = loop(space, tmp_path, monitor="loss", epochs=9, early_stopping=2, learning_rate=1e-8)
    losses = iter((0.7, 0.4, 0.5, 0.6, 0.1))
    job.learner.loss.of_scores = lambda labels, scores: next(losses)  # type: ignore[method-assign]
    job.fit()
    assert (job.progress.best, job.progress.best_epoch, job.progress.epoch) == (0.4, 2, 4)


def test_batches_accumulate_to_the_gradient_of_one_large_batch(space: Workspace, tmp_path: Path) -> None:
    def gradient(size: int, accumulation: int) -> torch.Tensor:
        job = loop(
            space, tmp_path / str(size), batch_size=size, accumulation=accumulation, clip_norm=0, dropout=0
        )
        job.network.eval()  # batch statistics would differ
        job.stepper.optimizer.step = lambda *a, **k: None  # type: ignore[method-assign]
        job.stepper.step(first_group(job), 1, 1)
        return torch.cat([p.grad.flatten() for p in job.network.parameters() if p.grad is not None])

    whole, parts = gradient(8, 1), gradient(2, 4)
    assert torch.allclose(whole, parts, atol=1e-6)
    assert loop(space, tmp_path / "n", batch_size=4, accumulation=2).total_steps == -(-15 // 2) * 2


def test_clipping_bounds_the_gradient(space: Workspace, tmp_path: Path) -> None:
    norms = []
    for clip in (1e-3, 0):
        job = loop(space, tmp_path / str(clip), clip_norm=clip, batch_size=8)
        job.stepper.step(first_group(job), 1, 1)
        norms.append(
            float(
                torch.linalg.vector_norm(
                    torch.cat([p.grad.flatten() for p in job.network.parameters() if p.grad is not None])
                )
            )
        )
    assert norms[0] == pytest.approx(1e-3, rel=1e-3) and norms[1] > 1e-2


@pytest.mark.parametrize("precision", ["fp32", "bf16", "fp16"])
def test_precision_is_that_of_the_forward_pass(space: Workspace, tmp_path: Path, precision: str) -> None:
    job = loop(space, tmp_path, precision=precision, batch_size=4)
    kinds = []
    job.network.head.register_forward_hook(lambda m, i, o: kinds.append(o.dtype))
    job.stepper.step(first_group(job), 1, 1)
    result = job.stepper.collect()
    assert kinds[0] == {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}[precision]
    assert np.isfinite(result.loss) and job.stepper.scaler.is_enabled() == (precision == "fp16")


def test_out_of_memory_halves_the_batch_and_gives_the_same_step(
    space: Workspace, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    def step(limit: int) -> tuple[Stepper, torch.Tensor]:
        job = loop(space, tmp_path / str(limit), batch_size=8, dropout=0, clip_norm=0, optimizer="sgd")
        job.network.eval()
        forward = job.network.forward

        def small_memory(inputs: torch.Tensor, *args: Any, **more: Any) -> Any:
            if len(inputs) > limit:
                raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB")
            return forward(inputs, *args, **more)

        job.network.forward = small_memory  # type: ignore[method-assign]
        job.stepper.step(first_group(job), 1, 1)
        return job.stepper, torch.cat([p.detach().flatten() for p in job.network.parameters()])

    plenty, scarce = step(100), step(3)
    assert plenty[0].parts == 1 and scarce[0].parts == 4
    assert torch.allclose(plenty[1], scarce[1], atol=1e-6)
    assert "out of memory: the batch is halved and the accumulation doubled" in caplog.text
    with pytest.raises(torch.OutOfMemoryError):
        step(0)


@pytest.mark.parametrize(
    "words",
    [
        "[enforce fail] DefaultCPUAllocator: can't allocate memory",
        "CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`",
        "cuDNN error: CUDNN_STATUS_INTERNAL_ERROR_DEVICE_ALLOCATION_FAILED",
    ],
)
def test_memory_that_runs_out_is_known_by_the_words_of_every_library(words: str) -> None:
    assert out_of_memory(RuntimeError(words))
    assert not out_of_memory(RuntimeError("Expected all tensors to be on the same device"))


def test_memory_may_run_out_while_the_weights_move(space: Workspace, tmp_path: Path) -> None:
    """The averages of the optimiser are made in its first step, when gradients are unscaled already."""
    job = loop(space, tmp_path, batch_size=8, precision="fp16", clip_norm=1.0)
    step, scale, tried = job.stepper.optimizer.step, 256.0, []

    def too_large_once(*args: Any, **more: Any) -> Any:
        tried.append(True)
        if len(tried) == 1:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB")
        return step(*args, **more)

    job.stepper.scaler.load_state_dict({**job.stepper.scaler.state_dict(), "scale": scale})
    job.stepper.optimizer.step = too_large_once  # type: ignore[method-assign]
    before = [p.detach().clone() for p in job.network.parameters()]
    job.stepper.step(first_group(job), 1, 1)
    assert len(tried) == 2 and job.stepper.parts == 2 and len(job.stepper.collect().labels) == 8
    assert job.stepper.scaler.get_scale() == scale
    assert any(not torch.equal(a, b) for a, b in zip(before, job.network.parameters(), strict=True))


def test_a_rehearsal_for_which_memory_is_too_small_is_made_with_less(
    space: Workspace, tmp_path: Path
) -> None:
    """What measures `deterministic`, and what compiles, comes before the first step and sees the same batch."""
    job = loop(space, tmp_path, batch_size=8)
    forward, group = job.network.forward, first_group(job)

    def small_memory(inputs: torch.Tensor, *args: Any, **more: Any) -> Any:
        if len(inputs) > 3:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB")
        return forward(inputs, *args, **more)

    job.network.forward = small_memory  # type: ignore[method-assign]
    before = {name: value.clone() for name, value in job.network.state_dict().items()}
    job.stepper.rehearse(group[0], 1)
    assert job.stepper.parts == 4 and job.stepper.found == []
    for name, value in job.network.state_dict().items():
        assert torch.equal(value, before[name]), name


@pytest.mark.parametrize("optimizer", ["adamw", "sgd"])
def test_what_the_optimiser_knows_goes_on_on_another_device(
    space: Workspace, tmp_path: Path, optimizer: str
) -> None:
    """A GPU keeps the channels of pictures last and moves all weights in one kernel; a CPU does neither."""
    one, other = (loop(space, tmp_path / name, batch_size=8, optimizer=optimizer) for name in ("gpu", "cpu"))
    one.network.to(memory_format=torch.channels_last)
    for group in one.stepper.optimizer.param_groups:
        group["fused"] = True
    one.stepper.step(first_group(one), 1, 1)
    content = copy.deepcopy(learning_state(one.network, one.stepper, one.schedule))
    load_learning(content, other.network, other.stepper, other.schedule)
    for job in (one, other):  # both with the same gradients
        torch.manual_seed(0)
        for weights in job.network.parameters():
            weights.grad = torch.empty_like(weights).copy_(torch.randn(weights.shape))
        job.stepper.optimizer.step()
    assert all(not group["fused"] for group in other.stepper.optimizer.param_groups)
    for a, b in zip(one.network.parameters(), other.network.parameters(), strict=True):
        assert b.is_contiguous()
        torch.testing.assert_close(a, b, rtol=1e-4, atol=1e-6)


def test_a_loss_that_is_not_finite_stops_and_names_the_samples(space: Workspace, tmp_path: Path) -> None:
    job = loop(space, tmp_path, batch_size=4)
    with torch.no_grad():
        next(job.network.parameters()).fill_(float("nan"))
    with pytest.raises(WorkbenchError, match=r"not finite in epoch 1, step 1: tiny/.*png, tiny/.*png"):
        job.fit()


# How long it goes on


def test_monitor_early_stopping_and_time(space: Workspace, tmp_path: Path) -> None:
    job = loop(space, tmp_path / "a", monitor="macro_f1", epochs=9, early_stopping=2, learning_rate=1e-8)
    job.learner.loss.of_scores = lambda labels, scores: 1.0  # type: ignore[method-assign]
    shown: list[tuple[int, int]] = []
    job.on_progress = lambda state, steps: shown.append((state.step, steps))
    job.fit()
    assert shown[0][1] == job.total_steps and shown[-1][0] == shown[-1][1] < job.total_steps
    found = [e.value for e in events.read(job.folder.events_file)[0] if e.name == "val/macro_f1"]
    assert job.progress.best == max(found)
    assert len(found) == job.progress.best_epoch + 2 < 9
    hurried = loop(space, tmp_path / "b", epochs=50, max_minutes=0.01, batch_size=2, early_stopping=None)
    hurried.progress.elapsed = 0.5  # seconds already trained
    hurried.fit()
    assert hurried.progress.finished and hurried.progress.epoch < 50
    late = loop(space, tmp_path / "c", epochs=50, max_minutes=0.5, batch_size=2)
    late.progress.elapsed = 60.0
    assert len(late.draws_of(1)) > 5 and late.fit()
    assert late.progress.step == 1, "the time is looked at after every batch"
    assert late.progress.finished and late.folder.best_model.exists()


class Exchanging(nn.Module):
    """What a step sees of a network that several processes learn together."""

    def __init__(self, module: nn.Module) -> None:
        super().__init__()
        self.module, self.quiet = module, 0

    def forward(self, *given: Any, **more: Any) -> Any:
        return self.module(*given, **more)

    def no_sync(self) -> Any:
        self.quiet += 1
        return nullcontext()


def exchanging(job: Loop) -> Stepper:
    stepper = job.stepper
    stepper.network = stepper.forward = Exchanging(job.network)
    stepper.several = True
    return stepper


def test_memory_that_runs_out_while_ranks_exchange_gradients_ends_in_one_line(
    space: Workspace, tmp_path: Path
) -> None:
    """Before that it is tried again in parts; then the others already have some of them."""
    job = loop(space, tmp_path, batch_size=8)
    stepper, forward = exchanging(job), job.network.forward
    room, passes = 4, []

    def small_memory(inputs: torch.Tensor, *args: Any, **more: Any) -> Any:
        passes.append(len(inputs))
        if len(inputs) > room:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return forward(inputs, *args, **more)

    def no_room(gradient: torch.Tensor) -> None:
        if stepper.exchanging:
            raise torch.OutOfMemoryError("CUDA out of memory")

    job.network.forward = small_memory  # type: ignore[method-assign]
    stepper.step(first_group(job), 1, 1)
    assert passes == [8, 4, 4] and stepper.parts == 2
    # A rehearsal is made by each rank alone, and finds the parts before the others wait.
    room, stepper.rehearsals = 2, 1
    passes.clear()
    stepper.step(first_group(job), 1, 2)
    assert passes == [4, 2, 2, 2, 2, 2] and stepper.rehearsals == 0
    job.network.head[-1].weight.register_hook(no_room)
    with pytest.raises(WorkbenchError, match=r"added up their gradients.*smaller batch_size"):
        stepper.step(first_group(job), 1, 3)
