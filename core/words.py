"""Names as a person reads them: of figures, parts, states, networks. option_words.py has those of options.

Techniques, losses, augmentations, threshold rules and explanations state their `title` in their own files; what is
here has no file of its own. The key stands behind the name only where a person may have to type it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

MODALITIES = {
    "image": "pictures",
    "audio": "sound",
    "video": "video",
    "multimodal": "video with sound",
}
LABELS = {"real": "real", "fake": "fake", "unlabelled": "no label"}
SPLITS = {"train": "training", "val": "validation", "test": "test", "unassigned": "no part"}
STATES = {
    "queued": "queued",
    "running": "running",
    "stalled": "stalled",
    "stopping": "stopping",
    "stopped": "stopped",
    "completed": "completed",
    "failed": "failed",
    "interrupted": "interrupted",
}
SEVERITIES = {
    "balanced": "balanced",
    "mild": "mild",
    "moderate": "moderate",
    "severe": "severe",
    "extreme": "extreme",
    "single-class": "one class only",
}
FIGURES = {
    "auc": "AUC",
    "ap": "average precision",
    "eer": "equal error rate",
    "accuracy": "accuracy",
    "balanced_accuracy": "balanced accuracy",
    "precision": "precision",
    "recall": "recall",
    "f1": "F1",
    "f1_real": "F1 of reals",
    "precision_real": "precision of reals",
    "macro_f1": "macro F1",
    "mcc": "Matthews correlation",
    "specificity": "share of reals kept",
    "fpr": "false-alarm rate",
    "log_loss": "log loss",
    "brier": "Brier score",
    "ece": "calibration error",
    "loss": "loss",
    "majority_baseline": "always the larger class",
    "tp": "fakes found",
    "fn": "fakes missed",
    "fp": "false alarms",
    "tn": "reals kept",
    "cost": "cost",
    "mindcf": "minDCF",
    "actdcf": "actDCF",
    "cllr": "Cllr",
    "partial_auc": "partial AUC",
    "tpr_at_fpr": "recall at few false alarms",
    # what a run measures of itself while it trains
    "lr": "learning rate",
    "learning_rate": "learning rate",
    "throughput": "samples per second",
    "gpu": "GPU load",
    "gpu_memory": "GPU memory",
    "gpu_temperature": "GPU temperature",
    "gpu_power": "GPU power",
    "memory": "memory",
    "cpu": "processor load",
    "data_wait": "waiting for data",
    "gradient_norm": "gradient norm",
}
# Units of what a run measures of its machine.
UNITS = {
    "gpu": "%",
    "gpu_memory": "MB",
    "gpu_temperature": "°C",
    "gpu_power": "W",
    "memory": "MB",
    "cpu": "%",
}
NETWORKS = {
    "audio_only": "Fusion, sound only",
    "clip_vit_b16": "CLIP ViT-B/16",
    "clip_vit_l14": "CLIP ViT-L/14",
    "contrastive": "Contrastive fusion",
    "cross_attention": "Cross-attention fusion",
    "dinov2_vit_s14": "DINOv2 ViT-S/14",
    "early_fusion": "Early fusion",
    "efficientnet_b0": "EfficientNet-B0",
    "efficientnet_b4": "EfficientNet-B4",
    "efficientnet_lstm": "EfficientNet with LSTM",
    "forensic_frames": "Forensic frames",
    "forensic_residual": "Forensic residual",
    "forensic_sound": "Forensic sound",
    "frame_pool": "Frame pooling",
    "fusion": "Fusion transformer",
    "fusion_forensic": "Forensic fusion",
    "fusion_tiny": "Fusion transformer, small",
    "image_only": "Fusion, pictures only",
    "late_fusion": "Late fusion",
    "logmel_efficientnet_b0": "Log-mel EfficientNet-B0",
    "logmel_mobilenetv3_small": "Log-mel MobileNetV3-small",
    "logmel_resnet18": "Log-mel ResNet-18",
    "mobilenetv3_small": "MobileNetV3-small",
    "raw_waveform": "Raw waveform",
    "resnet18_average": "ResNet-18, mean of frames",
    "resnet50": "ResNet-50",
    "simple_cnn": "Simple CNN",
    "video_only": "Fusion, moving pictures only",
    "vit_base_patch16_224": "ViT-B/16",
    "wav2vec2_base": "wav2vec 2.0 base",
    "wav2vec2_large": "wav2vec 2.0 large",
    "wav2vec2_xlsr_300m": "wav2vec 2.0 XLS-R 300M",
    "xception": "Xception",
}
# Families of published detectors (models/published).
FAMILIES = {
    "aasist": "AASIST",
    "clip_linear": "UniversalFakeDetect",
    "cnndetection": "CNNDetection",
    "deepfakebench_efficientnet": "DeepfakeBench, EfficientNet-B4",
    "deepfakebench_f3net": "DeepfakeBench, F3Net",
    "deepfakebench_resnet34": "DeepfakeBench, ResNet-34",
    "deepfakebench_xception": "DeepfakeBench, Xception or SPSL",
    "huggingface": "Hugging Face folder",
    "mesonet": "MesoNet",
    "onnx": "ONNX file",
    "rine": "RINE",
    "timm": "timm folder",
    "xlsr_aasist": "XLS-R with AASIST",
    "xlsr_sls": "XLS-R with SLS",
}
PLACES = {
    "local": "this machine",
    "torchrun": "several devices or machines (torchrun)",
    "ray": "the Ray cluster",
}
# What the shortcut probe measures of a file, where its key would not say it.
MEASURED = {"aspect": "aspect ratio"}
# By what figures are broken down, and the parts that have names of their own.
BREAKDOWNS = {
    "dataset": "dataset",
    "method": "method",
    "modality": "kind of file",
    "present": "what was present",
    "identity": "person",
}


def plain(key: object) -> str:
    """What has no name of its own: its key without underscores."""
    return str(key).replace("_", " ")


def spelled_out(text: str) -> str:
    """A published figure without its abbreviation: EER 0.83 %  ->  equal error rate 0.83 %"""
    return re.sub(r"\bEER\b", FIGURES["eer"], text)


def capital(text: str) -> str:
    """The first letter large; the others stay, for AUC is no Auc."""
    return text[:1].upper() + text[1:]


def quoted(names: Iterable[str]) -> list[str]:
    """Names of data, runs and detectors as a sentence has them: “tiny”, so that none reads as a word of it."""
    return [f"“{name}”" for name in names]


def listed(names: Iterable[str], last: str = "and") -> str:
    """A, B and C; with `or` a list of which one is taken."""
    *some, end = names
    return f"{', '.join(some)} {last} {end}" if some else end


def what_adds(names: Iterable[str]) -> str:
    """What picture, sound and text each add: the heading over a row for each of them."""
    each = list(names)
    return f"What {listed(each)} {'each add' if len(each) > 1 else 'adds'}"


def figure(name: str) -> str:
    return FIGURES.get(name) or plain(name)


def with_unit(name: str) -> str:
    """A figure of the machine as an axis has it: processor load (%)"""
    return f"{figure(name)} ({UNITS[name]})" if name in UNITS else figure(name)


def recorded(key: str) -> str:
    """A detail of a line of the audit trail. What chose a threshold is a rule: a method is how a fake was made."""
    return {"method": "rule", "sha256": "SHA-256"}.get(key) or plain(key)


def measured(name: str) -> str:
    return MEASURED.get(name, name)


def split(name: str) -> str:
    return SPLITS.get(name) or plain(name)


def state(name: str) -> str:
    return STATES.get(name) or plain(name)


def modality(name: str) -> str:
    return MODALITIES.get(name) or plain(name)


def network(name: str) -> str:
    """What has no entry is a name already: `timm:convnext_tiny`, a file of the user's own. Of a detector of others the
    key names its family, which tells a reader nothing."""
    return "a published network" if name.startswith("published:") else NETWORKS.get(name, name)


def family(name: str) -> str:
    return FAMILIES.get(name, name)


def architecture(name: str) -> str:
    """The class of a network as words, between which a line can break: ViTForImageClassification  ->  ViT for image
    classification. Other names stay as they are."""
    found = re.fullmatch(r"(\w+?)For((?:[A-Z][a-z]+)+)", name)
    if found is None:
        return name
    kind = re.sub("([A-Z])", r" \1", found[2]).lower()
    return f"{found[1]} for{kind}"


def input_of(text: str) -> str:
    """What a network is given, for a sentence: 32x32 px  ->  pictures of 32 × 32 pixels"""
    size = re.fullmatch(r"(\d+)x(\d+) px", text)
    return f"pictures of {size[1]} × {size[2]} pixels" if size else text


def part(breakdown: str, name: str) -> str:
    """A part of a breakdown: kinds of files and what was present have names of their own, others stand as they are.

    modality, audio  ->  sound        present, picture+sound  ->  picture and sound
    """
    if breakdown == "modality":
        return modality(name)
    if breakdown == "present":
        return name.replace("+", " and ")
    return name
