"""The loop: epochs of steps, validation after each, checkpoints, early stopping. Read it from `fit` downwards."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from tqdm import tqdm

from core.errors import WorkbenchError
from core.runs import events
from core.runs.folder import RunFolder
from core.training.balancing import TrainingSet, kept_together, make_balancing
from core.training.learning import best_model, last_checkpoint
from core.training.learning.last_checkpoint import Progress, Seen
from core.training.learning.objectives import extra_objectives
from core.training.learning.optimizers import Schedule, make_optimizer
from core.training.learning.pace import Pace, summary
from core.training.learning.step import NotFinite, Stepper
from core.training.losses import make_loss
from core.training.process.ranks import Ranks
from core.training.reading.data import Batch, TrainingLoader, TrainingSamples, collate
from core.training.reading.examples import Source
from core.training.reading.inputs import to_network
from core.training.reading.order import Draw, batches, epoch_order, share_of_rank
from core.training.scoring.epoch_metrics import epoch_metrics, side_by_side
from core.training.scoring.predict import Interrupted, Predicted, predict
from core.training.scoring.scoring import probability
from core.training.setup import Setup

log = logging.getLogger(__name__)

EVENTS_IN_AN_EPOCH = 50


class Loop:
    """One run's training. `stop()` is asked after every step; `tell(progress, steps)` hears where it stands."""

    def __init__(
        self,
        setup: Setup,
        folder: RunFolder,
        ranks: Ranks,
        *,
        stop: Callable[[], bool] = lambda: False,
        tell: Callable[[Progress, int], None] = lambda progress, steps: None,
        bars: bool = False,
    ) -> None:
        config = setup.config
        self.setup, self.config, self.folder, self.ranks = setup, config, folder, ranks
        self.asked_to_stop, self.tell, self.bars = stop, tell, bars and ranks.first
        self.total = setup.network.to(ranks.device)
        self.train_ids = setup.planned.split("train")["id"].to_numpy()
        self.validation = setup.source("val")
        self.progress = Progress()
        self._saved = time.monotonic()
        self._spare: Batch | None = None  # what an idle rank computes on, for nothing
        self.training_set = self.make_training_set()
        if not len(self.training_set.labels):
            why = ", ".join(sorted(set(self.progress.unusable.values())))
            raise WorkbenchError(f"no training sample can be used ({why}); see the log")
        self.techniques = make_balancing(config.balancing, self.training_set, config)
        self.together = kept_together(self.techniques)
        self.loss = make_loss(config, self.training_set.labels, self.techniques).to(ranks.device)
        self.network = self.make_learner()
        optimizer = self.make_optimizer()
        self.stepper = Stepper(
            ranks.shared(self.network),
            self.loss,
            optimizer,
            convert=self.convert,
            device=ranks.device,
            precision=config.precision,
            clip_norm=config.clip_norm,
            extra=extra_objectives(config, self.total_steps),
        )
        self.schedule = Schedule(optimizer, config, self.total_steps)
        self.loader = self.make_loader()

    # What head mode does in its own way

    def make_training_set(self) -> TrainingSet:
        return self.setup.training_set()

    def make_learner(self) -> torch.nn.Module:
        """What the optimiser works on."""
        return self.total

    def make_optimizer(self) -> torch.optim.Optimizer:
        return make_optimizer(self.network, self.config, self.setup.tune, self.setup.learning_rate)

    def make_loader(self) -> Any:
        self.samples = TrainingSamples(self.setup.source("train"), self.setup.changes(), self.config.seed)
        return TrainingLoader(self.samples, self.config.workers, pin=self.ranks.device.type == "cuda")

    def convert(self, batch: Batch) -> tuple[Any, Any]:
        return to_network(batch.inputs, self.setup.recipe, self.setup.card, self.ranks.device, self.total)

    def validate(self) -> Predicted:
        return self.predict(self.validation, "validation")

    def last_epoch(self) -> int:
        return self.config.epochs

    def best_document(self) -> dict[str, Any]:
        setup = self.setup
        return best_model.document(
            self.total, setup.card, setup.recipe, self.config.model_name, setup.model_options
        )

    def use(self, best: dict[str, Any]) -> None:
        """Take the weights of best_model.pth."""
        self.total.load_state_dict(best["state_dict"])

    def embeddings(self, split: str) -> dict[int, np.ndarray] | None:
        """The mean embedding of each sample of a split, where training left them; None where it did not."""
        return None

    # The story

    def fit(self) -> bool:
        """Train to the end. False where it was asked to stop; what is needed to go on is in last.pth then."""
        while not self.progress.finished:
            self.tell(self.progress, self.total_steps)
            draws = self.draws_of(self.progress.epoch)
            if not self._train_epoch(draws) or not self._close_epoch():
                self.save()
                return False
            self.save()
        return True

    def draws_of(self, epoch: int) -> list[list[Draw]]:
        """This rank's batches of an epoch."""
        order = epoch_order(self.training_set, self.techniques, self.config.seed, epoch)
        own = share_of_rank(
            order, self.training_set.labels, self.ranks.rank, self.ranks.world, together=self.together
        )
        return batches(own, epoch, self.config.batch, together=self.together)

    @property
    def steps_per_epoch(self) -> int:
        return -(-len(self.draws_of(1)) // self.config.accumulation)

    @property
    def total_steps(self) -> int:
        return self.steps_per_epoch * self.config.epochs

    def _train_epoch(self, draws: list[list[Draw]]) -> bool:
        """Steps until the epoch or the time is over. False where it was asked to stop before."""
        self.network.train()
        state, size = self.progress, self.config.accumulation
        rest = draws[state.batch :]
        pace = Pace(every=max(1, len(draws) // size // EVENTS_IN_AN_EPOCH))
        waiting = iter(self.loader.batches(rest)) if rest else iter(())
        bar = tqdm(
            total=len(draws),
            initial=state.batch,
            desc=f"epoch {state.epoch}",
            disable=not self.bars,
            leave=False,
        )
        while state.batch < len(draws):
            group = [next(waiting) for _ in range(min(size, len(draws) - state.batch))]
            pace.received(sum(len(b) for b in group))
            self._step(group)
            state.batch += len(group)
            bar.update(len(group))
            pace.stepped()
            if self.ranks.first and (pace.due() or state.batch == len(draws)):
                self._write(pace.measurements(state.seen, self.stepper.optimizer))
            if self.ranks.any(self.asked_to_stop()):
                bar.close()
                return False
            if self.ranks.any(self._out_of_time()):
                break
            if time.monotonic() - self._saved > self.config.checkpoint_minutes * 60:
                self.save()
        bar.close()
        state.batch = len(draws)
        return True

    def _step(self, group: list[Batch]) -> None:
        """One optimiser step. A rank without a usable sample still takes part, with one that counts nothing."""
        state = self.progress
        for batch in group:
            for line in state.note_unusable(batch.unusable, self.train_ids):
                log.warning("%s", line)
        usable = [batch for batch in group if len(batch)]
        idle = not usable
        if self.ranks.any(idle) and not self.ranks.any(not idle):
            return
        usable = [self._spare or self._any_usable()] if idle else usable
        self._spare = usable[0].part(0, 1)
        state.step += 1
        seed = int(
            np.random.SeedSequence([self.config.seed, state.step, self.ranks.rank]).generate_state(1)[0]
        )
        try:
            state.seen.add(self.stepper.step(usable, seed, state.step, idle=idle))
        except NotFinite as error:
            names = ", ".join(str(self.train_ids[i]) for i in error.samples)
            raise WorkbenchError(
                f"the loss is not finite in epoch {state.epoch}, step {state.step}: {names}"
            ) from None
        state.parts = self.stepper.parts
        self.schedule.after_step()
        self.tell(state, self.total_steps)

    def _any_usable(self) -> Batch:
        """One sample for an idle rank to compute on; its own first batches may all be unusable."""
        for group in self.draws_of(1):
            batch = collate([self.samples[draw] for draw in group])
            if len(batch):
                return batch
        raise WorkbenchError(f"no training sample of process {self.ranks.rank + 1} can be used; see the log")

    def _close_epoch(self) -> bool:
        """Validate, keep the best, decide whether to go on. False where it was asked to stop meanwhile."""
        state = self.progress
        try:
            predicted = self.validate()
        except Interrupted:
            return False
        if not predicted.scored:
            raise WorkbenchError("no validation sample could be scored; see the log for the reasons")
        values = self._epoch_values(predicted)
        monitored = values.get(f"val/{self.config.monitor}", values.get("val/accuracy", 0.0))
        self.schedule.after_epoch(monitored)
        better = state.note_epoch(monitored, values["val/loss"])
        if better and self.ranks.first:
            best_model.save(self.folder.best_model, self.best_document())
        if self.ranks.first:
            self._write(values)
            log.info("%s", summary(state, values, self.config.epochs, self.config.monitor, better))
        patience = self.config.early_stopping or 0
        worn_out = 0 < patience <= state.waited
        if worn_out:
            log.info("stopped early: %d epochs without progress of %s", state.waited, self.config.monitor)
        state.finished = worn_out or state.epoch >= self.last_epoch() or self.ranks.any(self._out_of_time())
        if not state.finished:
            state.epoch += 1
        state.batch, state.seen = 0, Seen()
        return True

    # What the story is made of

    def predict(self, source: Source, bar: str) -> Predicted:
        """In full precision, whatever it trains in: as detection will score the same files."""
        with tqdm(total=len(source.files), desc=bar, disable=not self.bars, leave=False) as shown:
            return predict(
                self.total,
                self.setup.card,
                source,
                self.ranks,
                workers=self.config.workers,
                stop=self.asked_to_stop,
                progress=shown.update,  # type: ignore[arg-type]
            )

    def _epoch_values(self, predicted: Predicted) -> dict[str, float]:
        """Loss and figures of training and validation, and the gap between them."""
        parts = self.ranks.gathered((self.progress.seen.loss, *self.progress.seen.arrays()))
        labels, margins = (np.concatenate([part[place] for part in parts]) for place in (1, 2))
        loss = sum(part[0] for part in parts) / max(1, len(labels))
        val_labels, val_scores = predicted.arrays(self.validation.labels)
        return side_by_side(
            {"loss": loss, **epoch_metrics(labels, probability(margins))},
            {"loss": self.loss.of_scores(val_labels, val_scores), **epoch_metrics(val_labels, val_scores)},
        )

    def _out_of_time(self) -> bool:
        return self.config.max_minutes is not None and self.progress.minutes >= self.config.max_minutes

    def _write(self, values: dict[str, float]) -> None:
        events.append(self.folder.events_file, self.progress.step, self.progress.epoch, values)

    def save(self) -> None:
        """last.pth; all ranks come here together, rank 0 writes."""
        everyone = self.ranks.gathered(self.progress.to_plain()) if self.ranks.several else []
        if self.ranks.first:
            last_checkpoint.save(self.folder, self.progress, {**self._learning(), "ranks": everyone[1:]})
        self.ranks.wait()
        self._saved = time.monotonic()

    def _learning(self) -> dict[str, Any]:
        return {
            "network": self.network.state_dict(),
            "optimizer": self.stepper.optimizer.state_dict(),
            "schedule": self.schedule.state_dict(),
            "scaler": self.stepper.scaler.state_dict(),
        }

    def restore(self, content: dict[str, Any]) -> None:
        """Go on where last.pth stands."""
        self.network.load_state_dict(content["network"])
        self.stepper.optimizer.load_state_dict(content["optimizer"])
        self.schedule.load_state_dict(content["schedule"])
        self.stepper.scaler.load_state_dict(content["scaler"])
        others = content.get("ranks") or []
        own = content["progress"] if self.ranks.first else others[self.ranks.rank - 1]
        self.progress = Progress.from_plain(own)
        self.stepper.parts = self.progress.parts
