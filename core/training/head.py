"""Head mode: the backbone is frozen, its embeddings are computed once and cached, and only a head learns, in
seconds."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import nn

from core.errors import BadInput, WorkbenchError
from core.progress import Clock
from core.training import automatic
from core.training.balancing import TrainingSet, make_balancing
from core.training.embeddings import Embedded, OnFiles, embed_training, embed_whole, ignore
from core.training.learner import Context, Loader, best_document, predict_whole
from core.training.learning.heads import HIDDEN, OnEmbeddings, build_head, start_from_shares
from core.training.learning.optimizers import make_optimizer
from core.training.learning.step import StepResult
from core.training.losses import make_loss
from core.training.process.arithmetic import on_device
from core.training.reading.data import Batch
from core.training.reading.examples import Source, Unusable
from core.training.reading.order import Draw, epoch_order
from core.training.scoring.aggregation import Scored, aggregate_units
from core.training.scoring.forward import margin
from core.training.scoring.predict import Predicted
from core.training.setup import Setup
from models.cards import BadOption
from models.finetune import parameter_groups

log = logging.getLogger(__name__)

LEARNING_RATE = 5e-3  # standardised embeddings bear more than a network does
WIDE = 512  # components above which the rate falls: one step moves a score by rate times width
LBFGS_STEPS = 200


@dataclass(frozen=True)
class Rows:
    """Embeddings to learn from. A sample has one or several rows; SMOTE adds samples of one row."""

    values: np.ndarray  # (rows, width)
    labels: np.ndarray  # (rows,)
    first: np.ndarray  # (samples,) its first row
    count: np.ndarray  # (samples,)


class HeadLearner:
    """A head learns from cached embeddings instead of files."""

    def __init__(self, setup: Setup, context: Context) -> None:
        setup = automatic.settled(setup, context.ranks.device, context.kept)
        config = setup.config
        self.setup, self.context = setup, context
        self.total = on_device(setup.network, context.ranks.device)
        self._freeze()
        clock = Clock(sum(len(setup.source(split).files) for split in ("train", "val")), network=True)

        def report(files: int) -> None:
            context.on_pace(clock.one_more(files))

        embedded = embed_training(
            setup, context.ranks, context.stop_requested, bars=context.bars, on_files=report
        )
        self._learned = embedded
        self.unusable, ids = embedded.unusable, setup.planned.split("train")["id"].to_numpy()
        if not len(embedded.samples):
            raise _nothing_usable(embedded.unusable, ids)
        self.ids = ids[embedded.samples]
        self.rows, self.training_set = self._grow(embedded, self._keep(embedded))
        self.validation = self._embed(setup.source("val"), report)
        context.on_pace(None)
        self.techniques = make_balancing(config.balancing, self.training_set, config)
        self.loss = make_loss(config, self.training_set.labels, self.techniques).to(context.ranks.device)
        self.head_options: dict[str, Any] = {
            "kind": config.head,
            "width": int(self.rows.values.shape[1]),
            "dropout": float(config.dropout or 0.0),
            "hidden": HIDDEN,
        }
        self.network: nn.Module = self._new_head()
        self.loader: Loader = EmbeddingLoader(self.rows, config.seed)
        logistic = config.head == "logistic"
        self.epochs = 1 if logistic else config.epochs
        self.at_once: Callable[[Batch], StepResult] | None = self._fit_logistic if logistic else None

    def _keep(self, embedded: Embedded) -> TrainingSet:
        """The training rows that have embeddings."""
        own = self.setup.training_set()
        rows = embedded.samples
        return TrainingSet(
            own.labels[rows],
            own.dataset_weights[rows],
            [own.groups[i] for i in rows],
            None if own.datasets is None else own.datasets[rows],
        )

    def _embed(self, source: Source, on_files: OnFiles = ignore) -> Embedded:
        context = self.context
        return embed_whole(
            self.setup,
            source,
            context.ranks,
            context.stop_requested,
            bars=context.bars,
            on_files=on_files,
        )

    def embeddings(self, split: str) -> dict[int, np.ndarray] | None:
        """Of validation all pieces; of training the views that were learned from, where they are
        unchanged."""
        if split == "val":
            kept: Embedded | None = self.validation
        else:
            changes = self.setup.changes()
            kept = None if changes.names or changes.strengthened else self._learned
        if kept is None:
            return None
        return {
            int(sample): kept.values[start : start + count].mean(axis=0)
            for sample, start, count in zip(kept.samples, kept.first, kept.count, strict=True)
            if count
        }

    def _freeze(self) -> None:
        try:
            parameter_groups(self.total, 1.0, "head")
        except BadOption as error:
            raise BadInput(f"tune: {error}") from error
        self.total.eval()

    def _grow(self, embedded: Embedded, kept: TrainingSet) -> tuple[Rows, TrainingSet]:
        """The training rows after SMOTE, which sees one row of each training sample and nothing else."""
        rows = Rows(embedded.values, embedded.labels, embedded.first, embedded.count)
        for technique in make_balancing(self.setup.config.balancing, kept, self.setup.config):
            firsts = rows.values[rows.first]
            values, labels, warning = technique.resample(firsts, kept.labels, self.setup.config.seed)
            if warning:
                log.warning("%s", warning)
            new, new_labels = values[len(firsts) :], labels[len(firsts) :]
            if not len(new):
                continue
            log.info("%s: %d new embeddings of the minority class", technique.name, len(new))
            start = len(rows.values) + np.arange(len(new))
            rows = Rows(
                np.concatenate([rows.values, new]),
                np.concatenate([rows.labels, new_labels]),
                np.concatenate([rows.first, start]),
                np.concatenate([rows.count, np.ones(len(new), np.int64)]),
            )
            kept = _with_invented(kept, new_labels, self.setup.config.seed)
            invented = np.array([f"({technique.name} {i})" for i in range(len(new))], dtype=object)
            self.ids = np.concatenate([self.ids, invented])
        return rows, kept

    def _new_head(self) -> OnEmbeddings:
        config = self.setup.config
        torch.manual_seed(config.seed)
        head = build_head(**self.head_options)
        head[0].fit(self.rows.values)
        if config.head != "logistic":
            order = epoch_order(self.training_set, self.techniques, config.seed, 1)
            start_from_shares(head[-1].bias, self.loss, self.training_set.labels[order])
        self.total.head = head.to(self.context.ranks.device)
        return OnEmbeddings(self.total.head)

    def optimizer(self) -> torch.optim.Optimizer:
        config = self.setup.config
        usual = LEARNING_RATE * min(1.0, WIDE / self.head_options["width"])
        rate = config.learning_rate or usual
        group = {"params": list(self.network.parameters()), "lr": rate, "weight_decay": config.weight_decay}
        return make_optimizer([group], config, rate)

    def convert(self, batch: Batch) -> tuple[Any, Any]:
        return batch.inputs["embedding"].to(self.context.ranks.device), None

    def batch_of(self, draws: Sequence[Draw]) -> Batch:
        return next(self.loader.batches([list(draws)]))

    def _fit_logistic(self, batch: Batch) -> StepResult:
        """Logistic regression: the optimum of the loss over all rows drawn, found at once; weight decay is
        its λ."""
        self.network.eval()
        inputs, _ = self.convert(batch)
        labels = batch.labels.to(self.context.ranks.device)
        weight, decay = self.total.head[-1].weight, self.setup.config.weight_decay
        solver = torch.optim.LBFGS(
            self.network.parameters(), max_iter=LBFGS_STEPS, line_search_fn="strong_wolfe"
        )

        def closure() -> torch.Tensor:
            solver.zero_grad()
            value = self.loss(self.network(inputs), labels) + decay * weight.square().sum() / 2
            value.backward()
            return value

        solver.step(closure)
        with torch.no_grad():
            logits = self.network(inputs)
            total = float(self.loss.each(logits, labels).sum())
        return StepResult(total, batch.labels.numpy(), margin(logits).numpy())

    def validate(self) -> Predicted:
        return self._from_embeddings(self.validation)

    def predict(self, source: Source, bar: str) -> Predicted:
        """Of a clip the network also says what each frame looks like, so it is asked itself; else the cache
        will do."""
        if self.setup.recipe.modality == "video":
            return predict_whole(self.setup, self.context, source, bar)
        return self._from_embeddings(self._embed(source))

    @torch.no_grad()
    def _from_embeddings(self, embedded: Embedded) -> Predicted:
        self.network.eval()
        rows = torch.from_numpy(embedded.values).to(self.context.ranks.device)
        ahead = margin(self.network(rows)).tolist() if len(rows) else []
        scored: dict[int, Scored] = {}
        for sample, start, count, cut in zip(
            embedded.samples, embedded.first, embedded.count, embedded.cuts, strict=True
        ):
            logits = ahead[start : start + count]
            scored[int(sample)] = aggregate_units(cut, logits, [None] * len(logits), self.setup.recipe)
        cuts = zip(embedded.samples, embedded.cuts, strict=True)
        return Predicted(scored, embedded.unusable, {int(i): cut.present for i, cut in cuts})

    def best_document(self) -> dict[str, Any]:
        return best_document(self.setup, self.head_options)


def _with_invented(kept: TrainingSet, labels: np.ndarray, seed: int) -> TrainingSet:
    """The training rows and invented ones, each counted to a dataset that has samples of its class."""
    rng = np.random.default_rng([seed, 83])
    like = np.array([rng.choice(np.flatnonzero(kept.labels == label)) for label in labels])
    return TrainingSet(
        np.concatenate([kept.labels, labels]),
        np.concatenate([kept.dataset_weights, kept.dataset_weights[like]]),
        kept.groups + [frozenset()] * len(labels),
        None if kept.datasets is None else np.concatenate([kept.datasets, kept.datasets[like]]),
    )


def _nothing_usable(unusable: list[Unusable], ids: np.ndarray) -> WorkbenchError:
    for one in unusable:
        log.warning("%s: skipped (%s)", ids[one.sample], one.reason)
    why = ", ".join(sorted({one.reason for one in unusable}))
    return WorkbenchError(f"no training sample can be used ({why}); see the log")


class EmbeddingLoader:
    """Batches of embeddings; of a sample with several rows one is drawn at random."""

    workers = 0

    def use(self, workers: int) -> None:
        """They are in memory: nothing is read."""

    def __init__(self, rows: Rows, seed: int) -> None:
        self.rows, self.seed = rows, seed

    def batches(self, draws: list[list[Draw]]) -> Iterator[Batch]:
        for group in draws:
            chosen = np.array([self._row(*draw) for draw in group])
            labels = torch.from_numpy(self.rows.labels[chosen])
            yield Batch(
                [sample for _, _, sample in group],
                labels,
                torch.zeros_like(labels),
                {"embedding": torch.from_numpy(self.rows.values[chosen])},
            )

    def _row(self, epoch: int, place: int, sample: int) -> int:
        count = int(self.rows.count[sample])
        if count == 1:
            return int(self.rows.first[sample])
        rng = np.random.default_rng([self.seed, epoch, place, sample])
        return int(self.rows.first[sample] + rng.integers(count))
