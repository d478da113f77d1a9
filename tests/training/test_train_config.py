"""The configuration: every field documented, every wrong value refused in one line that names the field."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
import yaml

from core.errors import BadInput
from core.training.options import unused_options
from core.training.options.choices import MODALITIES
from core.training.options.config import TrainConfig
from core.training.options.yaml_fields import parse_setting
from core.workspace import CODE_ROOT


@pytest.mark.parametrize("option", fields(TrainConfig), ids=lambda f: f.name)
def test_every_field_tells_the_form_what_it_needs(option: Any) -> None:
    assert set(option.metadata) == {"help", "choices", "unit", "low", "high", "group"}
    assert len(option.metadata["help"]) > 5 and "\n" not in option.metadata["help"]


def test_defaults_survive_yaml(tmp_path: Path) -> None:
    path = tmp_path / "c.yaml"
    path.write_text(yaml.safe_dump(TrainConfig().to_dict()))
    assert TrainConfig.from_yaml(path) == TrainConfig()


def test_the_fixed_names_are_there() -> None:
    fixed = [
        "modality",
        "datasets",
        "dataset_weights",
        "model",
        "pretrained",
        "tune",
        "epochs",
        "batch_size",
        "learning_rate",
        "dropout",
        "weight_decay",
        "optimizer",
        "scheduler",
        "early_stopping",
        "clip_norm",
        "label_smoothing",
        "augmentation",
        "max_samples_per_class",
        "image_size",
        "frames",
        "faces",
        "sample_rate",
        "protocol",
        "seed",
        "monitor",
        "balancing",
        "loss",
        "threshold_method",
        "precision",
        "accumulation",
        "devices",
        "workers",
    ]
    assert set(fixed) <= {f.name for f in fields(TrainConfig)}


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"learning_rat": 1}, ["unknown option 'learning_rat'", "learning_rate"]),
        ({"loss": "hinge"}, ["loss", "cross_entropy, focal, weighted_focal"]),
        ({"epochs": 0}, ["epochs", "from 1"]),
        ({"epochs": 1.5}, ["epochs", "whole number"]),
        ({"epochs": None}, ["epochs"]),
        ({"epochs": True}, ["epochs"]),
        ({"dropout": 1.0}, ["dropout", "0.95"]),
        ({"learning_rate": "fast"}, ["learning_rate", "number"]),
        ({"learning_rate": float("nan")}, ["learning_rate"]),
        ({"faces": "maybe"}, ["faces", "auto, true, false"]),
        ({"pretrained": "yes"}, ["pretrained", "true or false"]),
        ({"balancing": ["sampling"]}, ["balancing", "sampler"]),
        ({"balancing": ["sampler", "sampler"]}, ["balancing", "twice"]),
        ({"balancing": ["smote"], "tune": "all"}, ["balancing", "tune: head"]),
        ({"tune": "head", "modality": "multimodal", "domain_weight": 1}, ["domain_weight", "backbone"]),
        ({"tune": "head", "devices": 2}, ["devices"]),
        ({"modality": "audio", "augmentation": ["flip"]}, ["augmentation", "audio_noise"]),
        ({"modality": "image", "augmentation": ["speed"]}, ["augmentation", "flip"]),
        ({"heldout": "FaceSwap"}, ["heldout", "heldout_method"]),
        ({"datasets": ["a"], "dataset_weights": {"b": 2}}, ["dataset_weights", "'b'"]),
        ({"datasets": ["a"], "dataset_weights": {"a": 0}}, ["dataset_weights", "above 0"]),
        ({"threshold_method": "best"}, ["threshold_method", "macro_f1"]),
        ({"threshold_method": "precision=high"}, ["threshold_method"]),
        ({"threshold_method": "precision=2"}, ["threshold_method", "between 0 and 1"]),
        ({"threshold_method": "fbeta=0"}, ["threshold_method", "beta (0)"]),
        ({"threshold_method": "cost=1:5@3"}, ["threshold_method", "prevalence"]),
        ({"contrastive_weight": 1, "modality": "video"}, ["contrastive_weight", "multimodal"]),
        ({"modality": "text"}, ["modality", "image, audio, video, multimodal"]),
    ],
)
def test_what_makes_no_sense_is_refused_naming_the_field(wrong: dict[str, Any], words: list[str]) -> None:
    with pytest.raises(BadInput) as caught:
        TrainConfig.from_dict(wrong)
    assert "\n" not in str(caught.value)
    for word in words:
        assert word in str(caught.value)


def test_yaml_texts_that_are_numbers_are_numbers() -> None:
    assert yaml.safe_load("1e-3") == "1e-3"  # why it matters
    assert TrainConfig.from_dict(dict([parse_setting("learning_rate=1e-3")])).learning_rate == 1e-3
    assert TrainConfig.from_dict({"datasets": "Celeb-DF-v2"}).datasets == ["Celeb-DF-v2"]


@pytest.mark.parametrize("text", ["epochs", "=3", "epochs=[1"])
def test_a_setting_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(BadInput, match="--set"):
        parse_setting(text)


def test_the_configuration_does_not_import_torch() -> None:
    code = "import sys, core.training.options.config, core.training; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=CODE_ROOT, check=False).returncode == 0


CARD = {"tune": "all", "options": {"dropout": 0.1}, "objectives": {"domain": 0.0}, "pretrained": "tag"}


@pytest.mark.parametrize(
    ("options", "card", "useless"),
    [
        ({"modality": "audio"}, CARD, {"frames", "image_size", "contrastive_weight"}),
        ({"modality": "video"}, CARD, {"sample_rate", "aggregation", "views", "head"}),
        ({"scheduler": "cosine", "loss": "cross_entropy"}, CARD, {"plateau_patience", "focal_gamma"}),
        ({"datasets": ["one"]}, CARD, {"dataset_weights", "domain_weight"}),
        ({}, {**CARD, "tune": "head"}, {"domain_weight"}),
        (
            {},
            {**CARD, "options": {}, "pretrained": "", "objectives": {}},
            {"dropout", "pretrained", "domain_weight"},
        ),
    ],
)
def test_what_does_nothing_is_known(options: dict[str, Any], card: dict[str, Any], useless: set[str]) -> None:
    config = TrainConfig.from_dict(options).to_dict()
    assert useless <= set(unused_options.find_unused(config, card))
    assert not unused_options.set_for_nothing(config, TrainConfig().to_dict(), card) or options.get(
        "datasets"
    )


def test_what_is_set_for_nothing_is_said() -> None:
    config = TrainConfig(modality="audio", frames=8, warmup=0.2).to_dict()
    said = unused_options.set_for_nothing(config, TrainConfig().to_dict(), CARD)
    assert said == {"frames": "sound has no pictures", "warmup": "the scheduler is plateau"}


def test_no_option_that_acts_is_called_useless() -> None:
    used = {"epochs", "learning_rate", "seed", "monitor", "batch_size", "optimizer", "weight_decay", "loss"}
    for modality in MODALITIES:
        config = TrainConfig.from_dict({"modality": modality}).to_dict()
        assert not used & set(unused_options.find_unused(config, CARD))
