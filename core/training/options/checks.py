"""Options that contradict each other, refused naming the field and what it may be."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from core.errors import BadInput
from core.thresholds import methods
from core.training.options.choices import AUDIO_AUGMENTATIONS, IMAGE_AUGMENTATIONS
from core.training.options.fields import refuse

if TYPE_CHECKING:
    from core.training.options.config import TrainConfig

_NUMBER = r"(?:\d+\.?\d*(?:[eE][-+]?\d+)?|\.\d+(?:[eE][-+]?\d+)?)"
THRESHOLD_METHOD = re.compile(
    r"default|f1|macro_f1|balanced_accuracy|youden|eer"
    rf"|(?:fbeta|precision|recall|fpr)={_NUMBER}|cost={_NUMBER}:{_NUMBER}(?:@{_NUMBER})?"
)


def check_together(config: TrainConfig) -> None:
    if config.heldout and config.protocol != "heldout_method":
        refuse("heldout", config.heldout, f"needs protocol: heldout_method (it is {config.protocol})")
    strangers = sorted(set(config.dataset_weights) - set(config.datasets))
    if config.datasets and strangers:
        refuse("dataset_weights", strangers[0], f"must be one of datasets: {', '.join(config.datasets)}")
    if len(set(config.datasets)) != len(config.datasets):
        refuse("datasets", config.datasets, "names a dataset twice")
    for name in ("domain_weight", "contrastive_weight"):
        if getattr(config, name) and config.modality != "multimodal":
            refuse(
                name, getattr(config, name), f"must be 0 for modality {config.modality}; it is for multimodal"
            )
    fitting = {"image": IMAGE_AUGMENTATIONS, "video": IMAGE_AUGMENTATIONS, "audio": AUDIO_AUGMENTATIONS}
    allowed = fitting.get(config.modality, IMAGE_AUGMENTATIONS + AUDIO_AUGMENTATIONS)
    for name in config.augmentation:
        if name not in allowed:
            refuse(
                "augmentation",
                name,
                f"does not fit modality {config.modality}; it may be {', '.join(allowed)}",
            )
    if not THRESHOLD_METHOD.fullmatch(config.threshold_method):
        refuse(
            "threshold_method",
            config.threshold_method,
            "must be f1, fbeta=B, macro_f1, balanced_accuracy, youden, eer, precision=P, recall=R, fpr=F or "
            "cost=FP:FN[@PREVALENCE]",
        )
    try:
        if config.threshold_method != "default":
            methods.parse(config.threshold_method)
    except BadInput as error:
        raise BadInput(f"threshold_method: {config.threshold_method!r}: {error}") from error


def check_tune(config: TrainConfig, tune: str) -> None:
    """What needs a learning backbone, or a frozen one, once the network's card has said which it is."""
    if tune != "head":
        if "smote" in config.balancing:
            refuse("balancing", "smote", f"works on embeddings and needs tune: head (it is {tune})")
        if config.head != "linear":
            refuse("head", config.head, f"needs tune: head (it is {tune})")
        return
    for name in ("domain_weight", "contrastive_weight"):
        if getattr(config, name):
            refuse(name, getattr(config, name), "needs a backbone that learns; set tune: all")
    if config.devices > 1:
        refuse("devices", config.devices, "must be 1 with tune: head, which trains in seconds in one process")
