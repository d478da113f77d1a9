"""One optimiser step: mixed precision, accumulation, clipping, and what to do when memory or numbers run out."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import nn

from core.errors import WorkbenchError
from core.training.learning.objectives import Objectives, count_domains
from core.training.losses import Loss
from core.training.reading.data import Batch
from core.training.scoring.scoring import margin
from models.cards import Output

log = logging.getLogger(__name__)

PRECISIONS = {"bf16": torch.bfloat16, "fp16": torch.float16}


class NotFinite(WorkbenchError):
    """The loss is not a number; training on would destroy the weights."""

    def __init__(self, samples: Sequence[int]) -> None:
        super().__init__("the loss is not finite")
        self.samples = list(samples)


@dataclass(frozen=True)
class StepResult:
    loss: float  # summed over the samples
    labels: np.ndarray
    margins: np.ndarray  # how much fake is ahead of real, of each sample
    domains: tuple[int, int] = (0, 0)  # samples whose dataset the discriminator named, and all that it saw


def autocast_for(precision: str, device: torch.device) -> Callable[[], AbstractContextManager[Any]]:
    if precision == "fp32":
        return contextlib.nullcontext
    return partial(torch.autocast, device.type, dtype=PRECISIONS[precision])


class Stepper:
    """Turns batches into steps. `convert(batch)` gives what the network takes; `extra` adds further objectives."""

    def __init__(
        self,
        network: nn.Module,
        loss: Loss,
        optimizer: torch.optim.Optimizer,
        *,
        convert: Callable[[Batch], tuple[Any, Any]],
        device: torch.device,
        precision: str,
        clip_norm: float | None,
        extra: Objectives | None = None,
    ) -> None:
        self.network, self.loss, self.optimizer = network, loss, optimizer
        self.convert, self.device = convert, device
        self.autocast = autocast_for(precision, device)
        self.scaler = torch.amp.GradScaler(device.type, enabled=precision == "fp16")
        self.clip_norm, self.extra = clip_norm, extra
        self.parts = 1  # into how many each batch is cut, after memory has run out

    def step(self, group: Sequence[Batch], seed: int, number: int, *, idle: bool = False) -> StepResult:
        """The step of this number on the batches of `group` together; begun again in parts if memory runs out.

        An idle rank has nothing of its own to learn from, and takes part so that the others need not wait for it.
        """
        if self.extra is not None:
            self.extra.prepare(number)
        while True:
            torch.manual_seed(seed)
            try:
                return self._step(group, 0.0 if idle else 1.0)
            except (torch.OutOfMemoryError, RuntimeError) as error:
                if not out_of_memory(error) or self.parts >= max(len(b) for b in group):
                    raise
                self.parts *= 2
                self.optimizer.zero_grad(set_to_none=True)
                if self.device.type == "cuda":
                    torch.cuda.empty_cache()
                log.warning(
                    "out of memory: the batch is halved and the accumulation doubled (each batch in %d parts)",
                    self.parts,
                )

    def _step(self, group: Sequence[Batch], weight: float) -> StepResult:
        self.optimizer.zero_grad(set_to_none=True)
        total, labels, margins, domains = 0.0, [], [], []
        pieces = [(part, len(batch)) for batch in group for part in parts_of(batch, self.parts)]
        for place, (part, whole) in enumerate(pieces):
            last = place == len(pieces) - 1
            each, output = self._backward(part, weight * len(part) / whole / len(group), last)
            total += each
            labels.append(part.labels.numpy())
            margins.append(margin(output.logits).numpy())
            domains.append(count_domains(output, part))
        self._update()
        if not weight:
            return StepResult(0.0, labels[0][:0], margins[0][:0])
        right, seen = (sum(counts) for counts in zip(*domains, strict=True))
        return StepResult(total, np.concatenate(labels), np.concatenate(margins), (right, seen))

    def _backward(self, part: Batch, share: float, last: bool) -> tuple[float, Output]:
        """Gradients of a part of the step. Ranks exchange them only once, with the last part."""
        alone = getattr(self.network, "no_sync", None)
        quiet = alone() if alone is not None and not last else contextlib.nullcontext()
        with quiet:
            inputs, mask = self.convert(part)
            labels = part.labels.to(self.device)
            with self.autocast():
                output = self.network(inputs, mask, details=True)
                each = self.loss.each(output.logits, labels)
                objective = each.mean()
                if self.extra is not None:
                    objective = objective + self.extra(output, part)
            if not bool(torch.isfinite(objective)):
                raise NotFinite(part.samples)
            self.scaler.scale(objective * share).backward()
        return float(each.detach().sum()), output

    def _update(self) -> None:
        if self.clip_norm:
            self.scaler.unscale_(self.optimizer)
            learning = [p for g in self.optimizer.param_groups for p in g["params"]]
            torch.nn.utils.clip_grad_norm_(learning, self.clip_norm)
        self.scaler.step(self.optimizer)
        self.scaler.update()


def parts_of(batch: Batch, count: int) -> list[Batch]:
    """The batch in at most `count` parts of nearly equal size."""
    if count == 1:
        return [batch]
    size = -(-len(batch) // count)
    return [batch.part(start, start + size) for start in range(0, len(batch), size)]


def out_of_memory(error: BaseException) -> bool:
    """Also where the CPU's allocator says it in its own words."""
    text = str(error).lower()
    return (
        isinstance(error, torch.OutOfMemoryError)
        or "out of memory" in text
        or "can't allocate memory" in text
    )
