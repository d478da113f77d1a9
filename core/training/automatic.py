"""What `auto` becomes on this machine: the configuration as it is carried out."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import torch

from core.training.learning.step import Stepper
from core.training.options.choices import AUTO
from core.training.options.config import TrainConfig
from core.training.process import cores, memory
from core.training.process.arithmetic import precision_for
from core.training.process.ranks import Ranks
from core.training.reading.data import Batch
from core.training.setup import Setup

log = logging.getLogger(__name__)

MOST_IN_A_BATCH = 1024
STEPS_OF_AN_EPOCH = 8  # at least, however large the card
CARD_SHARE = 0.8  # of its free memory
BESIDE_WHAT_IS_KEPT = 1.5  # gradients and what is only used in passing, against what a step keeps
OPTIMISER = 3  # gradients and the two averages of Adam, against the weights
MEASURED = 8  # batches, after which the number of readers is settled
NEWS = 1.25  # readers more than are just enough


def settled(setup: Setup, device: torch.device, kept: Mapping[str, Any] | None = None) -> Setup:
    """The setup with its `auto` decided, but for the size of the batch, which is measured later.

    `kept` is what the run decided before it was interrupted, maybe on another machine.
    """
    config = setup.config
    found: dict[str, Any] = {"precision": precision_for(config.precision, device), **(kept or {})}
    return replace(setup, config=replace(config, **found))


def as_begun(config: TrainConfig, kept: Mapping[str, Any] | None) -> TrainConfig:
    """With the size of the network that a resumed run began with: weights of another would not fit."""
    options = (kept or {}).get("model_options")
    return config if options is None else replace(config, model_options=options)


def first_readers(setup: Setup, device: torch.device) -> int:
    """How many processes read before it is known how long that takes. On a CPU the network needs the
    processors."""
    if setup.config.workers != AUTO:
        return setup.config.readers
    return cores.for_readers() if device.type == "cuda" else 1


def settled_choices(setup: Setup) -> dict[str, Any]:
    """What a resumed run must not decide anew; last.pth carries it."""
    found: dict[str, Any] = {"precision": setup.config.precision, "batch_size": setup.config.batch_size}
    if "size" in setup.model_options:  # by the memory of a device
        found["model_options"] = {**setup.config.model_options, "size": setup.model_options["size"]}
    return found


def batch_size(
    stepper: Stepper, config: TrainConfig, ranks: Ranks, samples: int, usable: Callable[[], Batch]
) -> int:
    """`batch_size: auto`: what the card holds; without one the usual size. All ranks take the least.

    `usable` gives a batch to measure with.
    """
    size, network = config.batch, stepper.bare
    if ranks.device.type == "cuda":
        network.train()
        weights = sum(p.numel() * p.element_size() for p in network.parameters())
        each, free = stepper.bytes_of_a_sample(usable()), memory.free_on(ranks.device)
        size = batch_that_fits(each, weights, free, samples, size)
        kept, left = each / 1e6, free / 1e9
        log.info("batch_size: auto is %d: a sample keeps %.0f MB, %.1f GB are free", size, kept, left)
    else:
        log.info("batch_size: auto is %d, as usual: there is no card to fill", size)
    return min(ranks.gather(size))


def batch_that_fits(each: int, weights: int, free: int, samples: int, usual: int) -> int:
    """The largest power of two that a card holds, of samples that keep `each` bytes for their gradients.

    each 100 MB, weights 94 MB, 79 GB free, 50,000 samples   ──▶   256
    """
    room = CARD_SHARE * free - OPTIMISER * weights
    fits = max(1.0, room / (BESIDE_WHAT_IS_KEPT * max(1, each)))
    bound = max(usual, samples // STEPS_OF_AN_EPOCH)
    return int(2 ** math.floor(math.log2(max(1.0, min(fits, bound, MOST_IN_A_BATCH)))))


class ReaderCount:
    """How many processes read ahead, settled once the first batches show how long reading and learning
    take."""

    def __init__(self, setup: Setup, workers: int) -> None:
        self.workers = workers
        self.open = setup.config.workers == AUTO and workers > 0  # a head learns from memory: nothing reads
        self._batches, self._read, self._waited = -1, 0.0, 0.0  # the first batch waits for the readers' start
        self._began = 0.0

    def add(self, read: float, waited: float) -> None:
        """One batch: the seconds that one process took to read it, and those that training waited for it."""
        self._batches += 1
        if self._batches == 0:
            self._began = time.monotonic()
            return
        self._read += read
        self._waited += waited

    @property
    def due(self) -> bool:
        return self.open and self._batches >= MEASURED

    def close(self) -> None:
        """A run of a few batches measured too little to settle anything, and says with what it went on."""
        if self.open and self._batches >= 0:
            log.info(
                "workers: auto stayed %d: it is settled after %d batches, and there were %d",
                self.workers,
                MEASURED + 1,
                self._batches + 1,
            )
        self.open = False

    def settle(self) -> int:
        """The number from here on; the same as before where another would gain little."""
        self.open = False
        learn = max(1e-4, (time.monotonic() - self._began - self._waited) / self._batches)
        read = self._read / self._batches
        needed = readers_needed(read, learn, cores.for_readers())
        keep = self.workers / 2 <= needed <= self.workers
        self.workers = self.workers if keep else needed
        log.info(
            "workers: auto is %d: a batch takes %.2f s to read and %.2f s to learn; %d processor(s) are left over",
            self.workers,
            read,
            learn,
            cores.for_readers(),
        )
        return self.workers


def readers_needed(read: float, learn: float, free: int) -> int:
    """So many that a batch is there whenever one is learned, as far as there are processors.

    read 0.4 s, learn 0.1 s, 14 free   ──▶   5        read 0.01 s, learn 0.1 s   ──▶   1
    """
    return max(1, min(free, math.ceil(NEWS * read / learn)))
