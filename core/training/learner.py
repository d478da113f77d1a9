"""What learns in a run. The loop knows one protocol: the whole network learns here, a head on embeddings in
head.py."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np
import torch
from torch import nn
from tqdm import tqdm

from core.memory import give_back_freed
from core.progress import Pace
from core.training import automatic
from core.training.balancing import Balancing, TrainingSet, make_balancing
from core.training.learning import best_model
from core.training.learning.optimizers import make_optimizer, parameters_of
from core.training.learning.step import StepResult
from core.training.losses import Loss, make_loss
from core.training.process.arithmetic import on_device
from core.training.process.memory import REMEMBERED
from core.training.process.ranks import Ranks
from core.training.reading.data import Batch, TrainingLoader, TrainingSamples, collate
from core.training.reading.examples import Source, Unusable
from core.training.reading.order import Draw
from core.training.reading.tensors import to_network
from core.training.scoring.predict import Predicted, SplitReader, predict
from core.training.setup import Setup
from models.feature_memory import remember_features


@dataclass(frozen=True)
class Context:
    """Where a run computes, whether somebody asked it to stop, and whether progress bars are shown."""

    ranks: Ranks
    stop_requested: Callable[[], bool] = lambda: False
    bars: bool = False
    kept: Mapping[str, Any] | None = None  # what a resumed run made of `auto` when it began
    on_pace: Callable[[Pace | None], None] = lambda pace: None  # before the first step; None at its end


class Loader(Protocol):
    workers: int

    def batches(self, draws: list[list[Draw]]) -> Iterator[Batch]: ...

    def use(self, workers: int) -> None:
        """Read with so many processes from the next pass on."""


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
        device = context.ranks.device
        setup = automatic.settled(setup, device, context.kept)
        config = setup.config
        self.setup, self.context, self.epochs = setup, context, config.epochs
        self.network = self.total = on_device(setup.network, device)
        remember_features(self.network, REMEMBERED)
        self.ids = setup.planned.split("train")["id"].to_numpy()
        self.unusable: list[Unusable] = []
        self.training_set = setup.training_set()
        self.techniques = make_balancing(config.balancing, self.training_set, config)
        self.loss = make_loss(config, self.training_set.labels, self.techniques).to(device)
        changes = setup.changes()
        if changes and device.type == "cuda":
            changes = replace(changes, on_device=True)
        self.samples = TrainingSamples(setup.source("train"), changes, config.seed)
        readers = automatic.first_readers(setup, device)
        self.loader = TrainingLoader(self.samples, readers, pin=device.type == "cuda")
        self._validation = SplitReader(setup.source("val"), context.ranks, readers)

    def optimizer(self) -> torch.optim.Optimizer:
        config, rate = self.setup.config, self.setup.learning_rate
        return make_optimizer(parameters_of(self.network, config, self.setup.tune, rate), config, rate)

    def convert(self, batch: Batch) -> tuple[Any, Any]:
        setup = self.setup
        return to_network(batch.inputs, setup.recipe, setup.card, self.context.ranks.device, setup.network)

    def batch_of(self, draws: Sequence[Draw]) -> Batch:
        return collate([self.samples[draw] for draw in draws])

    def validate(self) -> Predicted:
        """Steps and scoring need arrays of other sizes: on a CPU neither keeps those of the other."""
        on_cpu = self.context.ranks.device.type == "cpu"
        if on_cpu:
            give_back_freed()
        try:
            return self.predict(self._validation.source, "validation")
        finally:
            if on_cpu:
                give_back_freed()

    def predict(self, source: Source, bar: str) -> Predicted:
        """Validation comes after every epoch: its readers stay alive."""
        again = source.files == self._validation.source.files
        return predict_whole(self.setup, self.context, self._validation if again else source, bar)

    def best_document(self) -> dict[str, Any]:
        return best_document(self.setup)

    def embeddings(self, split: str) -> dict[int, np.ndarray] | None:
        return None


def predict_whole(setup: Setup, context: Context, source: Source | SplitReader, bar: str) -> Predicted:
    """Score a split. On a CPU in full precision whatever it trains in, on a GPU in what agrees with that."""
    files = (source.source if isinstance(source, SplitReader) else source).files
    with tqdm(total=len(files), desc=bar, disable=not context.bars, leave=False) as shown:
        return predict(
            setup.network,
            setup.card,
            source,
            context.ranks,
            workers=automatic.first_readers(setup, context.ranks.device),
            precision=setup.config.precision,
            stop=context.stop_requested,
            progress=shown.update,  # type: ignore[arg-type]
        )


def best_document(setup: Setup, head: dict[str, Any] | None = None) -> dict[str, Any]:
    return best_model.document(
        setup.network, setup.card, setup.recipe, setup.config.model_name, setup.model_options, head
    )
