"""LARGE and SMALL as whole presets: what a configuration leaves open comes from the size, what it says stays."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch

import models
from core.cli.estimate import measure
from core.errors import BadInput
from core.runs.folder import new_run
from core.runs.presets import sizes
from core.training import worker
from core.training.automatic import settled, settled_choices
from core.training.options.config import TrainConfig
from core.training.setup import model_options_for, set_up, trained_how, with_recipe_of
from core.workspace import Workspace
from tests.training.tiny_catalogue import clip_set, small

WHOLE = {
    "large": {"width": 512, "layers": 4, "heads": 8, "batch": 2, "accumulation": 8, "visual": "vit_base"},
    "small": {"width": 256, "layers": 2, "heads": 4, "batch": 4, "accumulation": 4, "visual": "resnet50"},
}


@pytest.mark.parametrize("size", list(WHOLE))
def test_a_size_decides_all_that_is_left_open(size: str) -> None:
    (preset,) = [p for p in sizes("multimodal") if p.name == size]
    config = TrainConfig.from_dict({"modality": "multimodal", **preset.changes})
    with torch.device("meta"):
        network = models.create(config.model_name, **config.model_options)
    wanted = WHOLE[size]
    assert {name: network.options[name] for name in ("width", "layers", "heads")} == {
        name: wanted[name] for name in ("width", "layers", "heads")
    }
    assert network.options["visual_encoder"].startswith(str(wanted["visual"]))
    assert network.card.precision == "fp16"
    decided = with_recipe_of(config, network.card)
    assert (decided.batch, decided.accumulation) == (wanted["batch"], wanted["accumulation"])
    own = TrainConfig.from_dict({**config.to_dict(), "batch_size": 3, "accumulation": 1})
    decided = with_recipe_of(own, network.card)
    assert (decided.batch, decided.accumulation) == (3, 1)


@pytest.mark.parametrize(("device", "size"), [("cpu", "small"), ("cuda", "large"), ("auto", "large")])
def test_auto_goes_by_the_device_of_the_run(monkeypatch: pytest.MonkeyPatch, device: str, size: str) -> None:
    """Also beside a large GPU a run on the CPU gets the small network; memory that is stated counts everywhere."""
    there = SimpleNamespace(total_memory=80 * 10**9)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda index: there)
    for stated, expected in ((None, size), (80.0, "large"), (8.0, "small")):
        config = TrainConfig(
            modality="multimodal", model="fusion", device=device, model_options={"memory_gb": stated}
        )
        options = model_options_for(config, models.card("fusion"), 0, words=False)
        with torch.device("meta"):
            assert models.create("fusion", **options).options["size"] == expected


def test_a_resumed_run_keeps_the_size_that_it_began_with(
    space: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a machine with another card the automatic size would be another, and its weights would not fit."""
    began: Any = SimpleNamespace(
        config=TrainConfig(modality="multimodal", model="fusion", precision="fp16", batch_size=2),
        model_options={"size": "large", "width": 512},
    )
    run = new_run(small(modality="multimodal", model="fusion"), path=tmp_path / "run")
    torch.save({"settled": settled_choices(began)}, run.last_checkpoint)
    seen: list[TrainConfig] = []

    def set_up(config: TrainConfig, *_: Any, **__: Any) -> None:
        seen.append(config)
        raise BadInput("seen enough")

    monkeypatch.setattr(worker, "set_up", set_up)
    monkeypatch.setattr(worker, "read_recipe", lambda folder: None)
    with pytest.raises(BadInput, match="seen enough"):
        worker.work(run, resume=True, space=space)
    assert seen[0].model_options == {"size": "large"}


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (
            {},
            "size forensic (width 64, layers 1, heads 4, picture: Forensic residual, sound: Forensic sound)",
        ),
        ({"model_options": {"width": 32}}, "size forensic (width 32, layers 1"),
        ({"batch_size": 3, "accumulation": 2}, "batches of 3, one step after 2 batches"),
    ],
)
@pytest.mark.long
def test_the_estimate_and_the_log_say_what_was_decided(
    space: Workspace, tmp_path: Path, more: dict[str, Any], said: str
) -> None:
    clip_set(space, tmp_path)
    options = {"modality": "multimodal", "datasets": ["clips"], "model": "fusion_forensic", "frames": 2}
    config = TrainConfig.from_dict(small(**{**options, "seconds": 0.5, "batch_size": None, **more}))
    setup = settled(set_up(config, space), torch.device("cpu"))
    assert said in trained_how(setup) and (
        "batches of 8, 32 bit arithmetic" in trained_how(setup) or "batch_size" in more
    )
    if not more:
        assert measure(config)["trained_how"] == trained_how(setup)


@pytest.mark.parametrize("size", list(WHOLE))
def test_half_precision_is_for_a_gpu_and_can_be_overridden(
    size: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with torch.device("meta"):
        card = models.create("fusion", size=size).card
    config = TrainConfig(modality="multimodal", precision="auto")
    assert with_recipe_of(config, card).precision == "auto"  # without a GPU it becomes fp32
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert with_recipe_of(config, card).precision == "fp16"
    assert with_recipe_of(replace(config, precision="bf16"), card).precision == "bf16"
    assert with_recipe_of(replace(config, device="cpu"), card).precision == "auto"
