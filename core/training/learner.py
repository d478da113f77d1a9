"""What learns in a run. The loop knows one protocol: the whole network learns here, a head on embeddings in head.py."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import torch
from torch import nn
from tqdm import tqdm

from core.training.balancing import Balancing, TrainingSet, make_balancing
from core.training.learning import best_model
from core.training.learning.optimizers import make_optimizer, parameters_of
from core.training.learning.step import StepResult
from core.training.losses import Loss, make_loss
from core.training.process.ranks import Ranks
from core.training.reading.data import Batch, TrainingLoader, TrainingSamples, collate
from core.training.reading.examples import Source, Unusable
from core.training.reading.inputs import to_network
from core.training.reading.order import Draw
from core.training.scoring.predict import Predicted, predict
from core.training.setup import Setup


@dataclass(frozen=True)
class Context:
    """Where a run computes, whether somebody asked it to stop, and whether progress bars are shown."""

    ranks: Ranks
    stop_requested: Callable[[], bool] = lambda: False
    bars: bool = False


class Loader(Protocol):
    def batches(self, draws: list[list[Draw]]) -> Iterator[Batch]: ...


class Learner(Protocol):
    """Everything that differs between learning the whole network and learning a head on embeddings."""

    setup: Setup
    context: Context
    training_set: TrainingSet  # an epoch's draws are its row numbers
    ids: np.ndarray  # (n,) what the log calls these rows
    unusable: list[Unusable]  # found before the first step; numbered by the rows of the training split
    techniques: list[Balancing]
    loss: Loss
    network: nn.Module  # what the optimiser works on
    total: nn.Module  # the whole network, which scores files and is kept
    loader: Loader
    epochs: int
    at_once: Callable[[Batch], StepResult] | None  # learns a whole epoch from one batch, instead of in steps

    def optimizer(self) -> torch.optim.Optimizer: ...

    def convert(self, batch: Batch) -> tuple[Any, Any]:
        """Inputs and mask on the device."""

    def batch_of(self, draws: Sequence[Draw]) -> Batch:
        """One batch beside those of the loader."""

    def validate(self) -> Predicted: ...

    def predict(self, source: Source, bar: str) -> Predicted: ...

    def best_document(self) -> dict[str, Any]:
        """What best_model.pth keeps."""

    def embeddings(self, split: str) -> dict[int, np.ndarray] | None:
        """The mean embedding of each sample of a split, where training left them; None where it did not."""


class NetworkLearner:
    """The network learns from files, read and changed anew in every epoch."""

    loader: Loader
    at_once: Callable[[Batch], StepResult] | None = None

    def __init__(self, setup: Setup, context: Context) -> None:
        config = setup.config
        self.setup, self.context, self.epochs = setup, context, config.epochs
        self.network = self.total = setup.network.to(context.ranks.device)
        self.ids = setup.planned.split("train")["id"].to_numpy()
        self.unusable: list[Unusable] = []
        self.training_set = setup.training_set()
        self.techniques = make_balancing(config.balancing, self.training_set, config)
        self.loss = make_loss(config, self.training_set.labels, self.techniques).to(context.ranks.device)
        self.validation = setup.source("val")
        self.samples = TrainingSamples(setup.source("train"), setup.changes(), config.seed)
        self.loader = TrainingLoader(self.samples, config.workers, pin=context.ranks.device.type == "cuda")

    def optimizer(self) -> torch.optim.Optimizer:
        config, rate = self.setup.config, self.setup.learning_rate
        return make_optimizer(parameters_of(self.network, config, self.setup.tune, rate), config, rate)

    def convert(self, batch: Batch) -> tuple[Any, Any]:
        setup = self.setup
        return to_network(batch.inputs, setup.recipe, setup.card, self.context.ranks.device, setup.network)

    def batch_of(self, draws: Sequence[Draw]) -> Batch:
        return collate([self.samples[draw] for draw in draws])

    def validate(self) -> Predicted:
        return self.predict(self.validation, "validation")

    def predict(self, source: Source, bar: str) -> Predicted:
        return predict_whole(self.setup, self.context, source, bar)

    def best_document(self) -> dict[str, Any]:
        return best_document(self.setup)

    def embeddings(self, split: str) -> dict[int, np.ndarray] | None:
        return None


def predict_whole(setup: Setup, context: Context, source: Source, bar: str) -> Predicted:
    """In full precision, whatever it trains in: as detection will score the same files."""
    with tqdm(total=len(source.files), desc=bar, disable=not context.bars, leave=False) as shown:
        return predict(
            setup.network,
            setup.card,
            source,
            context.ranks,
            workers=setup.config.workers,
            stop=context.stop_requested,
            progress=shown.update,  # type: ignore[arg-type]
        )


def best_document(setup: Setup, head: dict[str, Any] | None = None) -> dict[str, Any]:
    return best_model.document(
        setup.network, setup.card, setup.recipe, setup.config.model_name, setup.model_options, head
    )
