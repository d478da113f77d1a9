"""Samples as batches: training draws with their augmentation, and whole samples cut into pieces for scoring."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import cv2
import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset

from core.children import end_with_parent
from core.training.reading.examples import (
    Changes,
    Example,
    Source,
    Unusable,
    read,
    training_example,
    whole_pieces,
)
from core.training.reading.inputs import Pieces, stack
from core.training.reading.order import Draw

READ_AHEAD = 4  # batches a worker keeps ready


@dataclass
class Batch:
    """What one training step gets. `samples` are row numbers of the training split."""

    samples: list[int]
    labels: torch.Tensor  # (batch,) int64
    domains: torch.Tensor  # (batch,) int64
    inputs: dict[str, Any]  # stacked arrays, not yet on the device
    unusable: list[Unusable] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.samples)

    def part(self, start: int, end: int) -> Batch:
        inputs = {name: value[start:end] for name, value in self.inputs.items()}
        return Batch(self.samples[start:end], self.labels[start:end], self.domains[start:end], inputs)


class TrainingSamples(Dataset):
    """`samples[epoch, place, sample]` is an Example; all randomness comes from the seed and these three numbers."""

    def __init__(self, source: Source, changes: Changes, seed: int) -> None:
        self.source, self.changes, self.seed = source, changes, seed

    def __len__(self) -> int:
        return len(self.source.files)

    def __getitem__(self, draw: Draw) -> Example | Unusable:
        epoch, place, sample = draw
        found = read(self.source, sample)
        if isinstance(found, Unusable):
            return found
        rng = np.random.default_rng([self.seed, epoch, place, sample])
        return training_example(found, self.source, sample, self.changes, rng)


class WholeSamples(Dataset):
    """`samples[i]` is everything of a sample that is scored, without any random change."""

    def __init__(self, source: Source) -> None:
        self.source = source

    def __len__(self) -> int:
        return len(self.source.files)

    def __getitem__(self, sample: int) -> tuple[int, Pieces] | Unusable:
        found = read(self.source, sample)
        if isinstance(found, Unusable):
            return found
        return sample, whole_pieces(found, self.source, sample)


def collate(found: Sequence[Example | Unusable]) -> Batch:
    """What could be read as one batch; what could not is listed in it."""
    examples = [f for f in found if isinstance(f, Example)]
    return Batch(
        [e.sample for e in examples],
        torch.tensor([e.label for e in examples], dtype=torch.int64),
        torch.tensor([e.domain for e in examples], dtype=torch.int64),
        stack([e.arrays for e in examples]) if examples else {},
        [f for f in found if isinstance(f, Unusable)],
    )


class TrainingLoader:
    """Batches of the draws that it is given; its workers live as long as it does."""

    def __init__(self, samples: TrainingSamples, workers: int, pin: bool) -> None:
        self._draws = _Draws()
        self._loader: DataLoader = DataLoader(
            samples,
            batch_sampler=self._draws,
            collate_fn=collate,
            num_workers=workers,
            persistent_workers=workers > 0,
            prefetch_factor=READ_AHEAD if workers else None,
            worker_init_fn=prepare_worker,
            pin_memory=pin,
            generator=torch.Generator(),  # so that starting an epoch does not advance the global one
        )

    def batches(self, draws: list[list[Draw]]) -> Iterator[Batch]:
        self._draws.batches = draws
        return iter(self._loader)


class _Draws:
    """A batch sampler whose batches are set before each pass."""

    def __init__(self) -> None:
        self.batches: list[list[Draw]] = []

    def __iter__(self) -> Iterator[list[Draw]]:
        return iter(self.batches)

    def __len__(self) -> int:
        return len(self.batches)


def whole_samples(source: Source, workers: int) -> DataLoader:
    """Every sample of a split in order, each cut into its pieces."""
    return DataLoader(
        WholeSamples(source),
        batch_size=None,
        num_workers=min(workers, len(source.files)),
        worker_init_fn=prepare_worker,
        generator=torch.Generator(),
    )


def prepare_worker(_: int) -> None:
    """A reading process uses one core and leaves stopping to the training process.

    In a process group of its own it does not hear what is sent to the run's group. SIGTERM must still end it: that is
    how the training process takes its readers along when it exits. One that is killed cannot: a reader whose answer
    nobody takes would wait for ever, so it looks for itself whether the training process is still there.
    """
    os.setpgid(0, 0)
    end_with_parent()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    cv2.setNumThreads(0)
