"""Head mode: the backbone is frozen, its embeddings are computed once and cached, and only a head learns, in seconds."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import nn

from core.errors import BadInput
from core.training.balancing import TrainingSet, make_balancing
from core.training.embeddings import Embedded, embed_training, embed_whole
from core.training.learning import best_model
from core.training.learning.heads import HIDDEN, OnEmbeddings, build_head, start_from_shares
from core.training.loop import Loop
from core.training.reading.data import Batch
from core.training.reading.examples import Source
from core.training.reading.order import Draw, epoch_order
from core.training.scoring.predict import Predicted
from core.training.scoring.scoring import Scored, assemble, margin
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


class HeadTraining(Loop):
    """The loop over cached embeddings instead of files."""

    def make_training_set(self) -> TrainingSet:
        self._freeze()
        embedded = embed_training(self.setup, self.ranks, self.asked_to_stop, bars=self.bars)
        self._learned = embedded
        for line in self.progress.note_unusable(embedded.unusable, self.train_ids):
            log.warning("%s", line)
        own = self.setup.training_set()
        labels, weights, groups = own.labels[embedded.samples], own.weights[embedded.samples], own.groups
        kept = TrainingSet(labels, weights, [groups[i] for i in embedded.samples])
        self.train_ids = self.train_ids[embedded.samples]
        self.rows, grown = self._grown(embedded, kept)
        self._val = embed_whole(self.setup, self.validation, self.ranks, self.asked_to_stop, bars=self.bars)
        return grown

    def embeddings(self, split: str) -> dict[int, np.ndarray] | None:
        """Of validation all pieces; of training the views that were learned from, where they are unchanged."""
        if split == "val":
            kept: Embedded | None = self._val
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

    def _grown(self, embedded: Embedded, kept: TrainingSet) -> tuple[Rows, TrainingSet]:
        """The training rows after SMOTE, which sees one row of each training sample and nothing else."""
        rows = Rows(embedded.values, embedded.labels, embedded.first, embedded.count)
        for technique in make_balancing(self.config.balancing, kept, self.config):
            firsts = rows.values[rows.first]
            values, labels, warning = technique.resample(firsts, kept.labels, self.config.seed)
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
            kept = TrainingSet(
                np.concatenate([kept.labels, new_labels]),
                np.concatenate([kept.weights, np.full(len(new), kept.weights.mean())]),
                kept.groups + [frozenset()] * len(new),
            )
            invented = np.array([f"({technique.name} {i})" for i in range(len(new))], dtype=object)
            self.train_ids = np.concatenate([self.train_ids, invented])
        return rows, kept

    def make_learner(self) -> nn.Module:
        torch.manual_seed(self.config.seed)
        self.head_options: dict[str, Any] = {
            "kind": self.config.head,
            "width": int(self.rows.values.shape[1]),
            "dropout": float(self.config.dropout or 0.0),
            "hidden": HIDDEN,
        }
        head = build_head(**self.head_options)
        head[0].fit(self.rows.values)
        if self.config.head != "logistic":
            start_from_shares(head[-1].bias, self.loss, self._labels_drawn())
        self.total.head = head.to(self.ranks.device)
        return OnEmbeddings(self.total.head)

    def make_optimizer(self) -> torch.optim.Optimizer:
        usual = LEARNING_RATE * min(1.0, WIDE / self.head_options["width"])
        rate, decay = self.config.learning_rate or usual, self.config.weight_decay
        learning = list(self.network.parameters())
        if self.config.optimizer == "adam":
            return torch.optim.Adam(learning, lr=rate, weight_decay=decay)
        if self.config.optimizer == "sgd":
            return torch.optim.SGD(learning, lr=rate, weight_decay=decay, momentum=0.9, nesterov=True)
        return torch.optim.AdamW(learning, lr=rate, weight_decay=decay)

    def _labels_drawn(self) -> np.ndarray:
        order = epoch_order(self.training_set, self.techniques, self.config.seed, 1)
        return self.training_set.labels[order]

    def make_loader(self) -> EmbeddingLoader:
        return EmbeddingLoader(self.rows, self.config.seed)

    def convert(self, batch: Batch) -> tuple[Any, Any]:
        return batch.inputs["embedding"].to(self.ranks.device), None

    def _train_epoch(self, draws: list[list[Draw]]) -> bool:
        if self.config.head != "logistic":
            return super()._train_epoch(draws)
        return self.progress.batch == len(draws) or self._fit_logistic(draws)  # fitted before it was stopped

    def _fit_logistic(self, draws: list[list[Draw]]) -> bool:
        """Logistic regression: the optimum of the loss over all rows drawn, found at once; weight decay is its λ."""
        self.network.eval()
        batch = next(self.loader.batches([[draw for group in draws for draw in group]]))
        inputs, _ = self.convert(batch)
        labels = batch.labels.to(self.ranks.device)
        weight = self.network.head[-1].weight
        solver = torch.optim.LBFGS(
            self.network.parameters(), max_iter=LBFGS_STEPS, line_search_fn="strong_wolfe"
        )

        def closure() -> torch.Tensor:
            solver.zero_grad()
            value = (
                self.loss(self.network(inputs), labels) + self.config.weight_decay * weight.square().sum() / 2
            )
            value.backward()
            return value

        solver.step(closure)
        state = self.progress
        state.step += 1
        state.batch = len(draws)
        with torch.no_grad():
            logits = self.network(inputs)
            total = float(self.loss.each(logits, labels).sum())
        state.seen.loss += total
        state.seen.labels.append(batch.labels.numpy())
        state.seen.margins.append(margin(logits).numpy())
        self._write({"step/loss": total / len(labels), "lr": 1.0})
        return True

    def last_epoch(self) -> int:
        return 1 if self.config.head == "logistic" else self.config.epochs

    def validate(self) -> Predicted:
        return self._from_embeddings(self._val)

    def predict(self, source: Source, bar: str) -> Predicted:
        """Of a clip the network also says what each frame looks like, so it is asked itself; else the cache will do."""
        if self.setup.recipe.modality == "video":
            return super().predict(source, bar)
        return self._from_embeddings(
            embed_whole(self.setup, source, self.ranks, self.asked_to_stop, bars=self.bars)
        )

    @torch.no_grad()
    def _from_embeddings(self, embedded: Embedded) -> Predicted:
        self.network.eval()
        rows = torch.from_numpy(embedded.values).to(self.ranks.device)
        ahead = margin(self.network(rows)).tolist() if len(rows) else []
        scored: dict[int, Scored] = {}
        for sample, start, count, cut in zip(
            embedded.samples, embedded.first, embedded.count, embedded.cuts, strict=True
        ):
            logits = ahead[start : start + count]
            scored[int(sample)] = assemble(cut, logits, [None] * len(logits), self.setup.recipe)
        return Predicted(scored, embedded.unusable)

    def best_document(self) -> dict[str, Any]:
        setup = self.setup
        return best_model.document(
            self.total,
            setup.card,
            setup.recipe,
            self.config.model_name,
            setup.model_options,
            self.head_options,
        )


class EmbeddingLoader:
    """Batches of embeddings; of a sample with several rows one is drawn at random."""

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
