"""One optimiser step: mixed precision, accumulation, clipping, and what to do when memory or numbers run out."""

from __future__ import annotations

import contextlib
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import nn

from core.errors import BadInput, WorkbenchError
from core.training.learning.objectives import Objectives, domains_named
from core.training.losses import Loss
from core.training.process import memory
from core.training.process.arithmetic import autocast_for
from core.training.reading.data import Batch
from core.training.scoring.forward import margin_on_device
from models.cards import Output

log = logging.getLogger(__name__)

# Of several ranks: first with the weights alone, then beside what the optimiser keeps from its first step on.
REHEARSALS = 2
# The other ranks have some of this one's gradients and wait for the rest: another try would mix two steps.
CUT_OFF = (
    "memory ran out while the processes that train together added up their gradients, which cannot be begun again; "
    "start the run again with a smaller batch_size"
)
READ_EVERY = 8  # steps on a GPU between two looks at what it found; each look waits for it


class NotFinite(WorkbenchError):
    """The loss is not a number; training on would destroy the weights."""

    def __init__(self, samples: Sequence[int], step: int) -> None:
        super().__init__("the loss is not finite")
        self.samples, self.step = list(samples), step


@dataclass(frozen=True)
class StepResult:
    loss: float  # summed over the samples
    labels: np.ndarray
    margins: np.ndarray  # how much fake is ahead of real, of each sample
    domains: tuple[int, int] = (0, 0)  # samples whose dataset the discriminator named, and all that it saw


@dataclass(frozen=True)
class Found:
    """What one part of a step found, still on the device."""

    part: Batch
    step: int
    counts: bool  # False where an idle rank only took part
    loss: torch.Tensor  # summed over the samples
    finite: torch.Tensor
    margins: torch.Tensor  # (samples,) double
    named: torch.Tensor  # samples whose dataset the discriminator named
    seen: int  # samples that the discriminator saw


