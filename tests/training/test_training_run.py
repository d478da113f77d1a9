"""One small run from the command's own function: every file that a run leaves, to the letter; and the field's traps."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
import yaml
from PIL import Image

from core.catalog import table
from core.media.cache import prepare_cached
from core.runs import events
from core.runs.folder import RunFolder, new_run
from core.training import worker
from core.training.learning import best_model
from core.training.options.config import TrainConfig
from core.training.scoring.forward import score_prepared
from core.training.scoring.predict import predict
from core.training.setup import set_up
from core.workspace import Workspace
from tests.training.tiny_catalogue import SIDE, clip_set, image_set, row, save, small


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> tuple[RunFolder, Workspace, list[tuple[str, int]]]:
    """A run over 3 : 1 imbalanced pictures, two of which cannot be read; and what was scored when."""
    root = tmp_path_factory.mktemp("run")
    space = Workspace(root / "workspace")
    image_set(space, root, real=40, fake=120)
    for name in ("real/0003.png", "fake/0100.png"):
        (root / "tiny" / name).write_bytes(b"this is no picture")
    folder = new_run(small(epochs=3, learning_rate=1e-2, balancing=["sampler"], batch_size=8), space=space)
    asked: list[tuple[str, int]] = []

    class Watched(worker.NetworkLearner):
        epoch = 0

        def validate(self) -> Any:
            self.epoch += 1
            return super().validate()

        def predict(self, source: Any, bar: str) -> Any:
            asked.append((bar, self.epoch))
            return super().predict(source, bar)

    before, worker.NetworkLearner = worker.NetworkLearner, Watched  # type: ignore[misc]
    try:
        worker.work(folder, space=space)
    finally:
        worker.NetworkLearner = before  # type: ignore[misc]
        torch.use_deterministic_algorithms(False)
    return folder, space, asked


def test_every_file_of_a_run(finished: Any) -> None:
    folder = finished[0]
    found = {str(p.relative_to(folder.path)) for p in folder.path.rglob("*") if p.is_file()}
    assert found >= {
        "config.yaml",
        "status.json",
        "events.jsonl",
        "log.txt",
        "best_model.pth",
        "last.pth",
        "scores/val.parquet",
        "scores/test.parquet",
        "units/val.parquet",
        "units/test.parquet",
        "metrics.json",
        "operating_point.json",
        "calibration.json",
        "plan.json",
        "results/training_results.txt",
        "results/training_curves.png",
        "results/threshold_analysis.png",
        "results/roc_pr_curves.png",
        "results/confusion_matrix_default.png",
        "results/confusion_matrix_optimal.png",
        "results/report.html",
    }


def test_scores_and_units_have_their_columns_and_every_sample_a_unit(finished: Any) -> None:
    folder, space, _ = finished
    for split in ("val", "test"):
        scores, units = pd.read_parquet(folder.scores_file(split)), pd.read_parquet(folder.units_file(split))
        wanted = ["id", "dataset", "modality", "method", "group", "label", "score", "probability", "present"]
        assert scores.columns.tolist() == wanted
        assert units.columns.tolist()[:5] == ["id", "unit", "t0", "t1", "score"]
        assert scores["id"].is_unique and set(scores["id"]) == set(units["id"])
        assert scores["score"].between(0, 1).all() and scores["probability"].between(0, 1).all()
        truth = table.load(["tiny"], space).set_index("id")["label"]
        assert (scores["label"] == truth.loc[scores["id"]].to_numpy()).all()


def test_the_status_and_the_events_tell_the_whole_story(finished: Any) -> None:
    folder = finished[0]
    status = folder.status()
    assert (status.state, status.epoch, status.epochs) == ("completed", 3, 3)
    assert status.step == status.steps > 0 and status.best is not None and status.heartbeat is not None
    found = events.read(folder.events_file)[0]
    names = {e.name for e in found}
    both = {"loss", "auc", "accuracy", "balanced_accuracy", "f1", "macro_f1"}
    assert names >= {f"{side}/{name}" for side in ("train", "val", "gap") for name in both}
    assert names >= {"lr", "throughput", "data_wait", "cpu", "memory"}
    assert {e.epoch for e in found if e.name == "val/auc"} == {1, 2, 3}
    by = {(e.name, e.epoch): e.value for e in found}
    for name in ("auc", "loss"):
        assert by[f"gap/{name}", 2] == pytest.approx(by[f"train/{name}", 2] - by[f"val/{name}", 2])
    assert [e.epoch for e in found if e.name == "train/loss"] == [1, 2, 3], "the mean of an epoch, once"
    steps = [e.step for e in found if e.name == "step/loss"]
    assert steps == sorted(set(steps)) and len(steps) > 3
    lines = [line for line in folder.log_file.read_text().splitlines() if " epoch " in line and "/3" in line]
    assert len(lines) == 3


def test_the_checkpoint_holds_tensors_and_plain_values_and_gives_the_same_scores(finished: Any) -> None:
    folder, space, _ = finished
    content = torch.load(folder.best_model, weights_only=True)
    assert set(best_model.FIELDS) <= set(content)
    json.dumps({k: v for k, v in content.items() if k != "state_dict"})
    network, card, recipe = best_model.load(folder)
    scores = pd.read_parquet(folder.scores_file("test"))
    rows = table.load(["tiny"], space).set_index("id").loc[scores["id"]].reset_index()
    for path, score in list(zip(table.absolute_paths(rows, space), scores["score"], strict=True))[:5]:
        again = score_prepared(network, card, prepare_cached(path, recipe, space), recipe, "cpu")
        assert again.score == pytest.approx(score, abs=1e-5)


def test_what_trains_in_half_precision_is_scored_as_detection_scores_it(tmp_path: Path) -> None:
    space = Workspace(tmp_path / "workspace")
    image_set(space, tmp_path, real=20, fake=20)
    folder = new_run(small(epochs=1, precision="bf16"), space=space)
    try:
        worker.work(folder, space=space)
    finally:
        torch.use_deterministic_algorithms(False)
    network, card, recipe = best_model.load(folder)
    scores = pd.read_parquet(folder.scores_file("test"))
    rows = table.load(["tiny"], space).set_index("id").loc[scores["id"]].reset_index()
    for path, score in zip(table.absolute_paths(rows, space), scores["score"], strict=True):
        again = score_prepared(network, card, prepare_cached(path, recipe, space), recipe, "cpu")
        assert again.score == pytest.approx(score, abs=1e-5)


# The traps of the field's reference benchmark: what went wrong there, and the tests that it does not here

HERE = "training/test_training_run.py"
TRAPS = {
    "1 best epoch chosen on test": [(HERE, "test_trap_1_")],
    "2 samples on two sides": [(HERE, "test_trap_2_"), ("catalog/test_leaks.py", "def test_")],
    "3 rates of a class that are not": [(HERE, "test_trap_3_")],
    "4 clips pooled by their folder's name": [(HERE, "test_trap_4_")],
    "5 the first frames instead of all over the clip": [
        (HERE, "test_trap_5_"),
        ("media/test_media_video.py", "test_exact_gives_the_evenly_spaced_frames"),
    ],
    "6 schedulers that never step": [
        ("training/test_steps.py", "test_trap_6_"),
        ("training/test_steps.py", "test_plateau_halves_after_its_patience"),
    ],
    "7 the unreadable replaced by item 0": [(HERE, "test_trap_7_")],
    "8 paths of one machine": [(HERE, "test_trap_8_"), (HERE, "test_a_run_folder_that_is_copied")],
    "9 no resume, mixed precision, early stopping, sampler, calibration, interval, leak check": [
        (HERE, "test_trap_9_"),
        ("training/test_resume.py", "test_killed_in_the_middle_of_an_epoch"),
        ("training/test_steps.py", "test_precision_is_that_of_the_forward_pass"),
        ("training/test_steps.py", "test_monitor_early_stopping_and_time"),
        ("training/test_balancing.py", "test_sampler_draws_both_classes_equally_often"),
        ("catalog/test_leaks.py", "def test_"),
    ],
}


@pytest.mark.parametrize("trap", TRAPS)
def test_every_trap_has_its_test(trap: str) -> None:
    root = Path(__file__).parent.parent
    for file, name in TRAPS[trap]:
        assert name in (root / file).read_text().split("TRAPS = {")[0 if file != HERE else -1], (file, name)


def test_trap_1_the_test_split_is_opened_once_and_at_the_end(finished: Any) -> None:
    asked = finished[2]
    assert [name for name, _ in asked] == ["validation"] * 3 + ["val", "test"]
    folder = finished[0]
    best = {e.epoch: e.value for e in events.read(folder.events_file)[0] if e.name == "val/auc"}
    assert best[folder.document("metrics")["best_epoch"]] == max(best.values()) == folder.status().best


def test_trap_2_no_sample_and_no_group_is_on_two_sides(finished: Any) -> None:
    folder, space, _ = finished
    splits = folder.document("plan")["splits"]
    ids = [set(splits[s]) for s in ("train", "val", "test")]
    assert all(ids) and not (ids[0] & ids[1] or ids[0] & ids[2] or ids[1] & ids[2])
    groups = table.load(["tiny"], space).set_index("id")["groups"]
    keys = [{k for i in one for k in groups[i]} for one in ids]
    assert not (keys[0] & keys[1] or keys[0] & keys[2] or keys[1] & keys[2])


def test_trap_3_rates_of_a_class_are_of_that_class(finished: Any) -> None:
    folder = finished[0]
    scores = pd.read_parquet(folder.scores_file("val"))
    at = folder.document("metrics")["val"]["at_default"]
    called = scores["score"] >= 0.5
    assert at["recall"] == pytest.approx(called[scores["label"] == 1].mean())
    assert at["specificity"] == pytest.approx((~called[scores["label"] == 0]).mean())


def test_trap_4_files_of_one_name_under_two_methods_stay_two_samples(tmp_path: Path) -> None:
    space, root = Workspace(tmp_path / "workspace"), tmp_path / "ff"
    rows, rng = [], np.random.default_rng(0)
    for method, label in (("original", 0), ("Deepfakes", 1), ("FaceSwap", 1)):
        for i in range(12):
            path = root / method / f"000_{i:03}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(rng.integers(0, 255, (SIDE, SIDE, 3), dtype=np.uint8)).save(path)
            rows.append(
                row(
                    "ff",
                    f"{method}/{path.name}",
                    label,
                    i,
                    method=method if label else None,
                    groups=[f"ff-{i}"],
                )
            )
    save(space, root, "ff", rows)
    folder = new_run(small(datasets=["ff"], epochs=1), space=space)
    worker.work(folder, space=space)
    for split in ("val", "test"):
        wanted = folder.document("plan")["splits"][split]
        scores = pd.read_parquet(folder.scores_file(split))
        assert sorted(scores["id"]) == sorted(wanted) and len(wanted) % 3 == 0


@pytest.mark.parametrize("sampling", ["exact", "fast"])
def test_trap_5_few_frames_come_from_the_whole_clip(tmp_path: Path, sampling: str) -> None:
    """8 of 32 frames: there it was the first quarter."""
    space = Workspace(tmp_path / "workspace")
    clip_set(space, tmp_path, each=2, frames=32)
    config = small(modality="video", datasets=["clips"], model="forensic_frames", frames=8, sampling=sampling)
    setup = set_up(TrainConfig.from_dict(config), space)
    for file in setup.source("train").files[:3]:
        indices = prepare_cached(file, setup.recipe, space).indices
        wanted = np.linspace(0, 31, 8)
        assert len(indices) == 8 and np.abs(indices - wanted).max() <= (1 if sampling == "exact" else 31 / 14)
        if sampling == "exact":
            assert (indices[0], indices[-1]) == (0, 31)


def test_trap_7_what_cannot_be_read_is_skipped_counted_and_listed_never_replaced(finished: Any) -> None:
    folder = finished[0]
    broken = {"tiny/real/0003.png", "tiny/fake/0100.png"}
    plan = folder.document("plan")
    listed = {i: split for split, found in plan["skipped"].items() for i in found}
    assert set(listed) == broken
    for i, split in listed.items():
        assert i in plan["splits"][split]
        assert i in folder.log_file.read_text()
        if split != "train":
            assert i not in set(pd.read_parquet(folder.scores_file(split))["id"])
    for split in ("val", "test"):
        wanted = set(plan["splits"][split]) - broken
        assert set(pd.read_parquet(folder.scores_file(split))["id"]) == wanted
    skipped = folder.document("metrics")["skipped"]
    assert sum(found["count"] for found in skipped.values()) == 2


def test_trap_8_nothing_in_a_run_names_a_place_of_this_machine(finished: Any) -> None:
    folder, space, _ = finished
    place = str(space.root.parent)
    for name in (
        "config.yaml",
        "plan.json",
        "metrics.json",
        "operating_point.json",
        "calibration.json",
        "log.txt",
    ):
        assert place not in (folder.path / name).read_text()
    for name in ("best_model.pth", "last.pth", "results/report.html", "scores/test.parquet"):
        assert place.encode() not in (folder.path / name).read_bytes()


def test_trap_9_intervals_calibration_and_the_majority_stand_in_the_metrics(finished: Any) -> None:
    folder = finished[0]
    metrics = folder.document("metrics")
    for split in ("val", "test"):
        for at in ("at_default", "at_chosen"):
            figures = metrics[split][at]
            for name in ("auc", "ap", "eer", "accuracy", "balanced_accuracy", "precision", "recall", "f1"):
                low, high = figures["intervals"][name]
                assert low <= figures[name] + 1e-9 and figures[name] <= high + 1e-9
            assert figures["majority_baseline"] > 0.5
    assert folder.document("calibration") and folder.document("operating_point")["chosen_on"] == "val"


def test_a_run_folder_that_is_copied_opens_elsewhere(finished: Any, tmp_path: Path) -> None:
    import shutil

    copy = tmp_path / "elsewhere"
    shutil.copytree(finished[0].path, copy)
    assert best_model.load(copy).recipe.image_size == 32
    assert yaml.safe_load((copy / "config.yaml").read_text())["model"] == "timm:test_efficientnet"


def test_predicting_in_parts_gives_the_same(finished: Any) -> None:
    """Two ranks that share a split, put together, are one rank that has it alone."""
    from core.training.process.ranks import Ranks
    from core.training.rescore import plan_of, source_of

    folder, space, _ = finished
    loaded = best_model.load(folder)
    rows = plan_of(folder, TrainConfig.from_dict(folder.config()), space).split("val")
    source = source_of(rows, loaded, space)
    whole = predict(loaded.network, loaded.card, source, Ranks(0, 1, torch.device("cpu")))
    kept = pd.read_parquet(folder.scores_file("val"))
    scores = [whole.scored[i].score for i in sorted(whole.scored)]
    assert scores == pytest.approx(kept["score"].tolist(), abs=1e-5)
