"""The words that options may be: what the configuration, its checks and the form offer."""

from __future__ import annotations

MODALITIES = ("image", "audio", "video", "multimodal")
PROTOCOLS = ("official", "group", "heldout_method", "random")
TUNE = ("all", "layernorm", "last_blocks", "head")
HEADS = ("linear", "mlp", "logistic")
OPTIMIZERS = ("adam", "adamw", "sgd")
SCHEDULERS = ("plateau", "cosine", "none")
MONITORS = ("auc", "f1", "macro_f1", "balanced_accuracy", "accuracy")
PRECISIONS = ("fp32", "bf16", "fp16")
BALANCING = ("sampler", "class_weights", "smote", "minority_augmentation", "pairs")
LOSSES = ("cross_entropy", "focal", "weighted_focal")
IMAGE_AUGMENTATIONS = (
    "flip", "rotation", "color", "affine", "resized_crop", "jpeg", "blur", "downscale", "noise", "self_blend",
)  # fmt: skip
AUDIO_AUGMENTATIONS = ("audio_noise", "audio_codec", "resample", "speed")
AUGMENTATIONS = IMAGE_AUGMENTATIONS + AUDIO_AUGMENTATIONS

DEFAULT_MODELS = {
    "image": "forensic_residual",
    "audio": "logmel_mobilenetv3_small",
    "video": "forensic_frames",
    "multimodal": "fusion_forensic",
}
DEFAULT_BATCHES = {"image": 32, "audio": 16, "video": 4, "multimodal": 4}
