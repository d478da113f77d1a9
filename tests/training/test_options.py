"""Every option of the configuration is read back from what the run does with it; those of the steps in test_steps.py."""

from __future__ import annotations

import ast
import re
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn

from core.catalog import table
from core.errors import BadInput
from core.runs.folder import RunFolder, new_run
from core.runs.summaries import summary
from core.training.options.config import TrainConfig
from core.training.reading.data import WholeSamples
from core.training.reading.inputs import Piece, Pieces, Unit
from core.training.scoring.aggregation import aggregate_units
from core.training.scoring.evaluation import measure
from core.workspace import Workspace
from tests.training.option_loops import built, first_group, loop, space
from tests.training.tiny_catalogue import small

__all__ = ["space"]  # the fixture


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
    assert sorted(set(samples.dataset_weights)) == [1.0, 4.0]


def test_shares_decide_the_sizes_of_the_parts(space: Workspace) -> None:
    usual, other = built(space), built(space, shares="80/20")
    assert len(usual.planned.split("test")) and not len(other.planned.split("test"))
    assert len(other.planned.split("train")) > len(usual.planned.split("train"))


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
        "frames": 5,
        "sampling": "fast",
        "image_size": 40,
        "faces": True,
        "face_margin": 1.7,
        "sample_rate": 8000,
        "seconds": 2.5,
        "trim_silence": False,
        "aggregation": "max",
    }
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
    kept = [WholeSamples(job.setup.source("val"))[0][1].pieces[0].arrays["image"] for job in (plain, noisy)]
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
    drawn = measure(
        pd.read_parquet(folder.scores_file("val")), 0.5, prevalence=0.02, resamples=config["bootstrap"]
    )
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


def test_the_name_is_what_lists_call_it(space: Workspace, tmp_path: Path) -> None:
    config = TrainConfig.from_dict(small(name="a first try"))
    assert summary(new_run(config.to_dict(), path=tmp_path / "run")).name == "a first try"


def test_aggregation_makes_the_score_of_a_sample_from_its_units(space: Workspace) -> None:
    pieces = Pieces(tuple(Unit("frame", k, k, k) for k in range(3)), tuple(Piece({}, (k,)) for k in range(3)))
    logits = [-2.0, 0.0, 3.0]
    units = 1 / (1 + np.exp(-np.array(logits)))
    for aggregation, wanted in (("mean", units.mean()), ("max", units.max())):
        recipe = built(space, aggregation=aggregation).recipe
        scored = aggregate_units(pieces, logits, [None] * 3, recipe)
        assert [unit.score for unit in scored.units] == pytest.approx(units)
        assert scored.score == pytest.approx(wanted)


# Every field, and the test that reads it back

READ_BACK = {
    "test_options": {
        "test_the_name_is_what_lists_call_it": ["name"],
        "test_datasets_modality_and_protocol_choose_the_samples": [
            "datasets",
            "modality",
            "protocol",
            "model",
        ],
        "test_dataset_weights_reach_the_draws": ["dataset_weights"],
        "test_shares_decide_the_sizes_of_the_parts": ["shares"],
        "test_heldout_method_is_in_test_alone": ["heldout"],
        "test_the_cap_is_per_class_and_keeps_the_balance_of_validation_and_test": ["max_samples_per_class"],
        "test_seed_decides_plan_weights_and_order": ["seed"],
        "test_input_options_are_in_the_recipe": [
            "frames",
            "sampling",
            "image_size",
            "faces",
            "face_margin",
            "sample_rate",
            "seconds",
            "trim_silence",
        ],
        "test_aggregation_makes_the_score_of_a_sample_from_its_units": ["aggregation"],
        "test_model_options": ["model_options", "pretrained", "dropout"],
        "test_tune_freezes_the_rest": ["tune"],
        "test_workers_read_the_same_batches": ["workers"],
        "test_augmentation_changes_the_training_pictures_only": ["augmentation"],
        "test_minority_augmentation_changes_the_minority_only_and_half_of_it_stays": ["balancing"],
        "test_figures_of_the_configuration_reach_the_documents": [
            "threshold_method",
            "calibration",
            "prevalence",
            "score_test",
            "bootstrap",
        ],
    },
    "test_steps": {
        "test_optimiser_and_its_rates": ["optimizer", "learning_rate", "weight_decay"],
        "test_trap_6_the_learning_rate_really_moves": ["warmup"],
        "test_plateau_halves_after_its_patience": ["scheduler", "plateau_patience"],
        "test_plateau_can_watch_the_validation_loss": ["plateau_watches"],
        "test_batches_accumulate_to_the_gradient_of_one_large_batch": ["batch_size", "accumulation"],
        "test_clipping_bounds_the_gradient": ["clip_norm"],
        "test_precision_is_that_of_the_forward_pass": ["precision"],
        "test_monitor_early_stopping_and_time": ["monitor", "epochs", "early_stopping", "max_minutes"],
    },
    "test_losses": {"test_options_reach_the_loss": ["loss", "focal_alpha", "focal_gamma", "label_smoothing"]},
    "test_head_mode": {
        "test_every_head_trains_and_is_part_of_the_detector": ["head"],
        "test_views_are_augmented_copies_of_the_minority": ["views"],
        "test_smote_with_too_few_neighbours_goes_on_with_a_warning": ["smote_neighbours"],
    },
    "test_objectives": {
        "test_a_network_brings_the_weight_of_its_objective": ["domain_weight", "contrastive_weight"]
    },
    "test_resume": {"test_killed_in_the_middle_of_an_epoch": ["checkpoint_minutes"]},
    "test_automatic": {
        "test_compile_learns_the_same": ["compile"],
        "test_deterministic_says_what_it_costs_and_what_lacks_without_it": ["deterministic"],
    },
    "test_distributed": {"test_devices_two_on_one_cpu": ["devices"]},
    "test_train_command": {
        "test_what_only_the_catalogue_or_the_machine_knows_is_refused_before_a_folder_appears": ["device"]
    },
}


def test_every_option_has_a_test_that_reads_it_back() -> None:
    """A new field without one fails here; so does a test that no longer speaks of its field."""
    named = [field for tests in READ_BACK.values() for fields_of in tests.values() for field in fields_of]
    assert sorted(named) == sorted(option.name for option in fields(TrainConfig))
    for file, tests in READ_BACK.items():
        source = (Path(__file__).parent / f"{file}.py").read_text()
        bodies = {
            node.name: ast.get_source_segment(source, node) or ""
            for node in ast.parse(source).body
            if isinstance(node, ast.FunctionDef)
        }
        for test, names in tests.items():
            for name in names:
                assert re.search(rf"\b{name}\b", bodies[test]), f"{test} does not speak of {name}"


def test_the_table_of_scores_is_sorted_like_the_plan(space: Workspace) -> None:
    rows = built(space).planned.rows
    assert rows["id"].is_monotonic_increasing and isinstance(rows, pd.DataFrame)
