"""Every option of the configuration is read back from what the run does with it."""

from __future__ import annotations

from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn

from core.catalog import table
from core.errors import BadInput, WorkbenchError
from core.runs import events
from core.runs.folder import RunFolder, new_run
from core.training.config import TrainConfig
from core.training.data import WholeSamples
from core.training.evaluation import measure
from core.training.loop import Loop
from core.training.optimizers import Schedule, cosine
from core.training.ranks import Ranks
from core.training.setup import Setup, set_up
from core.training.step import Stepper, out_of_memory
from core.workspace import Workspace
from tests.training.tiny_catalogue import image_set, small

CPU = Ranks(0, 1, torch.device("cpu"))


@pytest.fixture(scope="module")
def space(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    root = tmp_path_factory.mktemp("options")
    space = Workspace(root / "workspace")
    image_set(space, root, real=30, fake=60)
    image_set(space, root, real=12, fake=12, name="other", seed=1)
    return space


def built(space: Workspace, **more: Any) -> Setup:
    return set_up(TrainConfig.from_dict(small(**more)), space)


def loop(space: Workspace, tmp_path: Path, **more: Any) -> Loop:
    setup = built(space, **more)
    return Loop(setup, new_run(setup.config.to_dict(), path=tmp_path / "run"), CPU)


def first_group(job: Loop) -> list[Any]:
    draws = job.draws_of(1)
    return list(job.loader.batches(draws[: job.config.accumulation]))


# What it learns from


def test_datasets_modality_and_protocol_choose_the_samples(space: Workspace) -> None:
    assert set(built(space).planned.rows["dataset"]) == {"tiny"}
    assert set(built(space, datasets=[]).planned.rows["dataset"]) == {"tiny", "other"}
    assert built(space, protocol="random").planned.protocol == "random"
    with pytest.raises(BadInput, match="video"):
        built(space, modality="video", model="simple_cnn")
    with pytest.raises(BadInput, match=r"model: simple_cnn is for modality video.*forensic_residual"):
        built(space, model="simple_cnn")
    with pytest.raises(BadInput, match="model"):
        built(space, model="nobody_knows")
    with pytest.raises(BadInput, match=r"datasets.*other, tiny"):
        built(space, datasets=["absent"])


def test_dataset_weights_reach_the_draws(space: Workspace) -> None:
    samples = built(space, datasets=["tiny", "other"], dataset_weights={"other": 4}).training_set()
    assert sorted(set(samples.weights)) == [1.0, 4.0]


def test_heldout_method_is_in_test_alone(space: Workspace, tmp_path: Path) -> None:
    frame = table.load(["tiny"], space)
    methods = [("a" if i % 2 else "b") if y else None for i, y in enumerate(frame["label"])]
    frame = frame.assign(method=methods, id=["m/" + p for p in frame["path"]], dataset="methods")
    table.save("methods", frame, replace(table.info("tiny", space), name="methods"), space)
    try:
        rows = built(space, datasets=["methods"], protocol="heldout_method", heldout="a").planned.rows
    finally:
        table.forget("methods", space)
    assert set(rows.loc[rows["method"] == "a", "split"]) == {"test"}
    assert set(rows.loc[rows["split"] != "test", "method"]) == {"b", ""}


def test_the_cap_is_per_class_and_keeps_the_balance_of_validation_and_test(space: Workspace) -> None:
    counts = built(space, max_samples_per_class=6).planned.counts()
    assert counts["train"] == {"real": 6, "fake": 6}
    for split in ("val", "test"):
        assert counts[split] == {"real": 3, "fake": 6}  # 1 : 2 as in the data


def test_seed_decides_plan_weights_and_order(space: Workspace) -> None:
    a, b, c = built(space), built(space), built(space, seed=7)
    weights = [next(s.network.parameters()) for s in (a, b, c)]
    assert torch.equal(weights[0], weights[1]) and not torch.equal(weights[0], weights[2])
    assert a.planned.rows["split"].tolist() == b.planned.rows["split"].tolist()
    assert a.planned.rows["split"].tolist() != c.planned.rows["split"].tolist()


# What the network sees


def test_input_options_are_in_the_recipe(space: Workspace) -> None:
    asked = {
        "frames": 5, "sampling": "fast", "image_size": 40, "faces": True, "face_margin": 1.7, "sample_rate": 8000,
        "seconds": 2.5, "trim_silence": False, "aggregation": "max",
    }  # fmt: skip
    recipe = built(space, **asked).recipe
    assert {name: getattr(recipe, name) for name in asked} == asked
    assert built(space, image_size=None).recipe.image_size == 160  # the card's
    assert built(space, faces="auto").recipe.faces is False  # there is no face in these pictures


# The network and what of it learns


def test_model_options(space: Workspace) -> None:
    network = built(space, dropout=0.77).network
    assert 0.77 in {m.p for m in network.modules() if isinstance(m, nn.Dropout)}
    with pytest.raises(BadInput, match="model_options"):
        built(space, model_options={"wings": 2})
    with pytest.raises(BadInput, match=r"model_options: .*dropout probability"):
        built(space, model="forensic_residual", model_options={"dropout": 7})
    with pytest.raises(BadInput, match="pretrained"):
        built(space, model="forensic_residual", pretrained=True)
    with pytest.raises(BadInput, match="tune: head"):
        built(space, balancing=["smote"])


def test_tune_freezes_the_rest(space: Workspace, tmp_path: Path) -> None:
    def learning(tune: str) -> int:
        job = loop(space, tmp_path / tune, tune=tune)
        return sum(p.numel() for g in job.stepper.optimizer.param_groups for p in g["params"])

    everything, blocks, norms = (learning(t) for t in ("all", "last_blocks", "layernorm"))
    assert norms < everything and blocks < everything


# The steps


def test_optimiser_and_its_rates(space: Workspace, tmp_path: Path) -> None:
    kinds = {"adam": torch.optim.Adam, "adamw": torch.optim.AdamW, "sgd": torch.optim.SGD}
    for name, kind in kinds.items():
        job = loop(space, tmp_path / name, optimizer=name, learning_rate=0.02, weight_decay=0.03)
        optimizer = job.stepper.optimizer
        assert type(optimizer) is kind
        assert {g["lr"] for g in optimizer.param_groups} == {0.02}
        assert {g["weight_decay"] for g in optimizer.param_groups} == {
            0.03,
            0.0,
        }  # norms and biases are spared


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
        schedule.after_epoch(monitored)
        rates.append(optimizer.param_groups[0]["lr"])
    assert rates == [1.0, 1.0, 0.5, 0.5, 0.25]
    still = Schedule(optimizer, TrainConfig(scheduler="none"), 10)
    still.after_step(), still.after_epoch(0.1)
    assert optimizer.param_groups[0]["lr"] == 0.25


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
    result = job.stepper.step(first_group(job), 1, 1)
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
    assert out_of_memory(RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory"))


def test_a_loss_that_is_not_finite_stops_and_names_the_samples(space: Workspace, tmp_path: Path) -> None:
    job = loop(space, tmp_path, batch_size=4)
    with torch.no_grad():
        next(job.network.parameters()).fill_(float("nan"))
    with pytest.raises(WorkbenchError, match=r"not finite in epoch 1, step 1: tiny/.*png, tiny/.*png"):
        job.fit()


# How long it goes on


def test_monitor_early_stopping_and_time(space: Workspace, tmp_path: Path) -> None:
    job = loop(space, tmp_path / "a", monitor="macro_f1", epochs=9, early_stopping=2, learning_rate=1e-8)
    job._loss_of = lambda labels, scores: 1.0  # type: ignore[method-assign]
    job.fit()
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


def test_workers_read_the_same_batches(space: Workspace, tmp_path: Path) -> None:
    found = []
    for workers in (0, 2):
        job = loop(space, tmp_path / str(workers), workers=workers, augmentation=["flip", "jpeg", "noise"])
        assert job.loader._loader.num_workers == workers
        found.append(first_group(job)[0])
    assert found[0].samples == found[1].samples
    assert torch.equal(found[0].inputs["image"], found[1].inputs["image"])


def test_augmentation_changes_the_training_pictures_only(space: Workspace, tmp_path: Path) -> None:
    plain, noisy = (loop(space, tmp_path / str(len(a)), augmentation=a) for a in ([], ["noise"]))
    one, two = first_group(plain)[0], first_group(noisy)[0]
    assert one.samples == two.samples and not torch.equal(one.inputs["image"], two.inputs["image"])
    kept = [WholeSamples(job.validation)[0][1].pieces[0].arrays["image"] for job in (plain, noisy)]
    assert np.array_equal(kept[0], kept[1])


def test_minority_augmentation_changes_the_minority_only_and_half_of_it_stays(
    space: Workspace, tmp_path: Path
) -> None:
    plain, changed = (
        loop(space, tmp_path / str(len(b)), balancing=b, batch_size=40)
        for b in ([], ["minority_augmentation"])
    )
    one, two = first_group(plain)[0], first_group(changed)[0]
    same = (one.inputs["image"] == two.inputs["image"]).flatten(1).all(1)
    assert same[one.labels == 1].all()
    fewer = same[one.labels == 0]  # were every one changed, the change alone would tell the classes apart
    assert fewer.any() and not fewer.all()


def test_self_blending_makes_fakes_of_reals(space: Workspace, tmp_path: Path) -> None:
    plain, blended = (
        loop(space, tmp_path / str(len(a)), augmentation=a, batch_size=64) for a in ([], ["self_blend"])
    )
    one, two = first_group(plain)[0], first_group(blended)[0]
    flipped = one.labels != two.labels
    assert flipped.any() and (one.labels[flipped] == 0).all() and (two.labels[flipped] == 1).all()


def test_figures_of_the_configuration_reach_the_documents(space: Workspace, tmp_path: Path) -> None:
    config = small(
        epochs=1, threshold_method="recall=0.9", calibration="isotonic", prevalence=0.02, score_test=False
    )
    folder = work_in(space, tmp_path, config)
    assert folder.document("operating_point")["method"] == "recall=0.9"
    assert folder.document("calibration")["method"] == "isotonic"
    metrics = folder.document("metrics")
    assert metrics["val"]["at_default"]["prevalence"] == 0.02
    drawn = measure(pd.read_parquet(folder.scores_file("val")), 0.5, resamples=config["bootstrap"])
    assert metrics["val"]["at_default"]["intervals"] == drawn["intervals"]
    assert "test" not in metrics and not folder.scores_file("test").exists()


def work_in(space: Workspace, tmp_path: Path, config: dict[str, Any]) -> RunFolder:
    from core.training.worker import work

    folder = new_run(config, path=tmp_path / "whole")
    try:
        work(folder, space=space)
    finally:
        torch.use_deterministic_algorithms(False)
    return folder


TESTED_ELSEWHERE = {
    # name: where its effect is read back
    "model": "test_datasets_modality_and_protocol_choose_the_samples",
    "loss": "test_losses", "focal_alpha": "test_losses", "focal_gamma": "test_losses", "label_smoothing": "test_losses",
    "head": "test_head_mode", "views": "test_head_mode", "smote_neighbours": "test_head_mode",
    "domain_weight": "test_objectives", "contrastive_weight": "test_objectives",
    "checkpoint_minutes": "test_resume", "devices": "test_distributed", "device": "test_distributed",
}  # fmt: skip


def test_every_option_is_read_back_somewhere() -> None:
    here = Path(__file__).read_text().split("TESTED_ELSEWHERE")[0]
    folder = Path(__file__).parent
    for option in fields(TrainConfig):
        name = option.name
        where = TESTED_ELSEWHERE.get(name)
        if where is None or where.startswith("test_datasets"):
            assert name in here, f"{name} is not tested"
        else:
            assert name in (folder / f"{where}.py").read_text(), f"{name} is not tested in {where}"


def test_the_table_of_scores_is_sorted_like_the_plan(space: Workspace) -> None:
    rows = built(space).planned.rows
    assert rows["id"].is_monotonic_increasing and isinstance(rows, pd.DataFrame)
