"""How a run learns: the network, the steps of training, and the techniques against imbalance."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from core.training import augmentation, losses
from core.training.balancing import TECHNIQUES
from core.training.options.choices import (
    AUGMENTATIONS,
    AUTO,
    BALANCING,
    HEADS,
    LOSSES,
    MONITORS,
    OPTIMIZERS,
    SCHEDULERS,
    TUNE,
    describe,
)
from core.training.options.fields import option


@dataclass(frozen=True)
class LearningOptions:
    """The groups `model`, `training` and `techniques`."""

    model: str = option("", "which network learns; empty: the usual one for what it looks at", group="model")
    model_options: dict[str, Any] = option({}, "further options of this network", group="model")
    pretrained: bool = option(
        False, "start from pre-trained weights (must be on this machine)", group="model"
    )
    tune: str | None = option(
        None,
        "which weights learn; head: the backbone is frozen, embeddings are computed once, and only the head "
        "learns; empty: what suits the network (mostly the whole of it)",
        choices=TUNE,
        group="model",
    )
    head: str = option("linear", "what learns on the embeddings (tune: head)", choices=HEADS, group="model")
    dropout: float | None = option(
        None,
        "share of the values before the classifier that each step leaves out, against overfitting; empty: the network's own",
        low=0,
        high=0.95,
        group="model",
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
        "how fast the new head learns; a pre-trained backbone learns 10 times slower; empty: what suits the network",
        low=1e-8,
        high=10,
    )
    weight_decay: float = option(1e-4, "pulls the weights towards zero", low=0, high=10)
    optimizer: str = option("adamw", "how the weights are updated", choices=OPTIMIZERS)
    scheduler: str = option(
        "plateau",
        "how the learning rate changes: halved when progress stops, or rising and then falling along a cosine",
        choices=SCHEDULERS,
    )
    plateau_patience: int = option(
        2, "epochs without progress before the learning rate is halved", unit="epochs", low=0, high=1000
    )
    plateau_watches: str = option(
        "monitor",
        "what has to stop improving: the figure that picks the best epoch, or the loss on validation",
        choices=("monitor", "loss"),
    )
    warmup: float = option(
        0.05, "share of all steps in which the learning rate rises (cosine)", unit="share", low=0, high=0.9
    )
    early_stopping: int | None = option(
        5,
        "stop after so many epochs without progress; empty or 0: never",
        unit="epochs",
        low=0,
    )
    monitor: str = option("auc", "figure on validation that picks the best epoch", choices=MONITORS)
    max_minutes: float | None = option(
        None, "stop training (and evaluate) after this time; empty: no limit", unit="min", low=0.01
    )
    clip_norm: float | None = option(
        1.0,
        "longer gradients are shortened to this, so that no batch upsets all; empty or 0: no clipping",
        low=0,
    )
    accumulation: int | None = option(
        None,
        "so many batches together make one step, as if the batch were larger; empty: as the network needs (mostly 1)",
        unit="batches",
        low=1,
        high=4096,
    )
    seed: int = option(
        42, "where everything random begins: the same number gives the same run", low=0, high=2**31 - 1
    )

    balancing: list[str] = option(
        [],
        f"against imbalance, freely combined. {describe(TECHNIQUES.values())}",
        choices=BALANCING,
        group="techniques",
    )
    loss: str = option(
        losses.DEFAULT,
        f"how the errors of the network are counted. {describe(losses.LOSSES.values())}",
        choices=LOSSES,
        group="techniques",
    )
    label_smoothing: float = option(
        0.0,
        "share of the label given to the other class, so that scores become less extreme",
        unit="share",
        low=0,
        high=0.5,
        group="techniques",
    )
    augmentation: list[str] = option(
        [],
        f"random changes of the training samples. {describe(augmentation.AUGMENTATIONS.values())}",
        choices=AUGMENTATIONS,
        group="techniques",
    )
    views: int = option(
        4,
        "augmented copies of a sample whose embeddings are kept, where the head alone learns",
        unit="copies",
        low=1,
        high=100,
        group="techniques",
    )
    domain_weight: float | None = option(
        None,
        "how strongly the network is kept from telling the datasets apart, where there are several (reversed "
        "gradients); 0: off; empty: as the network needs",
        low=0,
        high=100,
        group="techniques",
    )
    contrastive_weight: float | None = option(
        None,
        "how strongly picture and sound of one clip are pulled together (contrastive fusion); 0: off; empty: as the network needs",
        low=0,
        high=100,
        group="techniques",
    )
