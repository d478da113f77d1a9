"""The loop: epochs of steps, validation, checkpoints, early stopping. Read it from `fit` downwards."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
from tqdm import tqdm

from core.errors import WorkbenchError
from core.runs import events
from core.runs.folder import RunFolder
from core.training import automatic
from core.training.balancing import draws_together
from core.training.learner import Learner
from core.training.learning import best_model, determinism, last_checkpoint
from core.training.learning.epoch_values import epoch_values
from core.training.learning.last_checkpoint import Progress, Seen
from core.training.learning.objectives import extra_objectives
from core.training.learning.optimizers import Schedule
from core.training.learning.pace import Pace, summary
from core.training.learning.step import NotFinite, Stepper
from core.training.options.choices import AUTO
from core.training.process.ranks import running_statistics
from core.training.reading.data import Batch
from core.training.reading.examples import Unusable
from core.training.reading.order import Draw, batches, epoch_order, share_of_rank
from core.training.scoring.predict import Interrupted

log = logging.getLogger(__name__)

EVENTS_IN_AN_EPOCH = 50


class Loop:
    """One run's training. After every step `stop_requested` is asked and `on_progress(progress, steps)` called."""

    def __init__(
        self,
        learner: Learner,
        folder: RunFolder,
        *,
        on_progress: Callable[[Progress, int], None] = lambda progress, steps: None,
    ) -> None:
        setup, ranks = learner.setup, learner.context.ranks
        self.learner, self.setup, self.config, self.folder = learner, setup, setup.config, folder
        self.ranks, self.on_progress = ranks, on_progress
        self.network, self.training_set, self.loader = learner.network, learner.training_set, learner.loader
        self.progress, self.statistics = Progress(), running_statistics(self.network)
        self._note(learner.unusable, setup.planned.split("train")["id"].to_numpy())
        self.validation_labels = setup.source("val").labels
        self._saved = time.monotonic()
        self._spare: Batch | None = None  # what an idle rank computes on, for nothing
        self.together = draws_together(learner.techniques)
        optimizer = learner.optimizer()
        self.stepper = Stepper(
            ranks.shared(self.network),
            learner.loss,
            optimizer,
            convert=learner.convert,
            device=ranks.device,
            precision=self.config.precision,
            clip_norm=self.config.clip_norm,
            compiled=self.config.compile,
        )
        if self.config.batch_size == AUTO:
            size = automatic.batch_size(self.stepper, self.config, ranks, len(learner.ids), self._any_usable)
            self.config = replace(self.config, batch_size=size)
            self.setup = learner.setup = replace(setup, config=self.config)
        self.stepper.extra = extra_objectives(setup.network, setup.objectives, self.total_steps)
        self.schedule = Schedule(optimizer, self.config, self.total_steps)
        self.readers = automatic.ReaderCount(setup, self.loader.workers)

    # The story

    def fit(self) -> bool:
        """Train to the end. False where it was asked to stop; what is needed to go on is in last.pth then."""
        while not self.progress.finished:
            self.on_progress(self.progress, self.total_steps)
            draws = self.draws_of(self.progress.epoch)
            if not self._train_epoch(draws) or not self._close_epoch():
                self.save()
                return False
            self.save()
        self.readers.close()
        # All steps there will be, also where it ended early.
        self.on_progress(self.progress, self.progress.step)
        return True

    def draws_of(self, epoch: int) -> list[list[Draw]]:
        """This rank's batches of an epoch."""
        order = epoch_order(self.training_set, self.learner.techniques, self.config.seed, epoch)
        own = share_of_rank(
            order, self.training_set.labels, self.ranks.rank, self.ranks.world, together=self.together
        )
        return batches(own, epoch, self.config.batch, together=self.together)

    @property
    def steps_per_epoch(self) -> int:
        return -(-len(self.draws_of(1)) // self.config.batches_a_step)

    @property
    def total_steps(self) -> int:
        return self.steps_per_epoch * self.config.epochs

    def _train_epoch(self, draws: list[list[Draw]]) -> bool:
        """Steps until the epoch or the time is over. False where it was asked to stop before."""
        if self.learner.at_once is not None:
            return self._learn_at_once(draws)
        self.network.train()
        state, size = self.progress, self.config.batches_a_step
        rest = draws[state.batch :]
        pace = Pace(every=max(1, len(draws) // size // EVENTS_IN_AN_EPOCH))
        waiting = iter(self.loader.batches(rest)) if rest else iter(())
        bar = self._bar(len(draws))
        while state.batch < len(draws):
            group = [next(waiting) for _ in range(min(size, len(draws) - state.batch))]
            waited = pace.receive(sum(len(b) for b in group))
            self._step(group)
            state.batch += len(group)
            bar.update(len(group))
            pace.count_step()
            self.readers.add(sum(b.seconds for b in group), waited)
            if self.readers.due and state.batch < len(draws):
                waiting = self._settle_readers(waiting, draws[state.batch :])
            if pace.due() or state.batch == len(draws):
                self._collect()
                if self.ranks.first:
                    self._write(pace.measurements(state.seen, self.stepper.optimizer))
            if self.ranks.any(self.learner.context.stop_requested()):
                bar.close()
                return False
            if self.ranks.any(self._out_of_time()):
                break
            if time.monotonic() - self._saved > self.config.checkpoint_minutes * 60:
                self.save()
        bar.close()
        self._collect()
        state.batch = len(draws)
        return True

    def _bar(self, batches: int) -> tqdm[Any]:
        state, hidden = self.progress, not self.learner.context.bars
        return tqdm(
            total=batches, initial=state.batch, desc=f"epoch {state.epoch}", disable=hidden, leave=False
        )

    def _settle_readers(self, waiting: Iterator[Batch], rest: list[list[Draw]]) -> Iterator[Batch]:
        """The same batches, from as many reading processes as were found to be needed."""
        self._collect()
        before, now = self.loader.workers, self.readers.settle()
        if now == before:
            return waiting
        self.loader.use(now)
        return iter(self.loader.batches(rest))

    def _learn_at_once(self, draws: list[list[Draw]]) -> bool:
        """One step over all draws of the epoch; none where it was made before the run was stopped."""
        state = self.progress
        if self.learner.at_once is None or state.batch == len(draws):
            return True
        batch = self.learner.batch_of([draw for group in draws for draw in group])
        result = self.learner.at_once(batch)
        state.step += 1
        state.batch = len(draws)
        state.seen.add(result)
        self._write({"step/loss": result.loss / len(result.labels), "lr": 1.0})
        return True

    def _step(self, group: list[Batch]) -> None:
        """One optimiser step. A rank without a usable sample still takes part, with one that counts
        nothing."""
        state = self.progress
        for batch in group:
            self._note(batch.unusable, self.learner.ids)
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
        if state.step == 1:
            self._measure_repeating(usable[0])
        self.ranks.share(self.statistics)
        try:
            self.stepper.step(usable, seed, state.step, idle=idle)
        except NotFinite as error:
            raise self._not_finite(error) from None
        if self.stepper.due:
            self._collect()
        state.parts = self.stepper.parts
        self.schedule.after_step()
        self.on_progress(state, self.total_steps)

    def _collect(self) -> None:
        """What the last steps found; on a GPU a loss that was not finite is only seen here."""
        try:
            self.progress.seen.add(self.stepper.collect())
        except NotFinite as error:
            raise self._not_finite(error) from None

    def _not_finite(self, error: NotFinite) -> WorkbenchError:
        names = ", ".join(str(self.learner.ids[i]) for i in error.samples)
        return WorkbenchError(
            f"the loss is not finite in epoch {self.progress.epoch}, step {error.step}: {names}"
        )

    def _measure_repeating(self, batch: Batch) -> None:
        device = self.ranks.device
        if self.config.deterministic and device.type == "cuda":
            ratio = determinism.cost_of_repeating(
                lambda: self.stepper.rehearse(batch, self.config.seed), device
            )
            log.info("deterministic: a step takes %.2f times as long as it would otherwise", ratio)

    def _any_usable(self) -> Batch:
        """One sample for an idle rank to compute on; its own first batches may all be unusable."""
        for group in self.draws_of(1):
            batch = self.learner.batch_of(group)
            if len(batch):
                return batch
        raise WorkbenchError(f"no training sample of process {self.ranks.rank + 1} can be used; see the log")

    def _close_epoch(self) -> bool:
        """Validate, keep the best, decide whether to go on. False where it was asked to stop meanwhile."""
        state = self.progress
        self.ranks.share(self.statistics)
        try:
            predicted = self.learner.validate()
        # The caller saves what was learned and ends as stopped.
        except Interrupted:
            return False
        if not predicted.scored:
            raise WorkbenchError("no validation sample could be scored; see the log for the reasons")
        validation = predicted.arrays(self.validation_labels)
        values = epoch_values(state.seen, self.ranks, validation, self.learner.loss, self._domains)
        monitored = values.get(f"val/{self.config.monitor}", values.get("val/accuracy", 0.0))
        self.schedule.after_epoch(monitored, values["val/loss"])
        lower_is_better = self.config.lower_is_better
        better = state.note_epoch(monitored, values["val/loss"], lower_is_better=lower_is_better)
        if better and self.ranks.first:
            best_model.save(self.folder.best_model, self.learner.best_document())
        if self.ranks.first:
            self._write(values)
            log.info("%s", summary(state, values, self.config.epochs, self.config.monitor, better))
        patience = self.config.early_stopping or 0
        patience_exhausted = 0 < patience <= state.waited
        if patience_exhausted:
            log.info("stopped early: %d epochs without progress of %s", state.waited, self.config.monitor)
        last = state.epoch >= self.learner.epochs
        state.finished = patience_exhausted or last or self.ranks.any(self._out_of_time())
        if not state.finished:
            state.epoch += 1
        state.batch, state.seen = 0, Seen()
        return True

    # What the story is made of

    def use(self, best: dict[str, Any]) -> None:
        """Take the weights of best_model.pth."""
        self.setup.network.load_state_dict(best["state_dict"])

    def _note(self, unusable: list[Unusable], ids: np.ndarray) -> None:
        for line in self.progress.note_unusable(unusable, ids):
            log.warning("%s", line)

    def _domains(self) -> np.ndarray:
        return self.setup.source("train").domains

    def _out_of_time(self) -> bool:
        return self.config.max_minutes is not None and self.progress.minutes >= self.config.max_minutes

    def _write(self, values: dict[str, float]) -> None:
        events.append(self.folder.events_file, self.progress.step, self.progress.epoch, values)

    def save(self) -> None:
        """last.pth; all ranks come here together, rank 0 writes."""
        self._collect()
        everyone = self.ranks.gather(self.progress.to_plain()) if self.ranks.several else []
        if self.ranks.first:
            learning = last_checkpoint.learning_state(self.network, self.stepper, self.schedule)
            learning |= {"settled": automatic.settled_choices(self.setup), "ranks": everyone[1:]}
            last_checkpoint.save(self.folder, self.progress, learning)
        self.ranks.wait()
        self._saved = time.monotonic()

    def restore(self, content: dict[str, Any]) -> None:
        """Go on where last.pth stands."""
        last_checkpoint.load_learning(content, self.network, self.stepper, self.schedule)
        others = content.get("ranks") or []
        own = content["progress"] if self.ranks.first else others[self.ranks.rank - 1]
        self.progress = Progress.from_plain(own)
        self.stepper.parts, self.stepper.sized = self.progress.parts, self.progress.step > 0