class Stepper:
    """Turns batches into steps. `convert(batch)` gives what the network takes; `extra` adds further objectives.

    A step asks the device for nothing: what it found stays there until `collect` reads that of several steps at once.
    On a CPU, where asking costs nothing, each step is looked at before the weights move.
    """

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
        compiled: bool = False,
    ) -> None:
        self.network, self.loss, self.optimizer = network, loss, optimizer
        self.bare = getattr(network, "module", network)  # inside of what exchanges gradients
        self.several = hasattr(network, "no_sync")  # ranks, which exchange them
        self.exchanging = False
        self.convert, self.device = convert, device
        self.autocast = autocast_for(precision, device)
        self.scaler = self._scaler(precision == "fp16")
        self.clip_norm, self.extra = clip_norm, extra
        self.parts = 1  # into how many each batch is cut, to fit into memory
        self.sized = device.type == "cuda"  # a GPU says when its memory is out, a CPU ends the process
        self.rehearsals = REHEARSALS if self.several and self.sized else 0
        self.forward: Callable[..., Any] = torch.compile(network) if compiled else network
        self.compiling = compiled
        self.found: list[Found] = []

    def step(self, group: Sequence[Batch], seed: int, number: int, *, idle: bool = False) -> None:
        """The step of this number on the batches of `group` together; begun again in parts if memory runs out.

        An idle rank has nothing of its own to learn from, and takes part so that the others need not wait for it.
        """
        if self.extra is not None:
            self.extra.prepare(number)
        if not self.sized:
            self._size(group)
        if self.compiling:
            self._compile(group, seed)
        # Whoever has too little memory finds out before the ranks depend on each other.
        if self.rehearsals:
            self.rehearsals -= 1
            self.rehearse(max(group, key=len), seed)
        self._until_it_fits(group, seed, lambda: self._step(group, number, 0.0 if idle else 1.0))

    def _until_it_fits(self, group: Sequence[Batch], seed: int, run: Callable[[], None]) -> None:
        """`run`, begun again with batches in twice as many parts for as long as memory runs out."""
        before = len(self.found)
        while True:
            torch.manual_seed(seed)
            self.exchanging = False
            try:
                return run()
            except (torch.OutOfMemoryError, RuntimeError) as error:
                if not memory.out_of_memory(error) or self.parts >= max(len(b) for b in group):
                    raise
                if self.exchanging:
                    raise WorkbenchError(CUT_OFF) from error
            # Only here, outside of `except`: the error holds on to what the step had made.
            del self.found[before:]
            self.parts *= 2
            self.optimizer.zero_grad(set_to_none=True)
            self.scaler = self._scaler(self.scaler.is_enabled(), self.scaler.state_dict())
            memory.give_back(self.device)
            log.warning(
                "out of memory: the batch is halved and the accumulation doubled (each batch in %d parts)",
                self.parts,
            )

    def _scaler(self, enabled: bool, state: Mapping[str, Any] | None = None) -> torch.amp.GradScaler:
        """A new one goes on from the state of another, but does not take gradients that are gone for unscaled."""
        made = torch.amp.GradScaler(self.device.type, enabled=enabled)
        made.load_state_dict(dict(state or made.state_dict()))
        return made

    @property
    def due(self) -> bool:
        """Whether what was found should be collected now."""
        return bool(self.found) and (
            self.device.type != "cuda" or self.found[-1].step - self.found[0].step + 1 >= READ_EVERY
        )

    def collect(self) -> StepResult:
        """What the steps since the last time found, read from the device in one go. NotFinite where one was not."""
        found, self.found = self.found, []
        if not found:
            return StepResult(0.0, np.zeros(0, np.int64), np.zeros(0))
        flat = [torch.stack([f.loss.double(), f.finite.double(), f.named.double()]) for f in found]
        sizes = [len(f.margins) for f in found]
        read = torch.cat([*flat, *(f.margins for f in found)]).cpu()
        table = read[: 3 * len(found)].reshape(-1, 3).numpy()
        margins = np.split(read[3 * len(found) :].numpy(), np.cumsum(sizes)[:-1])
        for one, (_, finite, _) in zip(found, table, strict=True):
            if not finite:
                raise NotFinite(one.part.samples, one.step)
        kept = [k for k, one in enumerate(found) if one.counts]
        return StepResult(
            float(sum(table[k, 0] for k in kept)),
            np.concatenate([found[k].part.labels.numpy() for k in kept]) if kept else np.zeros(0, np.int64),
            np.concatenate([margins[k] for k in kept]) if kept else np.zeros(0),
            (int(sum(table[k, 2] for k in kept)), sum(found[k].seen for k in kept)),
        )

    def _step(self, group: Sequence[Batch], number: int, weight: float) -> None:
        self.optimizer.zero_grad(set_to_none=True)
        pieces = [(part, len(batch)) for batch in group for part in parts_of(batch, self.parts)]
        for place, (part, whole) in enumerate(pieces):
            last = place == len(pieces) - 1
            self._backward(part, number, weight, weight * len(part) / whole / len(group), last)
        self._update()

    def _backward(self, part: Batch, number: int, weight: float, share: float, last: bool) -> None:
        """Gradients of a part of the step. Ranks exchange them only once, with the last part."""
        exchange = self.several and last
        with contextlib.nullcontext() if exchange else self._alone():
            objective, each, output = self._objective(
                self._begin_exchange if exchange else self.forward, part
            )
            finite = torch.isfinite(objective.detach())
            if self.device.type != "cuda" and not bool(finite):
                raise NotFinite(part.samples, number)
            self.scaler.scale(objective * share).backward()
        named, seen = domains_named(output, part)
        total = each.detach().double().sum() if self.device.type == "cuda" else each.detach().sum()
        self.found.append(
            Found(part, number, bool(weight), total, finite, margin_on_device(output.logits), named, seen)
        )

    def _alone(self) -> AbstractContextManager[Any]:
        """Inside, gradients stay with this rank."""
        return self.network.no_sync() if self.several else contextlib.nullcontext()  # type: ignore[operator, no-any-return]

    def _begin_exchange(self, *given: Any, **more: Any) -> Any:
        output = self.forward(*given, **more)
        self.exchanging = True
        return output

    def _objective(
        self, forward: Callable[..., Any], part: Batch
    ) -> tuple[torch.Tensor, torch.Tensor, Output]:
        """What is minimised, the term of each sample, and what the network gave."""
        inputs, mask = self.convert(part)
        labels = part.labels.to(self.device, non_blocking=True)
        with self.autocast():
            output = forward(inputs, mask, details=True)
            each = self.loss.each(output.logits, labels)
            objective = each.mean()
            if self.extra is not None:
                objective = objective + self.extra(output, part)
        return objective, each, output

    def _update(self) -> None:
        if self.clip_norm:
            self.scaler.unscale_(self.optimizer)
            learning = [p for g in self.optimizer.param_groups for p in g["params"]]
            torch.nn.utils.clip_grad_norm_(learning, self.clip_norm)
        self.scaler.step(self.optimizer)
        self.scaler.update()

    # Memory and compilation, looked at once

    def bytes_of_a_sample(self, batch: Batch) -> int:
        """What one sample of the batch keeps for its gradients."""
        part = batch.part(0, 1)
        return memory.saved_bytes(self.bare, lambda: self._objective(self.bare, part))

    def _size(self, group: Sequence[Batch]) -> None:
        """On a CPU a batch is cut before it is too large for the memory of a small machine."""
        self.sized = True
        batch = max(group, key=len)
        one = {name: value[0] for name, value in batch.inputs.items() if name in ("image", "audio")}
        if len(batch) * memory.bytes_as_floats(one) * memory.PLENTY_TRAINING <= memory.TRAINING_BUDGET:
            return
        whole = len(batch) * self.bytes_of_a_sample(batch)
        while self.parts < len(batch) and whole / self.parts > memory.TRAINING_BUDGET:
            self.parts *= 2
        if self.parts > 1:
            log.info(
                "a whole batch would keep %.1f GB for its gradients: it goes through the network in %d parts",
                whole / 1e9,
                self.parts,
            )

    def rehearse(self, batch: Batch, seed: int) -> None:
        """A pass forward and backward that changes nothing: neither weights nor statistics."""
        before = {name: buffer.clone() for name, buffer in self.bare.named_buffers()}

        def there_and_back() -> None:
            with self._alone():
                self._objective(self.forward, parts_of(batch, self.parts)[0])[0].backward()

        self._until_it_fits([batch], seed, there_and_back)
        self.optimizer.zero_grad(set_to_none=True)
        with torch.no_grad():
            for name, buffer in self.bare.named_buffers():
                buffer.copy_(before[name])

    def _compile(self, group: Sequence[Batch], seed: int) -> None:
        """The first pass compiles; what that costs is in the log. Where there is no compiler the run says so."""
        self.compiling = False
        began = time.monotonic()
        try:
            self.rehearse(group[0], seed)
        except Exception as error:
            if memory.out_of_memory(error):
                raise
            raise BadInput(
                f"compile: this network cannot be compiled here ({_first_line(error)}); train with compile: false, "
                "or give torch a C++ compiler (CXX names it), or, where an earlier compilation was cut off, "
                "empty its cache (the folder torchinductor_USER among the temporary files)"
            ) from error
        log.info("compile: the first pass took %.1f s to compile", time.monotonic() - began)


def _first_line(error: Exception) -> str:
    return next((line for line in str(error).splitlines() if line.strip()), type(error).__name__)[:200]


def parts_of(batch: Batch, count: int) -> list[Batch]:
    """The batch in at most `count` parts of nearly equal size."""
    if count == 1:
        return [batch]
    size = -(-len(batch) // count)
    return [batch.part(start, start + size) for start in range(0, len(batch), size)]
