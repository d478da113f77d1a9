"""Options that contradict each other, refused naming the field and what it may be."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.catalog.shares import parse_shares
from core.errors import BadInput
from core.thresholds import methods
from core.training import augmentation
from core.training.balancing import TECHNIQUES
from core.training.options.fields import refuse

if TYPE_CHECKING:
    from core.training.options.config import TrainConfig


def check_together(config: TrainConfig) -> None:
    parse_shares(config.shares)
    if config.heldout and config.protocol != "heldout_method":
        refuse("heldout", config.heldout, f"needs protocol: heldout_method (it is {config.protocol})")
    strangers = sorted(set(config.dataset_weights) - set(config.datasets))
    if config.datasets and strangers:
        refuse("dataset_weights", strangers[0], f"must be one of datasets: {', '.join(config.datasets)}")
    if len(set(config.datasets)) != len(config.datasets):
        refuse("datasets", config.datasets, "names a dataset twice")
    if config.contrastive_weight and config.modality != "multimodal":
        why = f"must be 0 for modality {config.modality}; it is for multimodal"
        refuse("contrastive_weight", config.contrastive_weight, why)
    allowed = augmentation.fitting(config.modality)
    for name in config.augmentation:
        if name not in allowed:
            may = f"does not fit modality {config.modality}; it may be {', '.join(allowed)}"
            refuse("augmentation", name, may)
    try:
        if config.threshold_method != "default":
            methods.parse(config.threshold_method)
    except BadInput as error:
        raise BadInput(f"threshold_method: {config.threshold_method!r}: {error}") from error


def check_tune(config: TrainConfig, tune: str) -> None:
    """What needs a learning backbone, or a frozen one, once the network's card has said which it is."""
    if tune != "head":
        for name in config.balancing:
            if TECHNIQUES[name].needs_embeddings:
                refuse("balancing", name, f"works on embeddings and needs tune: head (it is {tune})")
        if config.head != "linear":
            refuse("head", config.head, f"needs tune: head (it is {tune})")
        return
    for name in ("domain_weight", "contrastive_weight"):
        if getattr(config, name):
            refuse(name, getattr(config, name), "needs a backbone that learns; set tune: all")
    if config.devices > 1:
        refuse("devices", config.devices, "must be 1 with tune: head, which trains in seconds in one process")
