"""The configuration of a run: one dataclass, one YAML. The Train page builds its form from these fields."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from core.catalog.allocation import USUAL_SHARES
from core.errors import BadInput
from core.runs.curves import LOWER_IS_BETTER
from core.thresholds import methods as threshold_methods
from core.training import augmentation, losses
from core.training.balancing import TECHNIQUES
from core.training.options.checks import check_together, check_tune
from core.training.options.choices import (
    AUGMENTATIONS,
    AUTO,
    BALANCING,
    DEFAULT_BATCHES,
    DEFAULT_MODELS,
    HEADS,
    LOSSES,
    MODALITIES,
    MONITORS,
    OPTIMIZERS,
    PRECISIONS,
    PROTOCOLS,
    SCHEDULERS,
    SETTINGS,
    TUNE,
    describe,
)
from core.training.options.fields import check_field, coerce, option, with_real_types
from core.training.options.settings import with_settings
from core.training.options.yaml_fields import read_yaml


@with_real_types
@dataclass(frozen=True)
@with_settings(SETTINGS)
class TrainConfig:
    """Every field has a default, a unit where it has one, and a line of help. None: chosen as the help says.

    The settings of techniques (`smote_neighbours`, `focal_gamma`, …) are fields too: their own files declare them.
    """

    name: str = option("", "what the run is called in lists; empty: network and datasets", group="data")
    modality: str = option("video", "what the network sees", choices=MODALITIES, group="data")
    datasets: list[str] = option(
        [],
        "catalogue names of the datasets to learn from; none named: all that fit the modality",
        group="data",
    )
    dataset_weights: dict[str, float] = option(
        {},
        "how often a dataset is drawn against the others, whatever its size (1 where not named): 1 and 1 draw both "
        "equally often; none given: every sample once",
        group="data",
    )
    protocol: str = option(
        "official",
        "how the samples are divided; official falls back to group",
        choices=PROTOCOLS,
        group="data",
    )
    shares: str = option(
        USUAL_SHARES,
        "train/validation/test in per cent where no official list decides; 80/20 is train and validation without "
        "a test part",
        group="data",
    )
    heldout: str = option("", "method kept for the test split (protocol heldout_method)", group="data")
    max_samples_per_class: int | None = option(
        None,
        "cap per class and split; training keeps at most this many of each class, validation and test are "
        "thinned in proportion so that they keep their natural balance; empty: no cap",
        unit="samples",
        low=1,
        group="data",
    )
    frames: int | None = option(
        None,
        "frames taken of a clip; empty: what suits the network",
        unit="frames",
        low=1,
        high=512,
        group="input",
    )
    sampling: str = option(
        "exact",
        "exact: evenly spaced frames; fast: the nearest frame that is cheap to decode",
        choices=("exact", "fast"),
        group="input",
    )
    image_size: int | None = option(
        None,
        "side of the picture the network sees; empty: what suits the network",
        unit="pixels",
        low=16,
        high=2048,
        group="input",
    )
    faces: bool | str = option(
        "auto",
        "crop the face first; auto looks at the data and the recipe records true or false",
        choices=("auto", True, False),
        group="input",
    )
    face_margin: float = option(
        1.3, "side of the square crop over the side of the face", unit="×", low=1.0, high=4.0, group="input"
    )
    sample_rate: int | None = option(
        None,
        "sound is resampled to this; empty: what suits the network",
        unit="Hz",
        low=4000,
        high=96_000,
        group="input",
    )
    seconds: float | None = option(
        None,
        "length of one piece of sound; empty: what suits the network",
        unit="s",
        low=0.25,
        high=60,
        group="input",
    )
    trim_silence: bool = option(
        True, "cut leading and trailing silence, which gives the label away in several sets", group="input"
    )
    aggregation: str = option(
        "mean", "how unit scores become the sample's score", choices=("mean", "max"), group="input"
    )

    model: str = option("", "network from the registry; empty: the default of the modality", group="model")
    model_options: dict[str, Any] = option(
        {}, "further arguments of the network, as its card lists", group="model"
    )
    pretrained: bool = option(
        False, "start from pre-trained weights (must be on this machine)", group="model"
    )
    tune: str | None = option(
        None,
        "which weights learn; head: the backbone is frozen, embeddings are computed once, and only the head "
        "learns; empty: what suits the network (mostly all)",
        choices=TUNE,
        group="model",
    )
    head: str = option("linear", "what learns on the embeddings (tune: head)", choices=HEADS, group="model")
    dropout: float | None = option(
        None, "dropout before the classifier; empty: the network's own", low=0, high=0.95, group="model"
    )

    epochs: int = option(10, "passes over the training data at most", unit="epochs", low=1, high=10_000)
    batch_size: int | str | None = option(
        None,
        "samples in one step on each device; empty: 32 pictures, 16 recordings, 4 clips; auto: as many as the "
        "card holds",
        choices=(AUTO,),
        unit="samples",
        low=1,
        high=65_536,
    )
    learning_rate: float | None = option(
        None,
        "of the new head; the backbone learns 10 times slower where it is pre-trained; empty: what suits the network",
        low=1e-8,
        high=10,
    )
    weight_decay: float = option(1e-4, "pulls the weights towards zero", low=0, high=10)
    optimizer: str = option("adamw", "how the weights are updated", choices=OPTIMIZERS)
    scheduler: str = option(
        "plateau",
        "learning rate over time; plateau halves it when the monitor stands still, cosine warms up and falls",
        choices=SCHEDULERS,
    )
    plateau_patience: int = option(
        2, "epochs without progress before plateau halves", unit="epochs", low=0, high=1000
    )
    plateau_watches: str = option(
        "monitor",
        "what plateau looks at after each epoch: the monitor, or the validation loss",
        choices=("monitor", "loss"),
    )
    warmup: float = option(0.05, "share of all steps in which cosine rises", unit="share", low=0, high=0.9)
    early_stopping: int | None = option(
        5,
        "stop after so many epochs without progress of the monitor; empty or 0: never",
        unit="epochs",
        low=0,
    )
    monitor: str = option("auc", "validation metric that picks the best epoch", choices=MONITORS)
    max_minutes: float | None = option(
        None, "stop training (and evaluate) after this time; empty: no limit", unit="min", low=0.01
    )
    clip_norm: float | None = option(1.0, "longest gradient allowed; empty or 0: no clipping", low=0)
    accumulation: int | None = option(
        None,
        "batches whose gradients make one step; empty: as the network needs (mostly 1)",
        unit="batches",
        low=1,
        high=4096,
    )
    seed: int = option(42, "seed of everything random", low=0, high=2**31 - 1)

    balancing: list[str] = option(
        [],
        f"against imbalance, freely combined. {describe(TECHNIQUES.values())}",
        choices=BALANCING,
        group="techniques",
    )
    loss: str = option(
        losses.DEFAULT,
        f"what is minimised. {describe(losses.LOSSES.values())}",
        choices=LOSSES,
        group="techniques",
    )
    label_smoothing: float = option(
        0.0, "share of the label given to the other class", unit="share", low=0, high=0.5, group="techniques"
    )
    augmentation: list[str] = option(
        [],
        f"random changes of the training samples. {describe(augmentation.AUGMENTATIONS.values())}",
        choices=AUGMENTATIONS,
        group="techniques",
    )
    views: int = option(
        4,
        "augmented copies of a sample whose embeddings are kept (tune: head)",
        unit="copies",
        low=1,
        high=100,
        group="techniques",
    )
    domain_weight: float | None = option(
        None,
        "weight of the cross-entropy of naming the dataset, whose gradient the backbone gets reversed (several "
        "datasets); 0: off; empty: as the network needs",
        low=0,
        high=100,
        group="techniques",
    )
    contrastive_weight: float | None = option(
        None,
        "strength of the audio-video contrastive objective (network contrastive); 0: off; empty: as the network needs",
        low=0,
        high=100,
        group="techniques",
    )

    threshold_method: str = option(
        threshold_methods.DEFAULT,
        f"how the threshold is chosen on validation: {', '.join(threshold_methods.usages())}",
        group="evaluation",
    )
    score_test: bool = option(
        True,
        "open the test split once, at the end; false leaves it closed, as tuning does",
        group="evaluation",
    )
    prevalence: float | None = option(
        None,
        "share of fakes where the detector will work, for a second precision",
        low=0,
        high=1,
        group="evaluation",
    )
    calibration: str = option(
        "platt",
        "how scores become probabilities",
        choices=("platt", "temperature", "isotonic"),
        group="evaluation",
    )
    bootstrap: int = option(
        1000, "draws of the 95 % intervals", unit="draws", low=20, high=100_000, group="evaluation"
    )

    device: str = option(
        "auto",
        "where it computes; auto: a GPU if there is one",
        choices=("auto", "cpu", "cuda"),
        group="machine",
    )
    devices: int = option(1, "processes that train together, one a device", low=1, high=64, group="machine")
    precision: str = option(
        AUTO,
        "arithmetic of the network; auto: bf16 on cards that have it, fp16 on older ones, fp32 on a CPU",
        choices=PRECISIONS,
        group="machine",
    )
    workers: int | str = option(
        AUTO,
        "processes that read ahead; 0: the training process reads; auto: as many as the first batches show to be "
        "needed, of the cores that are left over",
        choices=(AUTO,),
        unit="processes",
        low=0,
        high=64,
        group="machine",
    )
    compile: bool = option(
        False,
        "torch.compile: the first step takes minutes, those after it less time",
        group="machine",
    )
    deterministic: bool = option(
        False,
        "the same seed gives the same run on a GPU too (on a CPU it always does); slower",
        group="machine",
    )
    checkpoint_minutes: float = option(
        5.0,
        "last.pth is also saved this often inside an epoch; 0: after every step",
        unit="min",
        low=0,
        group="machine",
    )

    def __post_init__(self) -> None:
        for one in fields(self):
            check_field(one, coerce(one, getattr(self, one.name)))
        check_together(self)
        if self.tune is not None:
            check_tune(self, self.tune)

    @property
    def model_name(self) -> str:
        """The network that is meant, also where none is named."""
        return self.model or DEFAULT_MODELS[self.modality]

    @property
    def batch(self) -> int:
        """Samples in a step; of `auto` what it begins with."""
        return self.batch_size if isinstance(self.batch_size, int) else DEFAULT_BATCHES[self.modality]

    @property
    def readers(self) -> int:
        """Reading processes; of `auto` what it begins with."""
        return self.workers if isinstance(self.workers, int) else 1

    @property
    def batches_a_step(self) -> int:
        """Batches whose gradients make one step."""
        return self.accumulation or 1

    @property
    def lower_is_better(self) -> bool:
        """Whether the best epoch is the one where the monitor is lowest."""
        return self.monitor in LOWER_IS_BETTER

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> TrainConfig:
        """The configuration of plain fields; refuses what it does not know, naming the field."""
        known = {f.name: f for f in fields(cls)}
        unknown = sorted(str(name) for name in values if name not in known)
        if unknown:
            raise BadInput(f"unknown option {unknown[0]!r}; known are {', '.join(sorted(known))}")
        return cls(**{name: coerce(known[name], value) for name, value in values.items()})

    @classmethod
    def from_yaml(cls, path: Path | str) -> TrainConfig:
        return cls.from_dict(read_yaml(path))
