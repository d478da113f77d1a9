"""The configuration of a run: one dataclass, one YAML. The Train page builds its form from these fields."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

import yaml

from core import plain_yaml
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


@dataclass(frozen=True)
class TrainConfig:
    """Every field has a default, a unit where it has one, and a line of help. None: chosen as the help says."""

    name: str = _option("", "what the run is called in lists; empty: network and datasets", group="data")
    modality: str = _option("video", "what the network sees", choices=MODALITIES, group="data")
    datasets: list[str] = _option(
        [],
        "catalogue names of the datasets to learn from; none named: all that fit the modality",
        group="data",
    )
    dataset_weights: dict[str, float] = _option(
        {}, "how often a dataset is drawn against the others (1 where not named)", group="data"
    )
    protocol: str = _option(
        "official",
        "how the samples are divided; official falls back to group",
        choices=PROTOCOLS,
        group="data",
    )
    heldout: str = _option("", "method kept for the test split (protocol heldout_method)", group="data")
    max_samples_per_class: int | None = _option(
        None,
        "cap per class and split; training keeps at most this many of each class, validation and test are "
        "thinned in proportion so that they keep their natural balance; empty: no cap",
        unit="samples",
        low=1,
        group="data",
    )
    frames: int | None = _option(
        None,
        "frames taken of a clip; empty: as the network's card says",
        unit="frames",
        low=1,
        high=512,
        group="input",
    )
    sampling: str = _option(
        "exact",
        "exact: evenly spaced frames; fast: the nearest frame that is cheap to decode",
        choices=("exact", "fast"),
        group="input",
    )
    image_size: int | None = _option(
        None,
        "side of the picture the network sees; empty: as its card says",
        unit="pixels",
        low=16,
        high=2048,
        group="input",
    )
    faces: bool | str = _option(
        "auto",
        "crop the face first; auto looks at the data and the recipe records true or false",
        choices=("auto", True, False),
        group="input",
    )
    face_margin: float = _option(
        1.3, "side of the square crop over the side of the face", unit="×", low=1.0, high=4.0, group="input"
    )
    sample_rate: int | None = _option(
        None,
        "sound is resampled to this; empty: as the card says",
        unit="Hz",
        low=4000,
        high=96_000,
        group="input",
    )
    seconds: float | None = _option(
        None,
        "length of one piece of sound; empty: as the card says",
        unit="s",
        low=0.25,
        high=60,
        group="input",
    )
    trim_silence: bool = _option(
        True, "cut leading and trailing silence, which gives the label away in several sets", group="input"
    )
    aggregation: str = _option(
        "mean", "how unit scores become the sample's score", choices=("mean", "max"), group="input"
    )

    model: str = _option("", "network from the registry; empty: the default of the modality", group="model")
    model_options: dict[str, Any] = _option(
        {}, "further arguments of the network, as its card lists", group="model"
    )
    pretrained: bool = _option(
        False, "start from pre-trained weights (must be on this machine)", group="model"
    )
    tune: str | None = _option(
        None,
        "which weights learn; head: the backbone is frozen, embeddings are computed once, and only the head "
        "learns; empty: as the card says (mostly all)",
        choices=TUNE,
        group="model",
    )
    head: str = _option("linear", "what learns on the embeddings (tune: head)", choices=HEADS, group="model")
    dropout: float | None = _option(
        None, "dropout before the classifier; empty: the network's own", low=0, high=0.95, group="model"
    )

    epochs: int = _option(10, "passes over the training data at most", unit="epochs", low=1, high=10_000)
    batch_size: int | None = _option(
        None,
        "samples in one step on each device; empty: 32 pictures, 16 recordings, 4 clips",
        unit="samples",
        low=1,
        high=65_536,
    )
    learning_rate: float | None = _option(
        None, "of the new head; the backbone learns 10 times slower where it is pre-trained; empty: the card's",
        low=1e-8, high=10,
    )  # fmt: skip
    weight_decay: float = _option(1e-4, "pulls the weights towards zero", low=0, high=10)
    optimizer: str = _option("adamw", "how the weights are updated", choices=OPTIMIZERS)
    scheduler: str = _option(
        "plateau",
        "learning rate over time; plateau halves it when the monitor stands still, cosine warms up and falls",
        choices=SCHEDULERS,
    )
    plateau_patience: int = _option(
        2, "epochs without progress before plateau halves", unit="epochs", low=0, high=1000
    )
    warmup: float = _option(0.05, "share of all steps in which cosine rises", unit="share", low=0, high=0.9)
    early_stopping: int | None = _option(
        5,
        "stop after so many epochs without progress of the monitor; empty or 0: never",
        unit="epochs",
        low=0,
    )
    monitor: str = _option("auc", "validation metric that picks the best epoch", choices=MONITORS)
    max_minutes: float | None = _option(
        None, "stop training (and evaluate) after this time; empty: no limit", unit="min", low=0.01
    )
    clip_norm: float | None = _option(1.0, "longest gradient allowed; empty or 0: no clipping", low=0)
    accumulation: int = _option(1, "batches whose gradients make one step", unit="batches", low=1, high=4096)
    seed: int = _option(42, "seed of everything random", low=0, high=2**31 - 1)

    balancing: list[str] = _option(
        [],
        "against imbalance, freely combined: sampler draws both classes equally often, class_weights n/(k·n_c), "
        "smote on embeddings (tune: head), stronger augmentation for the minority only, pairs of a real and a "
        "fake from the same source",
        choices=BALANCING,
        group="techniques",
    )
    smote_neighbours: int = _option(
        5, "neighbours among which SMOTE invents samples", low=1, high=100, group="techniques"
    )
    loss: str = _option("cross_entropy", "what is minimised", choices=LOSSES, group="techniques")
    focal_alpha: float = _option(0.25, "α of the focal loss", low=0, high=1e6, group="techniques")
    focal_gamma: float = _option(2.0, "γ of the focal losses", low=0, high=20, group="techniques")
    label_smoothing: float = _option(
        0.0, "share of the label given to the other class", unit="share", low=0, high=0.5, group="techniques"
    )
    augmentation: list[str] = _option(
        [], "random changes of the training samples", choices=AUGMENTATIONS, group="techniques"
    )
    views: int = _option(
        4,
        "augmented copies of a sample whose embeddings are kept (tune: head)",
        unit="copies",
        low=1,
        high=100,
        group="techniques",
    )
    domain_weight: float = _option(
        0.0,
        "strength of the domain-adversarial objective (multimodal, several datasets); 0: off",
        low=0,
        high=100,
        group="techniques",
    )
    contrastive_weight: float = _option(
        0.0,
        "strength of the audio-video contrastive objective (multimodal); 0: off",
        low=0,
        high=100,
        group="techniques",
    )

    threshold_method: str = _option(
        "macro_f1",
        "how the threshold is chosen on validation: f1, fbeta=B, macro_f1, balanced_accuracy, youden, eer, "
        "precision=P, recall=R, fpr=F, cost=FP:FN[@PREVALENCE]",
        group="evaluation",
    )
    score_test: bool = _option(
        True,
        "open the test split once, at the end; false leaves it closed, as tuning does",
        group="evaluation",
    )
    prevalence: float | None = _option(
        None,
        "share of fakes where the detector will work, for a second precision",
        low=0,
        high=1,
        group="evaluation",
    )
    calibration: str = _option(
        "platt",
        "how scores become probabilities",
        choices=("platt", "temperature", "isotonic"),
        group="evaluation",
    )
    bootstrap: int = _option(
        1000, "draws of the 95 % intervals", unit="draws", low=20, high=100_000, group="evaluation"
    )

    device: str = _option(
        "auto",
        "where it computes; auto: a GPU if there is one",
        choices=("auto", "cpu", "cuda"),
        group="machine",
    )
    devices: int = _option(1, "processes that train together, one a device", low=1, high=64, group="machine")
    precision: str = _option("fp32", "arithmetic of the network", choices=PRECISIONS, group="machine")
    workers: int = _option(
        1,
        "processes that read ahead; 0: the training process reads",
        unit="processes",
        low=0,
        high=64,
        group="machine",
    )
    checkpoint_minutes: float = _option(
        5.0,
        "last.pth is also saved this often inside an epoch; 0: after every step",
        unit="min",
        low=0,
        group="machine",
    )

    def __post_init__(self) -> None:
        from core.training.checks import check

        check(self)

    @property
    def model_name(self) -> str:
        """The network that is meant, also where none is named."""
        return self.model or DEFAULT_MODELS[self.modality]

    @property
    def batch(self) -> int:
        return self.batch_size or DEFAULT_BATCHES[self.modality]

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> TrainConfig:
        """The configuration of plain fields; refuses what it does not know, naming the field."""
        from core.training.checks import coerce

        known = {f.name: f for f in fields(cls)}
        unknown = sorted(str(name) for name in values if name not in known)
        if unknown:
            raise BadInput(f"unknown option {unknown[0]!r}; known are {', '.join(sorted(known))}")
        return cls(**{name: coerce(known[name], value) for name, value in values.items()})

    @classmethod
    def from_yaml(cls, path: Path | str) -> TrainConfig:
        return cls.from_dict(read_yaml(path))


def read_yaml(path: Path | str) -> dict[str, Any]:
    """The plain fields in a YAML (or JSON) file."""
    path = Path(path)
    try:
        document = plain_yaml.load(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise BadInput(f"there is no configuration {path}") from error
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(f"{path} cannot be read ({error})") from error
    except yaml.YAMLError as error:
        raise BadInput(f"{path} is not valid YAML ({error})") from error
    if document is None:
        return {}
    if not isinstance(document, dict):
        raise BadInput(f"{path} does not hold a mapping of fields (NAME: VALUE)")
    return document


def parse_setting(text: str) -> tuple[str, Any]:
    """`KEY=VALUE` of --set; the value is YAML."""
    name, separator, value = text.partition("=")
    if not separator or not name.strip():
        raise BadInput(f"--set {text!r} must be KEY=VALUE, e.g. --set epochs=3")
    try:
        return name.strip(), plain_yaml.load(value)
    except yaml.YAMLError as error:
        raise BadInput(f"--set {name.strip()}: {value!r} is not a YAML value ({error})") from error
