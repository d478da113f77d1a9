"""The configuration of a run: one dataclass, one YAML. The Train page builds its form from these fields."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from core.errors import BadInput


def _option(
    default: Any,
    help_text: str,
    *,
    choices: tuple[Any, ...] = (),
    unit: str = "",
    low: float | None = None,
    high: float | None = None,
    group: str = "training",
) -> Any:
    """A field with what the form needs: help, unit, choices, range, and the part of the form it stands in."""
    metadata = {"help": help_text, "choices": choices, "unit": unit, "low": low, "high": high, "group": group}
    if isinstance(default, (list, dict)):
        return field(default_factory=lambda: type(default)(default), metadata=metadata)
    return field(default=default, metadata=metadata)


BALANCING = ("sampler", "class_weights", "smote", "minority_augmentation", "pairs")
LOSSES = ("cross_entropy", "focal", "weighted_focal")
MONITORS = ("auc", "f1", "macro_f1", "balanced_accuracy", "accuracy")
AUGMENTATIONS = (
    "flip", "rotation", "color", "affine", "resized_crop", "jpeg", "blur", "downscale", "noise",
    "audio_noise", "audio_codec", "resample", "speed", "self_blend",
)  # fmt: skip
PROTOCOLS = ("official", "group", "heldout_method", "random")


@dataclass(frozen=True)
class TrainConfig:
    """Every field has a default, a unit where it has one, and a line of help."""

    modality: str = _option(
        "video", "what the network sees", choices=("image", "audio", "video", "multimodal"), group="data"
    )
    datasets: list[str] = _option([], "catalogue names of the datasets to learn from", group="data")
    dataset_weights: dict[str, float] = _option(
        {}, "how often a dataset is drawn against the others", group="data"
    )
    protocol: str = _option(
        "official",
        "how the samples are divided; official falls back to group",
        choices=PROTOCOLS,
        group="data",
    )
    heldout: str = _option("", "method kept for the test split (protocol heldout_method)", group="data")
    max_samples_per_class: int | None = _option(
        None, "cap per class and split", unit="samples", low=1, group="data"
    )
    # … the rest is written by the training room
    seed: int = _option(42, "seed of everything random", low=0)

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> TrainConfig:
        known = {f.name for f in fields(cls)}
        unknown = sorted(set(values) - known)
        if unknown:
            raise BadInput(f"unknown option {unknown[0]!r}; known are {', '.join(sorted(known))}")
        return cls(**values)
