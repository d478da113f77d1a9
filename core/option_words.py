"""Names of options, and of those of their values that have no files of their own, as a person reads them."""

from __future__ import annotations

from core import words

# Options whose key, with spaces for underscores, would not say what they are.
OPTIONS = {
    "modality": "What it looks at",
    "dataset_weights": "Weights of the datasets",
    "protocol": "How the data is divided",
    "shares": "Shares of the parts",
    "heldout": "Method kept for the test",
    "max_samples_per_class": "Samples per class at most",
    "sampling": "Which frames",
    "image_size": "Picture size",
    "faces": "Crop the face",
    "face_margin": "Margin around the face",
    "seconds": "Length of a piece of sound",
    "trim_silence": "Cut silence at both ends",
    "aggregation": "From several scores to one",
    "model": "Network",
    "model_options": "Further options of the network",
    "pretrained": "Start from pre-trained weights",
    "tune": "What learns",
    "head": "Head on the embeddings",
    "plateau_patience": "Patience before the rate falls",
    "plateau_watches": "What decides that the rate falls",
    "scheduler": "Learning rate over time",
    "warmup": "Warm-up",
    "early_stopping": "Stop without progress after",
    "monitor": "Figure that picks the best epoch",
    "max_minutes": "Time limit",
    "clip_norm": "Longest gradient",
    "accumulation": "Batches to one step",
    "views": "Augmented copies",
    "domain_weight": "Weight of the domain head",
    "contrastive_weight": "Weight of the contrast",
    "threshold_method": "How the threshold is chosen",
    "score_test": "Open the test part at the end",
    "prevalence": "Share of fakes in use",
    "calibration": "From scores to probabilities",
    "bootstrap": "Draws for intervals",
    "devices": "Devices together",
    "precision": "Arithmetic",
    "workers": "Reading processes",
    "checkpoint_minutes": "Save at least every",
    "compile": "Compile the network",
    "deterministic": "Repeatable on a GPU",
    "smote_neighbours": "SMOTE: neighbours",
}
CROP: dict[str | bool, str] = {"auto": "as the data needs", True: "yes", False: "no"}
CHOICES: dict[str, dict[str, str] | dict[str | bool, str]] = {
    "modality": words.MODALITIES,
    "protocol": {
        "official": "the dataset's own split",
        "group": "by person, source or clip",
        "heldout_method": "one method held out",
        "random": "at random (leaks)",
    },
    "sampling": {"exact": "evenly spaced", "fast": "nearest that decodes fast"},
    "faces": CROP,
    "aggregation": {"mean": "their mean", "max": "the highest"},
    "tune": {
        "all": "the whole network",
        "layernorm": "layer norms and the head",
        "last_blocks": "the last blocks and the head",
        "head": "the head alone",
    },
    "head": {"linear": "linear", "mlp": "two layers", "logistic": "logistic regression"},
    "optimizer": {"adam": "Adam", "adamw": "AdamW", "sgd": "SGD"},
    "scheduler": {
        "plateau": "falls when progress stops",
        "cosine": "cosine with warm-up",
        "none": "constant",
    },
    "plateau_watches": {"monitor": "the figure that picks the best epoch", "loss": "validation loss"},
    "monitor": words.FIGURES,
    "calibration": {
        "platt": "Platt scaling",
        "temperature": "temperature",
        "isotonic": "isotonic regression",
    },
    "device": {"auto": "a GPU if there is one", "cpu": "processor", "cuda": "GPU"},
    "precision": {"auto": "as the device does best", "fp32": "32 bit", "bf16": "bfloat16", "fp16": "16 bit"},
}


def option(name: str) -> str:
    return OPTIONS.get(name) or words.capital(words.plain(name))


def choice(name: str, value: object) -> str:
    """A value of an option whose values have no files of their own."""
    for known, text in CHOICES.get(name, {}).items():
        if known == value and type(known) is type(value):
            return text
    if isinstance(value, bool):
        return "yes" if value else "no"
    return words.plain(value)
