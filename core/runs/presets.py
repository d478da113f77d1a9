"""Named starting points for a configuration: each a few fields over the defaults."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

PICTURES = ["flip", "color", "jpeg", "blur", "downscale"]
SOUND = ["audio_noise", "audio_codec", "resample"]


@dataclass(frozen=True)
class Preset:
    name: str
    about: str
    changes: dict[str, Any]
    objectives: bool = False  # also everything that the network can learn beside the verdict


def presets(modality: str) -> list[Preset]:
    """Those for a modality, the quickest first."""
    augmentation = {"audio": SOUND, "multimodal": PICTURES + SOUND}.get(modality, PICTURES)
    return [
        Preset(
            "quick look",
            "minutes: does anything learn at all?",
            {
                "epochs": 3,
                "max_samples_per_class": 200,
                "bootstrap": 200,
                "early_stopping": None,
                **_neutral(),
            },
        ),
        Preset(
            "baseline",
            "no technique against imbalance: what the others are measured against",
            {
                "epochs": 15,
                "max_samples_per_class": None,
                "bootstrap": 1000,
                "early_stopping": 5,
                **_neutral(),
            },
        ),
        Preset(
            "everything on",
            "all techniques against imbalance together, strong augmentation",
            {
                **_neutral(),
                "epochs": 20,
                "max_samples_per_class": None,
                "bootstrap": 1000,
                "early_stopping": 7,
                "balancing": ["sampler", "class_weights", "minority_augmentation"],
                "loss": "weighted_focal",
                "augmentation": augmentation,
                "label_smoothing": 0.05,
            },
            objectives=True,
        ),
        Preset(
            "head only",
            "the backbone is frozen, only the head learns: seconds on a CPU once the embeddings are there",
            {
                **_neutral(),
                "tune": "head",
                "epochs": 50,
                "max_samples_per_class": None,
                "bootstrap": 1000,
                "early_stopping": 10,
                "balancing": ["smote"],
            },
        ),
    ]


def sizes(modality: str) -> list[Preset]:
    """The fusion transformer whole: width, depth, encoders, batch, half precision, accumulation; each can be
    changed."""
    if modality != "multimodal":
        return []
    about = {
        "large": "width 512, 4 layers, 8 heads, ViT-B/16, wav2vec 2.0 large; batch 2, 16 bit on a GPU, steps after 8 "
        "batches; for more than 16 GB",
        "small": "width 256, 2 layers, 4 heads, ResNet-50, wav2vec 2.0 base; batch 4, 16 bit on a GPU, steps after 4 "
        "batches; for up to 16 GB",
    }
    as_the_size_says = {"batch_size": None, "accumulation": None, "precision": "auto"}
    return [
        Preset(size, words, {"model": "fusion", "model_options": {"size": size}, **as_the_size_says})
        for size, words in about.items()
    ]


def _neutral() -> dict[str, Any]:
    """No technique: what an earlier preset ticked is taken back."""
    return {
        "balancing": [],
        "loss": "cross_entropy",
        "augmentation": [],
        "label_smoothing": 0.0,
        "tune": None,
        "head": "linear",
        "devices": 1,
        "domain_weight": None,
        "contrastive_weight": None,
    }
