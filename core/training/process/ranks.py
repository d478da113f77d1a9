"""Several processes that train together (torchrun). One process is simply the only rank; only rank 0
writes."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from inspect import signature
from typing import Any

import torch
import torch.distributed as dist
from torch.nn.parallel import DistributedDataParallel

from core import numbers
from core.errors import BadInput, WorkbenchError

FAILURE = "failure"  # key of the store
# Its name before torch 2.13 was broadcast_buffers.
SYNC_BUFFERS = next(
    name
    for name in ("forward_sync_buffers", "broadcast_buffers")
    if name in signature(DistributedDataParallel).parameters
)
PATIENCE = timedelta(hours=2)  # a rank may wait that long for another, e.g. for a first epoch of decoding


@dataclass(frozen=True)
class Ranks:
    """Which of how many processes this is, and the device that is its own."""

    rank: int
    world: int
    device: torch.device
    store: Any = None  # where the ranks met, which outlives each of them

    @property
    def first(self) -> bool:
        return self.rank == 0

    @property
    def several(self) -> bool:
        return self.world > 1

    def any(self, flag: bool) -> bool:
        """Whether it is true on some rank, so that all do the same."""
        if not self.several:
            return flag
        flags = torch.tensor([float(flag)])  # on the CPU: the device need not be waited for
        dist.all_reduce(flags, op=dist.ReduceOp.MAX)
        return bool(flags.item() > 0)

    def gather(self, value: Any) -> list[Any]:
        """The values of all ranks, in the order of ranks, on every rank."""
        if not self.several:
            return [value]
        everyone: list[Any] = [None] * self.world
        dist.all_gather_object(everyone, value)
        return everyone

    def shared(self, network: torch.nn.Module) -> torch.nn.Module:
        """The network as all ranks learn it together."""
        if not self.several:
            return network
        ids = [self.device.index] if self.device.type == "cuda" else None
        # Running statistics by `share`: in the forward pass they would be sent once more where that is begun again.
        more: dict[str, Any] = {SYNC_BUFFERS: False}
        return DistributedDataParallel(network, device_ids=ids, find_unused_parameters=True, **more)

    @torch.no_grad()
    def share(self, statistics: Sequence[torch.Tensor]) -> None:
        """Those of rank 0 for all ranks; those of one kind go together."""
        if not self.several:
            return
        kinds: dict[torch.dtype, list[torch.Tensor]] = {}
        for one in statistics:
            kinds.setdefault(one.dtype, []).append(one)
        for own in kinds.values():
            together = torch.cat([one.flatten() for one in own])
            dist.broadcast(together, 0)
            for one, part in zip(own, together.split([one.numel() for one in own]), strict=True):
                one.copy_(part.view_as(one))

    def wait(self) -> None:
        if self.several:
            dist.barrier()

    def report_failure(self, reason: str) -> None:
        """What ended this rank, for rank 0, which only sees that it is gone. The first to fail is heard."""
        if self.store is not None:
            with contextlib.suppress(RuntimeError):  # rank 0 is gone itself, and has said why
                self.store.compare_set(FAILURE, "", f"process {self.rank + 1} of {self.world}: {reason}")

    def failure_of_another(self) -> str | None:
        """What report_failure said."""
        if self.store is None or not self.store.check([FAILURE]):
            return None
        return str(self.store.get(FAILURE).decode())

    def failure_behind(self, error: BaseException) -> WorkbenchError | None:
        """Where an exchange failed because another rank is gone: why that one went."""
        said = self.failure_of_another() if isinstance(error, RuntimeError) else None
        return None if said is None else WorkbenchError(said)


def running_statistics(network: torch.nn.Module) -> list[torch.Tensor]:
    """Buffers that change as the network learns: what a checkpoint keeps. The others are constants."""
    kept = network.state_dict()
    return [buffer for name, buffer in network.named_buffers() if name in kept]


@contextmanager
def join(device: str) -> Iterator[Ranks]:
    """This process among those that torchrun started; alone where there is no torchrun."""
    world, rank = int(os.environ.get("WORLD_SIZE", "1")), int(os.environ.get("RANK", "0"))
    own = own_device(device)
    if world == 1:
        yield Ranks(0, 1, own)
        return
    if own.type == "cuda":
        torch.cuda.set_device(own)
    dist.init_process_group("cpu:gloo,cuda:nccl" if own.type == "cuda" else "gloo", timeout=PATIENCE)
    # A connection of its own: another thread may ask while an exchange waits.
    store = dist.distributed_c10d._get_default_store().clone()
    yield Ranks(rank, world, own, store)
    # Not after an error: it would wait for exchanges that the other ranks never finish.
    dist.destroy_process_group()


def own_device(device: str, together: int | None = None) -> torch.device:
    """The device of this process: a GPU of its own where there is one and the configuration allows it.

    `together`: how many processes train on this machine, where torchrun has not started them yet.
    """
    if device == "cpu" or (device == "auto" and not torch.cuda.is_available()):
        return torch.device("cpu")
    if not torch.cuda.is_available():
        raise BadInput("device: cuda is not available on this machine; it may be auto or cpu")
    together, cards = together or int(os.environ.get("LOCAL_WORLD_SIZE", "1")), torch.cuda.device_count()
    if together > cards:
        raise BadInput(
            f"devices: {together} processes need a GPU each, and this machine shows {cards}; "
            f"it may be {cards}, or device cpu"
        )
    return torch.device("cuda", int(os.environ.get("LOCAL_RANK", "0")))


def describe(device: torch.device) -> str:
    """In words, for the log and the documents of a run."""
    return (
        torch.cuda.get_device_name(device)
        if device.type == "cuda"
        else f"CPU ({numbers.count_of(torch.get_num_threads(), 'thread')})"
    )
