"""The parts of a training, each beside a bare loop of PyTorch with the same network: step, epoch, validation, memory.

The bare loop does what a good one does: on a GPU channels last, a fused optimiser, autocast, and no question to the
device within an epoch; it reads the same prepared samples with as many processes.
"""

from __future__ import annotations

import statistics
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
import psutil
import torch
from torch.utils.data import DataLoader

from core.media.cache import prepare_cached
from core.runs.folder import new_run
from core.training.learner import Context, NetworkLearner
from core.training.loop import Loop
from core.training.options.config import TrainConfig
from core.training.process.arithmetic import autocast_for, settle_algorithms
from core.training.process.ranks import Ranks, own_device
from core.training.reading.data import Batch, prepare_worker
from core.training.reading.tensors import batch_of
from core.training.setup import Setup, set_up
from core.workspace import Workspace

READ_AHEAD = 4
EPOCHS = 3  # of either, in turn


def job_of(config: TrainConfig, space: Workspace, folder: Path) -> Loop:
    """The loop of a training whose inputs are all prepared."""
    device = own_device(config.device)
    settle_algorithms(config, device)
    setup = set_up(config, space)
    for split in ("train", "val"):
        for file in setup.source(split).files:
            prepare_cached(file, setup.recipe, space)
    return Loop(NetworkLearner(setup, Context(Ranks(0, 1, device))), new_run(config.to_dict(), path=folder))


def compare(config: TrainConfig, space: Workspace, folder: Path, steps: int) -> dict[str, Any]:
    """Step, epoch and validation of one network, ours and bare."""
    job = job_of(config, space, folder)
    bare = Bare(job)
    batch = next(iter(job.loader.batches(job.draws_of(1)[:1])))
    step = side_by_side(lambda: bare.step(batch), lambda: own_step(job, batch), bare.wait, steps)
    epoch_samples = sum(map(len, job.draws_of(1)))
    epoch = side_by_side(bare.epoch, partial(own_epoch, job), bare.wait, EPOCHS)
    val_samples = len(job.setup.source("val").files)
    val = side_by_side(bare.validate, job.learner.validate, bare.wait, EPOCHS)
    return {
        "batch": len(batch),
        "workers": job.loader.workers,
        "precision": job.config.precision,
        "parts": job.stepper.parts,
        "step": _rates(len(batch), *step),
        "epoch": _rates(epoch_samples, *epoch),
        "validation": _rates(val_samples, *val),
        "validation_over_step": (val_samples / val[2]) / (len(batch) / step[2]),
    }


def _rates(samples: int, ratio: float, bare: float, ours: float) -> dict[str, float]:
    """Samples a second of both; the ratio is that of neighbouring turns, not of the two medians."""
    return {"bare": samples / bare, "ours": samples / ours, "ratio": 1 / ratio}


class Bare:
    """A loop as one would write it for this network alone. It learns on the network of the job, in turn with
    it."""

    def __init__(self, job: Loop) -> None:
        self.job, self.setup = job, job.setup
        self.device = job.ranks.device
        self.network = job.network
        self.autocast = autocast_for(job.config.precision, self.device)
        self.optimizer = job.learner.optimizer()
        self.loader = self._make_loader()

    def wait(self) -> None:
        if self.device.type == "cuda":
            torch.cuda.synchronize(self.device)

    def step(self, batch: Batch) -> None:
        self.optimizer.zero_grad(set_to_none=True)
        inputs, mask = self.job.learner.convert(batch)
        labels = batch.labels.to(self.device, non_blocking=True)
        with self.autocast():
            loss = torch.nn.functional.cross_entropy(self.network(inputs, mask).float(), labels)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), 1.0)
        self.optimizer.step()

    def epoch(self) -> None:
        """A whole epoch; the first call starts the readers."""
        self.network.train()
        for batch in self.loader:
            self.step(batch)

    def _make_loader(self) -> DataLoader:
        workers = self.job.loader.workers
        return DataLoader(
            self.job.learner.samples,  # type: ignore[attr-defined]
            batch_sampler=self.job.draws_of(1),
            collate_fn=lambda batch: batch,
            num_workers=workers,
            persistent_workers=workers > 0,
            prefetch_factor=READ_AHEAD if workers else None,
            worker_init_fn=prepare_worker,
            pin_memory=self.device.type == "cuda",
        )

    @torch.no_grad()
    def validate(self) -> None:
        """All samples, read in this process one after the other, scored in batches of 16 (256 on a GPU)."""
        setup, source = self.setup, self.setup.source("val")
        self.network.eval()
        most = 256 if self.device.type == "cuda" else 16
        scores: list[torch.Tensor] = []
        rows: list[dict[str, np.ndarray]] = []

        def score() -> None:
            inputs, mask = batch_of(rows, setup.recipe, setup.card, self.device, self.network)
            with self.autocast():
                scores.append(self.network(inputs, mask).float().softmax(1)[:, 1])
            rows.clear()

        from core.training.reading.examples import read, whole_pieces

        for sample in range(len(source.files)):
            for piece in whole_pieces(read(source, sample), source, sample).pieces:
                rows.append(piece.arrays)
                if len(rows) == most:
                    score()
        if rows:
            score()
        torch.cat(scores).cpu()


