"""The words that options may be: what the configuration, its checks and the form offer."""

from __future__ import annotations

from collections.abc import Iterable

from core.training import augmentation, losses
from core.training.augmentation import Augmentation
from core.training.balancing import TECHNIQUES, Balancing
from core.training.losses import Loss

MODALITIES = ("image", "audio", "video", "multimodal")
PROTOCOLS = ("official", "group", "heldout_method", "random")
TUNE = ("all", "layernorm", "last_blocks", "head")
HEADS = ("linear", "mlp", "logistic")
OPTIMIZERS = ("adam", "adamw", "sgd")
SCHEDULERS = ("plateau", "cosine", "none")
MONITORS = ("auc", "f1", "macro_f1", "balanced_accuracy", "accuracy", "loss")
AUTO = "auto"
PRECISIONS = (AUTO, "fp32", "bf16", "fp16")
BALANCING = tuple(TECHNIQUES)
LOSSES = tuple(losses.LOSSES)
AUGMENTATIONS = tuple(augmentation.AUGMENTATIONS)
SETTINGS = (
    *(kind.Settings for kind in TECHNIQUES.values()),
    *(kind.Settings for kind in losses.LOSSES.values()),
)

DEFAULT_MODELS = {
    "image": "forensic_residual",
    "audio": "logmel_mobilenetv3_small",
    "video": "forensic_frames",
    "multimodal": "fusion_forensic",
}
DEFAULT_BATCHES = {"image": 32, "audio": 16, "video": 4, "multimodal": 4}


def describe(kinds: Iterable[type[Balancing] | type[Loss] | Augmentation]) -> str:
    """A line of help that names all: `sampler: draws both classes equally often; pairs: …`."""
    return "; ".join(f"{kind.name}: {kind.about}" if kind.about else kind.name for kind in kinds)
