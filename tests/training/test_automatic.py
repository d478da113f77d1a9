"""What `auto` becomes: precision by the card, readers by what was measured, the batch by memory; and the run repeats."""

from __future__ import annotations

import logging
import os
import weakref
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from core.errors import BadInput
from core.training import automatic
from core.training.automatic import ReaderCount, batch_that_fits, readers_needed
from core.training.failures import not_repeatable
from core.training.learning import determinism, last_checkpoint
from core.training.learning.step import READ_EVERY, NotFinite
from core.training.options.config import TrainConfig
from core.training.process import arithmetic, cores, memory
from core.training.process.arithmetic import on_device, precision_for
from core.training.process.memory import in_passes, peak_bytes, saved_bytes
from core.training.process.ranks import Ranks
from core.training.scoring.aggregation import Scored
from core.training.scoring.agreement import TOLERANCE, Arithmetic
from core.training.scoring.predict import SplitReader, predict
from core.workspace import Workspace
from tests.training.option_loops import CPU, built, first_group, loop, space

__all__ = ["space"]  # the fixture
CUDA = torch.device("cuda", 0)


# The options


@pytest.mark.parametrize("name", ["workers", "batch_size", "precision"])
def test_auto_is_a_value_and_other_words_are_refused(name: str) -> None:
    assert getattr(TrainConfig.from_dict({name: "auto"}), name) == "auto"
    with pytest.raises(BadInput, match=f"^{name}: 'many' must be .*auto"):
        TrainConfig.from_dict({name: "many"})


def test_defaults_fit_the_machine() -> None:
    config = TrainConfig()
    assert (config.precision, config.workers, config.batch_size) == ("auto", "auto", None)
    assert (config.compile, config.deterministic) == (False, False)


@pytest.mark.parametrize(
    ("capability", "precision"), [((9, 0), "bf16"), ((8, 0), "bf16"), ((7, 5), "fp16"), ((6, 1), "fp32")]
)
def test_precision_is_what_the_card_has(
    monkeypatch: pytest.MonkeyPatch, capability: tuple[int, int], precision: str
) -> None:
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda device: capability)
    assert precision_for("auto", CUDA) == precision
    assert precision_for("fp32", CUDA) == "fp32"
    assert precision_for("auto", torch.device("cpu")) == "fp32"


