"""Samples as batches: training draws with their augmentation, and whole samples cut into pieces for
scoring."""

from __future__ import annotations

import gc
import os
import signal
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
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
from core.training.reading.inputs import Pieces
from core.training.reading.order import Draw
from core.training.reading.tensors import stack

# A forked reader must not free what its parent has left behind: a decoded frame joins the threads of its scaler, which
# exist in the parent alone, and the reader would die or wait for ever. Frozen, they are never collected there.
os.register_at_fork(after_in_child=gc.freeze)

READ_AHEAD = 4  # batches a worker keeps ready
TOGETHER = 8  # pictures or recordings that a reader hands over at once for scoring


@dataclass
class Batch:
    """What one training step gets. `samples` are row numbers of the training split."""

    samples: list[int]
    labels: torch.Tensor  # (batch,) int64
    domains: torch.Tensor  # (batch,) int64
    inputs: dict[str, Any]  # stacked arrays, not yet on the device
    unusable: list[Unusable] = field(default_factory=list)
    seconds: float = 0.0  # that one process took to read it

    def __len__(self) -> int:
        return len(self.samples)

    def pin_memory(self) -> Batch:
        """In memory that a GPU takes from by itself; DataLoader asks each batch for it."""
        self.labels, self.domains = self.labels.pin_memory(), self.domains.pin_memory()
        for name, value in self.inputs.items():
            if isinstance(value, torch.Tensor):
                self.inputs[name] = value.pin_memory()
        return self

    def part(self, start: int, end: int) -> Batch:
        inputs = {name: value[start:end] for name, value in self.inputs.items()}
        return Batch(self.samples[start:end], self.labels[start:end], self.domains[start:end], inputs)


class TrainingSamples(Dataset):
    """`samples[epoch, place, sample]` is an Example; all randomness comes from the seed and these three
    numbers."""

    def __init__(self, source: Source, changes: Changes, seed: int) -> None:
        self.source, self.changes, self.seed = source, changes, seed

    def __len__(self) -> int:
        return len(self.source.files)

    def __getitems__(self, draws: Sequence[Draw]) -> Batch:
        """A whole batch, with the time that it took."""
        began = time.monotonic()
        batch = collate([self[draw] for draw in draws])
        batch.seconds = time.monotonic() - began
        return batch

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


def _as_it_is(batch: Batch) -> Batch:
    return batch


class TrainingLoader:
    """Batches of the draws that it is given; its workers live as long as it does."""

    def __init__(self, samples: TrainingSamples, workers: int, pin: bool) -> None:
        self._samples, self._pin = samples, pin
        self.use(workers)

    def use(self, workers: int) -> None:
        """Read with so many processes from the next pass on. Which batches come does not depend on it."""
        self.workers = workers
        self._draws = _Draws()
        self._loader: DataLoader = DataLoader(
            self._samples,
            batch_sampler=self._draws,
            collate_fn=_as_it_is,
            num_workers=workers,
            persistent_workers=workers > 0,
            prefetch_factor=READ_AHEAD if workers else None,
            worker_init_fn=prepare_worker,
            pin_memory=self._pin,
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


Found = tuple[int, Pieces] | Unusable


class WholeLoader:
    """Every sample of a split in order, each cut into its pieces, as often as asked; its workers stay alive.

    Small samples travel several at a time, their arrays as one: one sample after the other keeps a GPU waiting.
    """

    def __init__(self, source: Source, workers: int) -> None:
        together = TOGETHER if source.recipe.modality in ("image", "audio") else 1
        workers = min(workers, -(-len(source.files) // together))
        self._loader: DataLoader | None = None
        if source.files:
            self._loader = DataLoader(
                WholeSamples(source),
                batch_size=together,
                collate_fn=joined if workers else list,
                num_workers=workers,
                persistent_workers=workers > 0,
                worker_init_fn=prepare_worker,
                generator=torch.Generator(),
            )

    def __iter__(self) -> Iterator[Found]:
        for group in self._loader or ():
            yield from (parted(group) if isinstance(group, Joined) else group)


@dataclass
class Joined:
    """Samples on their way from a reader: arrays of one shape stand in one tensor, which is passed on
    uncopied."""

    found: list[Found]  # pieces without arrays
    arrays: list[tuple[list[tuple[int, int]], dict[str, torch.Tensor]]]  # which (sample, piece), one row each


def joined(found: list[Found]) -> Joined:
    """found: a(x y) b(z)   ──▶   names a( , ) b( )   and one tensor x y z"""
    places: dict[Any, list[tuple[int, int]]] = {}
    rows: dict[Any, list[dict[str, np.ndarray]]] = {}
    bare: list[Found] = []
    for k, one in enumerate(found):
        if isinstance(one, Unusable):
            bare.append(one)
            continue
        sample, cut = one
        for i, piece in enumerate(cut.pieces):
            kind = tuple((n, a.shape, a.dtype.str) for n, a in piece.arrays.items())
            places.setdefault(kind, []).append((k, i))
            rows.setdefault(kind, []).append(piece.arrays)
        bare.append((sample, replace(cut, pieces=tuple(replace(p, arrays={}) for p in cut.pieces))))
    return Joined(
        bare,
        [
            (places[kind], {name: _one_array([r[name] for r in several]) for name in several[0]})
            for kind, several in rows.items()
        ],
    )


def _one_array(values: list[np.ndarray]) -> Any:
    """A tensor, which goes through shared memory; texts stay arrays."""
    stacked = np.stack(values)
    return stacked if stacked.dtype.kind in "US" else torch.from_numpy(stacked)


def parted(group: Joined) -> list[Found]:
    """What `joined` was given."""
    arrays: dict[tuple[int, int], dict[str, np.ndarray]] = {}
    for places, stacked in group.arrays:
        for row, place in enumerate(places):
            arrays[place] = {name: np.asarray(values[row]) for name, values in stacked.items()}
    whole: list[Found] = []
    for k, one in enumerate(group.found):
        if isinstance(one, Unusable):
            whole.append(one)
            continue
        pieces = tuple(replace(p, arrays=arrays[k, i]) for i, p in enumerate(one[1].pieces))
        whole.append((one[0], replace(one[1], pieces=pieces)))
    return whole


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
