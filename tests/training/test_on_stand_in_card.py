"""Whole runs as on a GPU, on a stand-in for one: training, scoring, what is measured later."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from core.runs.folder import RunFolder, new_run
from core.training import rescore
from core.training.learner import Context, NetworkLearner
from core.training.loop import Loop
from core.training.options.config import TrainConfig
from core.training.process.ranks import Ranks
from core.training.setup import set_up
from core.training.worker import work
from core.workspace import Workspace
from tests.stand_in_card import CARD, stand_in_card
from tests.training.test_every_modality import NETWORKS
from tests.training.tiny_catalogue import clip_set, image_set, small, sound_set

CHANGES = ["flip", "rotation", "color", "blur", "noise"]
LSTM = {"backbone": "test_resnet", "aggregation": "lstm"}
SETS = {"image": image_set, "audio": sound_set, "video": clip_set, "multimodal": clip_set}


def trained(space: Workspace, root: Path, modality: str, **more: Any) -> RunFolder:
    SETS[modality](space, root)
    usual = {"device": "cuda", "epochs": 1, "batch_size": 4, "bootstrap": 20}
    run = new_run(small(**{**usual, "modality": modality, **NETWORKS[modality], **more}), path=root / "run")
    work(run, space=space)
    assert run.status().state == "completed", run.log_file.read_text()
    return run


def loop(space: Workspace, root: Path, modality: str = "image", **more: Any) -> Loop:
    SETS[modality](space, root)
    wanted = {"device": "cuda", "modality": modality, **NETWORKS[modality], **more}
    setup = set_up(TrainConfig.from_dict(small(**wanted)), space)
    context = Context(Ranks(0, 1, CARD))
    return Loop(NetworkLearner(setup, context), new_run(setup.config.to_dict(), path=root / "run"))


@pytest.mark.parametrize("precision", ["fp16", "auto", "fp32"])
@pytest.mark.long
def test_a_run_in_every_precision(space: Workspace, tmp_path: Path, precision: str) -> None:
    with stand_in_card():
        run = trained(
            space, tmp_path, "image", precision=precision, clip_norm=1.0, augmentation=CHANGES, workers=0
        )
        assert "on stand-in card" in run.log_file.read_text()
        assert {row["kind"] for row in rescore.robustness(run, space=space, most=4)} > {"none"}


@pytest.mark.long
@pytest.mark.parametrize("modality", ["audio", "video", "multimodal"])
def test_a_run_of_every_modality(space: Workspace, tmp_path: Path, modality: str) -> None:
    with stand_in_card():
        run = trained(space, tmp_path, modality, tune=None if modality == "multimodal" else "all")
        if modality == "multimodal":
            assert {row["part"] for row in rescore.ablation(run, space=space, most=8)} == {"picture", "sound"}


@pytest.mark.long
@pytest.mark.parametrize("head", ["mlp", "logistic"])
def test_a_head_learns(space: Workspace, tmp_path: Path, head: str) -> None:
    with stand_in_card():
        trained(space, tmp_path, "image", tune="head", head=head, balancing=["smote", "class_weights"])


def test_a_step_asks_the_card_for_nothing(space: Workspace, tmp_path: Path) -> None:
    with stand_in_card() as card:
        job = loop(
            space,
            tmp_path,
            precision="bf16",
            clip_norm=1.0,
            augmentation=CHANGES,
            balancing=["class_weights"],
        )
        batch = next(iter(job.loader.batches(job.draws_of(1)[:1])))
        job.network.train()
        card.asked.clear()
        for number in (1, 2):
            job.stepper.step([batch], number, number)
        assert card.asked == []
        assert job.stepper.collect().loss > 0
        assert all(group["fused"] for group in job.stepper.optimizer.param_groups)
        assert job.network.get_parameter("encoder.backbone.conv_stem.weight").held.is_contiguous(
            memory_format=torch.channels_last
        )


@pytest.mark.parametrize(
    ("modality", "network"),
    [
        ("video", {"model": "simple_cnn"}),
        ("video", {"model": "frame_pool", "model_options": LSTM}),
        ("multimodal", {}),
    ],
)
def test_a_step_with_something_missing_asks_the_card_for_nothing(
    space: Workspace, tmp_path: Path, modality: str, network: dict[str, Any]
) -> None:
    """A clip has fewer frames than the others, or no sound: the CPU knows which, and need not ask."""
    with stand_in_card() as card:
        job = loop(space, tmp_path, modality, batch_size=4, precision="bf16", tune="all", **network)
        batch = next(iter(job.loader.batches(job.draws_of(1)[:1])))
        batch.inputs["mask"][0, -1] = False
        if modality == "multimodal":
            batch.inputs["has_audio"][1] = False
        job.network.train()
        card.asked.clear()
        job.stepper.step([batch], 1, 1)
        assert card.asked == []
        assert job.stepper.collect().loss > 0