def test_the_batch_is_the_largest_power_of_two_that_the_card_holds() -> None:
    gb = 10**9
    for each, free, samples in ((gb // 10, 79 * gb, 50_000), (gb // 10, 8 * gb, 50_000), (gb, gb, 50_000)):
        size = batch_that_fits(each, 100 * 10**6, free, samples, 32)
        room = 0.8 * free - 3 * 100 * 10**6
        assert size == 1 or 1.5 * each * size <= room < 1.5 * each * size * 2
    assert batch_that_fits(1000, 0, 79 * gb, 100, 32) == 32, "an epoch keeps several steps"
    assert batch_that_fits(1000, 0, 79 * gb, 10**6, 32) == 1024


def test_readers_are_as_many_as_learning_needs() -> None:
    assert readers_needed(0.4, 0.1, 14) == 5
    assert readers_needed(0.01, 0.1, 14) == 1
    assert readers_needed(9.0, 0.1, 14) == 14


@pytest.mark.long
def test_auto_readers_change_after_the_first_batches_and_the_batches_do_not(
    space: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "core")
    monkeypatch.setattr(automatic, "readers_needed", lambda read, learn, free: 2)
    monkeypatch.setattr(cores, "available", lambda: 4)
    seen: dict[str, list[list[int]]] = {}
    for workers in ("auto", "0"):
        job = loop(
            space, tmp_path / workers, batch_size=2, epochs=1, workers=workers if workers == "auto" else 0
        )
        step = job.stepper.step
        seen[workers] = []

        def noted(group: Any, *rest: Any, to: Any = seen[workers], real: Any = step, **more: Any) -> None:
            to += [batch.samples for batch in group]
            real(group, *rest, **more)

        job.stepper.step = noted  # type: ignore[method-assign]
        job._train_epoch(job.draws_of(1))
        assert job.loader.workers == (2 if workers == "auto" else 0)
    assert seen["auto"] == seen["0"] and len(seen["auto"]) > automatic.MEASURED
    assert "workers: auto is 2: a batch takes" in caplog.text


def test_a_run_of_a_few_batches_says_with_how_many_readers_it_went_on(
    space: Workspace, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "core")
    job = loop(space, tmp_path, batch_size=16, epochs=1, workers="auto")
    assert len(job.draws_of(1)) < automatic.MEASURED and job.fit()
    count = len(job.draws_of(1))
    assert f"workers: auto stayed 1: it is settled after 9 batches, and there were {count}" in caplog.text


def test_batch_size_auto_without_a_card_is_the_usual_one_and_is_kept_for_a_resume(
    space: Workspace, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "core")
    job = loop(space, tmp_path, batch_size="auto", precision="auto")
    assert "batch_size: auto is 32" in caplog.text
    job.save()
    kept = last_checkpoint.load(job.folder) or {}
    assert kept["settled"] == {"precision": "fp32", "batch_size": 32}
    again = automatic.settled(
        built(space, batch_size="auto"), torch.device("cpu"), {"precision": "bf16", "batch_size": 8}
    )
    assert (again.config.batch, again.config.precision) == (8, "bf16")


# On the device


def test_convolutions_get_their_channels_last_on_a_gpu_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[dict[str, Any]] = []
    monkeypatch.setattr(nn.Module, "to", lambda self, device, **more: asked.append(more) or self)
    for network, device in (
        (nn.Conv2d(3, 4, 3), CUDA),
        (nn.Linear(3, 4), CUDA),
        (nn.Conv2d(3, 4, 3), CPU.device),
    ):
        on_device(network, device)
    assert asked == [{"memory_format": torch.channels_last}, {}, {}]


def test_a_gpu_is_not_asked_in_every_step(space: Workspace, tmp_path: Path) -> None:
    """As on a GPU, on a CPU: what steps find is read together, and a loss that is not finite is named afterwards."""
    job = loop(space, tmp_path, batch_size=4)
    first = first_group(job)
    job.stepper.step(first, 1, 1)
    expected = job.stepper.collect()
    other = loop(space, tmp_path / "other", batch_size=4)
    stepper = other.stepper
    stepper.step(first, 1, 1)
    stepper.device = CUDA  # only the questions change: the arithmetic stays here
    looked = [stepper.due]
    stepper.device = CPU.device
    for number in range(2, READ_EVERY + 1):
        stepper.step(first, number, number)
    stepper.device = CUDA
    looked.append(stepper.due)
    found = stepper.collect()
    assert looked == [False, True]
    assert len(found.labels) == READ_EVERY * len(expected.labels)
    np.testing.assert_array_equal(found.margins[: len(expected.margins)], expected.margins)
    stepper.device = CPU.device
    stepper.step(first, 9, 9)
    last = stepper.found[-1]
    stepper.found[-1] = type(last)(**{**vars(last), "finite": torch.tensor(False)})
    with pytest.raises(NotFinite) as error:
        stepper.collect()
    assert (error.value.samples, error.value.step) == (first[0].samples, 9)


@pytest.mark.long
def test_compile_learns_the_same(space: Workspace, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "core")
    found = []
    for compiled in (False, True):
        job = loop(space, tmp_path / str(compiled), compile=compiled, batch_size=8, dropout=0)
        job.stepper.step(first_group(job), 1, 1)
        found.append((job.stepper.collect(), {k: v.clone() for k, v in job.network.state_dict().items()}))
    np.testing.assert_allclose(found[0][0].margins, found[1][0].margins, atol=1e-4)
    assert found[0][1].keys() == found[1][1].keys(), "a compiled run's checkpoint opens like any other"
    for name, value in found[0][1].items():
        assert torch.allclose(value.float(), found[1][1][name].float(), atol=2e-2), name
    assert "compile: the first pass took" in caplog.text


# Runs that repeat


def test_deterministic_says_what_it_costs_and_what_lacks_without_it(space: Workspace, tmp_path: Path) -> None:
    wanted, free = TrainConfig(deterministic=True), TrainConfig()
    assert "deterministic: true makes them repeat" in arithmetic.about_repeating(free, CUDA)
    assert "same seed gives the same run" in arithmetic.about_repeating(wanted, CUDA)
    assert not arithmetic.about_repeating(free, CPU.device)
    job = loop(space, tmp_path, batch_size=8)
    batch = first_group(job)[0]
    before = {k: v.clone() for k, v in job.network.state_dict().items()}
    assert determinism.cost_of_repeating(lambda: job.stepper.rehearse(batch, 1), CPU.device) > 0
    for name, value in job.network.state_dict().items():
        assert torch.equal(value, before[name]), f"{name} was changed by measuring"


def test_algorithms_of_a_gpu_are_settled_by_the_configuration(monkeypatch: pytest.MonkeyPatch) -> None:
    strict: list[bool] = []
    monkeypatch.setattr(
        torch, "use_deterministic_algorithms", lambda on, **more: strict.append(on and not more)
    )
    monkeypatch.setenv(arithmetic.WORKSPACE, "")
    monkeypatch.delenv(arithmetic.WORKSPACE)
    before = torch.get_float32_matmul_precision()
    try:
        for wanted in (False, True):
            arithmetic.settle_algorithms(TrainConfig(deterministic=wanted), CUDA)
            # PyTorch looks at it once, so it must be there before the first run, whatever that one wants.
            assert os.environ[arithmetic.WORKSPACE] in (":4096:8", ":16:8")
            assert torch.backends.cudnn.deterministic is wanted
            assert torch.backends.cudnn.allow_tf32 is not wanted
            assert torch.get_float32_matmul_precision() == ("highest" if wanted else "high")
    finally:
        torch.set_float32_matmul_precision(before)
        torch.backends.cudnn.deterministic = False
    assert strict == [False, True]


def test_an_operation_that_cannot_repeat_is_one_line() -> None:
    error = RuntimeError("cumsum_cuda_kernel does not have a deterministic implementation, but you set …")
    assert "cumsum_cuda_kernel of this network" in str(not_repeatable(error))
    assert not_repeatable(RuntimeError("anything else")) is None


# Memory


class Wide(nn.Module):
    """Makes ten times its input, twice."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return (x.repeat(10, 1) + 1.0).sum()


def test_the_most_bytes_at_once_are_counted() -> None:
    x = torch.zeros(1000, 25)  # 100 kB
    assert 2 * 10**6 <= peak_bytes(lambda: Wide()(x)) < 3 * 10**6


def test_measuring_what_a_step_keeps_leaves_nothing_behind() -> None:
    """Operations that keep their own result, as a sigmoid does, once held on to themselves for ever."""
    network = nn.Sequential(nn.Conv2d(3, 8, 3), nn.Sigmoid(), nn.Conv2d(8, 4, 1), nn.Tanh())
    made: list[weakref.ref[torch.Tensor]] = []
    for layer in network:
        layer.register_forward_hook(lambda _layer, _given, result: made.append(weakref.ref(result)))
    picture = torch.rand(1, 3, 32, 32)
    # The picture, two convolutions' inputs and what the sigmoid and the tanh give; the first is none of the network's.
    assert saved_bytes(network, lambda: network(picture)) >= 4 * (3 * 32 * 32 + 8 * 30 * 30 + 4 * 30 * 30)
    assert len(made) == 4 and not [one for one in made if one() is not None]


def rows_of(count: int, side: int) -> list[dict[str, np.ndarray]]:
    return [{"image": np.full((side, side, 3), k, np.uint8)} for k in range(count)]


def test_passes_are_sized_by_what_one_row_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    """One row makes 3 copies of 100 x 100 x 3 floats; the budget holds four rows."""
    each = 3 * 100 * 100 * 3 * 4
    monkeypatch.setattr(memory, "SCORING_BUDGET", 4 * each)
    sizes: list[int] = []

    def run(rows: Any) -> list[int]:
        sizes.append(len(rows))
        x = torch.from_numpy(np.stack([r["image"] for r in rows])).float()
        y = x + 1
        z = y * 2
        return [int(v) for v in z[:, 0, 0, 0]]

    network = nn.Identity()
    found = [value for part in in_passes(network, rows_of(10, 100), run, "cpu") for value in part]
    assert found == [2 * (k + 1) for k in range(10)]
    assert sizes == [1, 4, 4, 2]  # the first only measures


def test_passes_are_halved_where_memory_runs_out_all_the_same(caplog: pytest.LogCaptureFixture) -> None:
    sizes: list[int] = []

    def run(rows: Any) -> list[int]:
        if len(rows) > 3:
            raise torch.OutOfMemoryError("CUDA out of memory")
        sizes.append(len(rows))
        return [int(r["image"][0, 0, 0]) for r in rows]

    network = nn.Identity()
    found = [value for part in in_passes(network, rows_of(9, 8), run, "cpu") for value in part]
    assert found == list(range(9))
    assert sizes == [3, 3, 3] and "out of memory" in caplog.text
    sizes.clear()
    list(in_passes(network, rows_of(6, 8), run, "cpu"))
    assert sizes == [3, 3], "it is remembered"
    with pytest.raises(torch.OutOfMemoryError):
        list(in_passes(nn.Identity(), rows_of(2, 8), lambda rows: run([0] * 9), "cpu"))


def test_a_step_is_cut_before_it_is_too_large_for_a_small_machine(
    space: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "core")
    job = loop(space, tmp_path, batch_size=8, clip_norm=0, dropout=0)
    group = first_group(job)
    job.network.train()
    before = {k: v.clone() for k, v in job.network.state_dict().items()}
    each = job.stepper.bytes_of_a_sample(group[0])
    assert each > 32 * 32 * 3 * 4
    for name, value in job.network.state_dict().items():
        assert torch.equal(value, before[name]), f"{name} was changed by measuring"
    monkeypatch.setattr(memory, "TRAINING_BUDGET", 3 * each)
    job.stepper.step(group, 1, 1)
    assert job.stepper.parts == 4 and "goes through the network in 4 parts" in caplog.text
    assert len(job.stepper.collect().labels) == 8


# Scoring


def test_readers_of_a_split_live_on_and_give_the_same_again(space: Workspace) -> None:
    setup = built(space)
    network = setup.network.eval()
    plain = predict(network, setup.card, setup.source("val"), CPU)
    reader = SplitReader(setup.source("val"), CPU, workers=1)
    twice = [predict(network, setup.card, reader, CPU) for _ in range(2)]
    assert reader.loader._loader is not None and reader.loader._loader.persistent_workers
    for found in twice:
        assert {k: v.score for k, v in found.scored.items()} == {k: v.score for k, v in plain.scored.items()}


def test_processes_that_score_together_read_each_sample_once(space: Workspace) -> None:
    source = built(space).source("val")
    own = [SplitReader(source, Ranks(rank, 2, CPU.device)).own for rank in (0, 1)]
    assert sorted(own[0] + own[1]) == list(range(len(source.files))) and own[0] and own[1]


def test_half_precision_scores_agree_within_a_thousandth_or_are_made_in_full(
    space: Workspace, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """bf16 on the CPU stands for what a GPU does; weights are blown up until it errs by more."""
    caplog.set_level(logging.INFO, "core")
    setup = built(space)
    network = setup.network.eval()
    monkeypatch.setattr(Arithmetic, "on", classmethod(lambda cls, device, asked: cls(asked)))
    for strength in (1.0, 3000.0):
        with torch.no_grad():
            network.head[-1].weight.mul_(strength)
        exact = predict(network, setup.card, setup.source("val"), CPU)
        quick = predict(network, setup.card, setup.source("val"), CPU, precision="bf16")
        apart = max(abs(exact.scored[k].score - quick.scored[k].score) for k in exact.scored)
        assert apart <= TOLERANCE
        if strength == 1:
            assert apart > 0, "it was scored in half precision"
    assert "scoring goes on in fp32" in caplog.text


def test_scores_that_are_no_number_do_not_agree() -> None:
    made = Arithmetic("fp16")
    assert not made.check([Scored([], float("nan"))], [Scored([], 0.5)]) and made.precision == "fp32"


def test_arithmetic_of_scoring_follows_the_card(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda device: (9, 0))
    assert Arithmetic.on(CUDA, "auto").precision == "fp16"
    assert Arithmetic.on(CUDA, "fp32").precision == "fp32"
    assert Arithmetic.on(CPU.device, "auto").precision == "fp32"


def test_reader_count_is_settled_once() -> None:
    class Asked:
        config = TrainConfig()

    count = ReaderCount(Asked(), 1)  # type: ignore[arg-type]
    for _ in range(automatic.MEASURED + 1):
        assert not count.due
        count.add(0.0, 0.0)
    assert count.due and count.settle() == 1 and not count.due
    assert not ReaderCount(Asked(), 0).open, "a head's embeddings are in memory"  # type: ignore[arg-type]