def own_step(job: Loop, batch: Batch) -> None:
    job._step([batch])


def own_epoch(job: Loop) -> None:
    """The next epoch; the first call starts the readers."""
    job._train_epoch(job.draws_of(job.progress.epoch))
    job.progress.epoch, job.progress.batch = job.progress.epoch + 1, 0


def side_by_side(
    bare: Callable[[], object], ours: Callable[[], object], wait: Callable[[], None], turns: int
) -> tuple[float, float, float]:
    """Both in turn; the median of the ratios of neighbours, so that noise cancels, and of the seconds of either."""
    bare()
    ours()
    pairs = []
    for turn in range(turns):
        order = (bare, ours) if turn % 2 else (ours, bare)
        took = {}
        for step in order:
            wait()
            began = time.perf_counter()
            step()
            wait()
            took[step] = time.perf_counter() - began
        pairs.append((took[bare], took[ours]))
    ratio = statistics.median(own / other for other, own in pairs)
    return ratio, statistics.median(b for b, _ in pairs), statistics.median(o for _, o in pairs)


def waiting(setup: Setup, folder: Path, ranks: Ranks) -> tuple[float, float]:
    """The share of a whole epoch that the loop waits for data, as its own events say it, and its samples a
    second."""
    from core.runs import events

    run = new_run(setup.config.to_dict(), path=folder)
    job = Loop(NetworkLearner(setup, Context(ranks)), run)
    for _ in range(2):  # the first starts the readers
        own_epoch(job)
    found = [e for e in events.read(run.events_file)[0] if e.epoch == 2]
    waits = [e.value for e in found if e.name == "data_wait"]
    rates = [e.value for e in found if e.name == "throughput"]
    return float(np.mean(waits)), float(np.mean(rates))


class Peak:
    """The most memory that this process and its readers held, pages that they share counted once."""

    def __init__(self) -> None:
        self.bytes = 0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Peak:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        own = psutil.Process()
        while not self._over.wait(0.1):
            total = 0
            for process in [own, *own.children(recursive=True)]:
                try:
                    total += int(process.memory_full_info().pss)
                # It ended after it was listed: it holds no memory any more.
                except psutil.NoSuchProcess:
                    continue
            self.bytes = max(self.bytes, total)


def peak_of_default(config: TrainConfig, space: Workspace, folder: Path) -> dict[str, Any]:
    """Memory of two steps and a validation of a network as it is trained by default."""
    with Peak() as peak:
        job = job_of(config, space, folder)
        job.network.train()
        for batch in job.loader.batches(job.draws_of(1)[:2]):
            job._step([batch])
        trained = peak.bytes
        job.learner.validate()
    return {
        "training_mb": round(trained / 2**20),
        "peak_mb": round(peak.bytes / 2**20),
        "batch": job.config.batch,
        "parts": job.stepper.parts,
    }
