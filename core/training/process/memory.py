"""What a pass through a network needs in bytes, and how much of a batch goes through at once because of it.

Measured on one sample, so that a pass is sized before memory runs out; halved all the same where it does.
"""

from __future__ import annotations

import logging
import weakref
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

import numpy as np
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from core.memory import give_back_freed
from core.training.reading.inputs import Arrays
from core.training.reading.tensors import of_one_shape, shape_of

log = logging.getLogger(__name__)

GIB = 1 << 30
# Fixed on a CPU, whatever is free there: the same run is cut in the same places on every machine.
SCORING_BUDGET = GIB  # what a pass without gradients may hold
# What a step may keep for its gradients; it needs as much again while it computes them.
TRAINING_BUDGET = GIB * 5 // 4
# What a training may remember of encoders in which nothing learns.
REMEMBERED = GIB // 4
CARD_SHARE = 0.7  # of a GPU's free memory
MOST_ROWS = {"cpu": 16, "cuda": 256}  # of a pass without gradients; more gain nothing
# As PyTorch, the CPU's allocator, and cuBLAS, cuDNN and cuSOLVER (CUBLAS_STATUS_ALLOC_FAILED, …) say it.
OUT_OF_MEMORY = ("out of memory", "can't allocate memory", "_alloc_failed", "_allocation_failed")
# Bytes that a network makes of each byte of its input: below this it need not be measured.
PLENTY_SCORING, PLENTY_TRAINING = 100, 1000

Result = TypeVar("Result")


def out_of_memory(error: BaseException) -> bool:
    """Also where the CPU's allocator, or a library of the GPU, says it in its own words."""
    text = str(error).lower()
    return isinstance(error, (torch.OutOfMemoryError, MemoryError)) or any(
        said in text for said in OUT_OF_MEMORY
    )


def free_on(device: torch.device) -> int:
    """Bytes of a GPU that this process can still get."""
    free, _ = torch.cuda.mem_get_info(device)
    kept = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
    return int(free + kept)


def scoring_budget(device: torch.device) -> int:
    return int(CARD_SHARE * free_on(device)) if device.type == "cuda" else SCORING_BUDGET


def give_back(device: torch.device) -> None:
    """Memory that nothing uses any longer, before something else needs it."""
    if device.type == "cuda":
        torch.cuda.empty_cache()
    else:
        give_back_freed()


# What a pass needs


class _Live(TorchDispatchMode):
    """Bytes of all tensors that are made inside and still live, and the most there were at once."""

    def __init__(self) -> None:
        super().__init__()
        self.live = self.peak = 0
        self._known: dict[int, weakref.ref[Any]] = {}

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        for tensor in _tensors(result):
            self._count(tensor.untyped_storage())
        return result

    def _count(self, storage: torch.UntypedStorage) -> None:
        key, size = storage._cdata, storage.nbytes()
        if key in self._known:
            return

        def ended(_: Any) -> None:
            self.live -= size
            self._known.pop(key, None)

        self._known[key] = weakref.ref(storage, ended)
        self.live += size
        self.peak = max(self.peak, self.live)


def _tensors(value: Any) -> Iterator[torch.Tensor]:
    if isinstance(value, torch.Tensor):
        yield value
    elif isinstance(value, (list, tuple)):
        for one in value:
            yield from _tensors(one)


def peak_bytes(run: Callable[[], Any]) -> int:
    """The most bytes that are held at once while `run` goes through a network without gradients."""
    with _Live() as live:
        run()
    return live.peak


def saved_bytes(network: torch.nn.Module, run: Callable[[], Any]) -> int:
    """Bytes that `run`, a pass forward, keeps for its gradients. The network is left as it was."""
    own = {p.untyped_storage()._cdata for p in network.parameters()}
    found: dict[int, int] = {}

    def keep(tensor: torch.Tensor) -> torch.Tensor:
        storage = tensor.untyped_storage()
        if storage._cdata not in own:
            found[storage._cdata] = storage.nbytes()
        # Without its history: an operation that keeps its own result would hold on to itself for ever.
        return tensor.detach()

    before = {name: buffer.clone() for name, buffer in network.named_buffers()}
    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        result = run()
    with torch.no_grad():
        for name, buffer in network.named_buffers():
            buffer.copy_(before[name])
    del result
    return sum(found.values())


def bytes_as_floats(arrays: Mapping[str, Any]) -> int:
    """Bytes of a sample's inputs once they are floats."""
    return 4 * sum(int(np.prod(arrays[name].shape)) for name in ("image", "audio") if name in arrays)


# Passes without gradients

_limits: weakref.WeakKeyDictionary[Any, dict[Any, int]] = weakref.WeakKeyDictionary()


def in_passes(
    network: Any,
    rows: Sequence[Arrays],
    run: Callable[[Sequence[Arrays]], Result],
    device: torch.device | str,
    most: int | None = None,
) -> Iterator[Result]:
    """`run(part)` over all rows, in parts that fit into memory and whose rows have one shape.

    rows   a a a a a b b   at most 2 at once   ──▶   aa aa a bb
    """
    for stretch in of_one_shape(rows, len(rows)):
        start = stretch.start
        while start < stretch.stop:
            limit = rows_at_once(network, rows[start : stretch.stop], run, device, most)
            end = min(start + limit, stretch.stop)
            try:
                result = run(rows[start:end])
            except (RuntimeError, MemoryError) as error:
                if not out_of_memory(error) or end - start == 1:
                    raise
            else:
                yield result
                start = end
                continue
            # Only here, outside of `except`: the error holds on to what the pass had made.
            fewer = (end - start + 1) // 2
            _limits[network][_key(rows[start], device, most)] = fewer
            give_back(torch.device(device))
            log.warning("out of memory: %d at once from here on", fewer)


def rows_at_once(
    network: Any,
    rows: Sequence[Arrays],
    run: Callable[[Sequence[Arrays]], Any],
    device: torch.device | str,
    most: int | None = None,
) -> int:
    """How many rows like the first go at once; measured on it the first time that a network sees such
    rows."""
    place, known = torch.device(device), _limits.setdefault(network, {})
    key = _key(rows[0], device, most)
    if key in known:
        return known[key]
    most = MOST_ROWS.get(place.type, 16) if most is None else most
    if len(rows) == 1:
        return 1
    budget = scoring_budget(place)
    if min(most, len(rows)) * bytes_as_floats(rows[0]) * PLENTY_SCORING <= budget:
        return most
    each = max(1, peak_bytes(lambda: run(rows[:1])))
    known[key] = max(1, min(most, budget // each))
    return known[key]


def _key(row: Arrays, device: torch.device | str, most: int | None) -> Any:
    return shape_of(row), str(device), most


def halved(run: Callable[[torch.Tensor], Result], x: torch.Tensor, device: torch.device) -> list[Result]:
    """`run` of all rows of `x`, in halves of halves where memory runs out."""
    try:
        return [run(x)]
    except (RuntimeError, MemoryError) as error:
        if not out_of_memory(error) or len(x) == 1:
            raise
    give_back(device)
    middle = len(x) // 2
    log.warning("out of memory: %d rows go one half after the other", len(x))
    return halved(run, x[:middle], device) + halved(run, x[middle:], device)
