"""A GPU where there is none: tensors that say they lie on cuda:0, while their values lie on the CPU.

    picture.to("cuda") ──▶ says cuda:0 ──┐
    weights.to("cuda") ──▶ says cuda:0 ──┴─▶ computed on the CPU ──▶ says cuda:0
    weights on the CPU ────────────────────▶ RuntimeError, as on a real card

Every question that a real card would have to be waited for is noted. What only a card's own kernels do (their memory,
their digits, whether they repeat themselves) is not seen here.
"""

from __future__ import annotations

import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves, tree_map

aten: Any = torch.ops.aten
CARD = torch.device("cuda", 0)
MEMORY = 8 << 30  # bytes that it says it has
COPIES = (aten._to_copy.default, aten.copy_.default)
# What takes indices, lengths or numbers from the CPU beside tensors on a card.
TAKE_FROM_CPU = {"index", "index_put", "index_put_", "_pack_padded_sequence", "lift_fresh", "set_"}
# What gives a tensor another shape in place.
TURN = {"transpose_", "squeeze_", "unsqueeze_", "t_", "swapaxes_", "as_strided_"}
# What the CPU must wait for: its result has a size or a value that only the card knows.
ASK = {
    "_local_scalar_dense",
    "nonzero",
    "masked_select",
    "equal",
    "unique_dim",
    "_unique2",
    "_linalg_check_errors",
}


class OnCard(torch.Tensor):
    """Its values are `held`, on the CPU."""

    held: torch.Tensor
    device = CARD  # type: ignore[assignment]
    is_cuda = True  # type: ignore[assignment]
    is_cpu = is_meta = False  # type: ignore[assignment]
    __torch_function__ = torch._C._disabled_torch_function_impl

    @staticmethod
    def __new__(cls, held: torch.Tensor) -> OnCard:
        shape = torch.empty_strided(held.size(), held.stride(), dtype=held.dtype, device="meta")
        made: OnCard = torch.Tensor._make_subclass(cls, shape, False, device_for_backend_keys=CARD)  # type: ignore[assignment]
        made.held = held
        return made

    def to(self, *args: Any, **kwargs: Any) -> Any:
        """What is there already stays: the same tensor."""
        copy = kwargs.pop("copy", False)
        device, kind, non_blocking, layout = torch._C._nn._parse_to(*args, **kwargs)
        there = device is None or device.type == "cuda"
        if there and not copy and kind in (None, self.dtype) and layout is None:
            return self
        wanted = {} if layout is None else {"memory_format": layout}
        place = CARD if there else device
        return super().to(place, kind or self.dtype, non_blocking, True, **wanted)

    def cuda(self, *args: Any, **kwargs: Any) -> Any:
        return self

    def cpu(self, *args: Any, **kwargs: Any) -> Any:
        return self.to("cpu")

    def numpy(self, **_: Any) -> Any:
        raise TypeError("can't convert cuda:0 device type tensor to numpy")

    def tolist(self) -> Any:
        return self.cpu().tolist()

    def __repr__(self, **_: Any) -> str:  # type: ignore[override]
        return f"on the card: {self.held}"

    def __reduce_ex__(self, protocol: Any) -> Any:
        return self.held.detach().__reduce_ex__(protocol)  # as a file has it that is opened without a card

    @classmethod
    def __torch_dispatch__(cls, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        raise AssertionError(f"{func} outside of the stand-in card")


@dataclass
class Card(TorchDispatchMode):
    """`asked`: the places in our code at which the card would have been waited for, since it was last cleared."""

    asked: list[str] = field(default_factory=list)
    operations: set[str] = field(default_factory=set)
    generators: list[Any] = field(default_factory=list)  # of random numbers on the card

    def __post_init__(self) -> None:
        super().__init__()
        self._mode_key = torch._C._TorchDispatchModeKey.FAKE  # else torch looks for a driver first

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = dict(kwargs or {})
        leaves = tree_leaves((args, kwargs))
        there = [x for x in leaves if isinstance(x, OnCard)]
        here = [x for x in leaves if isinstance(x, torch.Tensor) and not isinstance(x, OnCard)]
        wanted = None if kwargs.get("device") is None else torch.device(kwargs["device"]).type
        name = func.overloadpacket.__name__
        if name in ("pin_memory", "_pin_memory"):
            if there:
                raise RuntimeError("cannot pin 'torch.cuda.FloatTensor': only CPU tensors can be pinned")
            return args[0]
        if not there and wanted not in ("cuda", "meta"):
            return func(*args, **kwargs)
        self.operations.add(name)
        self._check(func, name, there, here, args, kwargs)
        if wanted is not None:
            kwargs["device"] = torch.device("cpu")
        if name == "_fused_sdp_choice":
            return 0  # the plain way, which the CPU has too
        known = {id(x.held): x for x in there}
        kwargs.pop("pin_memory", None)
        found = func(*tree_map(_held, args), **tree_map(_held, kwargs))
        if wanted == "cpu" or (func is COPIES[1] and not isinstance(args[0], OnCard)):
            return args[0] if func is COPIES[1] else found
        if name in TURN:
            with torch._C._DisableTorchDispatch():
                func(*args, **kwargs)  # the shape that it shows
        if name == "_pack_padded_sequence":
            return _wrapped(found[0]), found[1]  # how long the rows are stays on the CPU
        return tree_map(lambda x: known[id(x)] if id(x) in known else _wrapped(x), found)

    def _check(
        self, func: Any, name: str, there: list[Any], here: list[torch.Tensor], args: Any, kwargs: Any
    ) -> None:
        generator = kwargs.get("generator")
        if generator is not None and generator._cdata not in {g._cdata for g in self.generators}:
            raise RuntimeError("Expected a 'cuda' device type for generator but found 'cpu'")
        if func in COPIES:
            crosses = bool(here) or torch.device(kwargs.get("device") or CARD).type == "cpu"
            quiet = kwargs.get("non_blocking") or (func is COPIES[1] and len(args) > 2 and args[2])
            down = isinstance(args[1] if func is COPIES[1] else args[0], OnCard)
            if crosses and (down or not quiet):
                self._note(name)
            return
        strangers = [x for x in here if x.ndim]
        if there and strangers and name not in TAKE_FROM_CPU:
            raise RuntimeError(f"Expected all tensors to be on the same device ({name}: cuda:0 and cpu)")
        masks = name.startswith("index") and any(
            isinstance(x, torch.Tensor) and x.dtype is torch.bool for x in tree_leaves(args[1])
        )
        if name in ASK or masks or (strangers and name.startswith("index")):
            self._note(name)

    def _note(self, name: str) -> None:
        frames = [f for f in traceback.extract_stack() if "/core/" in f.filename or "/models/" in f.filename]
        own = [f for f in frames if "site-packages" not in f.filename]
        place = f"{own[-1].filename.rsplit('/', 1)[-1]}: {own[-1].name}" if own else "?"
        self.asked.append(f"{place} ({name})")


def _held(value: Any) -> Any:
    return value.held if isinstance(value, OnCard) else value


def _wrapped(value: Any) -> Any:
    return OnCard(value) if isinstance(value, torch.Tensor) else value


def _generator_for(card: Card) -> type:
    class Generator(torch._C.Generator):
        def __new__(cls, device: Any = "cpu") -> Any:
            made = torch._C.Generator.__new__(torch._C.Generator)
            if torch.device(device).type == "cuda":
                card.generators.append(made)
            return made

    return Generator


@contextmanager
def stand_in_card() -> Iterator[Card]:
    """Inside, torch says that there is a card, and tensors can be moved there."""
    if torch.cuda.is_available():
        pytest.skip("there is a real card here, which shows more")
    there: dict[str, Any] = {
        "is_available": lambda: True,
        "device_count": lambda: 1,
        "current_device": lambda: 0,
        "is_bf16_supported": lambda *args: True,
        "mem_get_info": lambda device=None: (MEMORY, MEMORY),
        "get_device_capability": lambda device=None: (9, 0),
        "get_device_name": lambda device=None: "stand-in card",
        "get_device_properties": lambda device=None: SimpleNamespace(total_memory=MEMORY, uuid="none"),
    }
    for name in (
        "memory_reserved",
        "memory_allocated",
        "max_memory_reserved",
        "empty_cache",
        "synchronize",
        "set_device",
    ):
        there[name] = lambda *args: 0
    lifted = torch._C._only_lift_cpu_tensors()
    algorithms = torch.are_deterministic_algorithms_enabled(), torch.get_float32_matmul_precision()
    cudnn = torch.backends.cudnn
    torch._C._ensureCUDADeviceGuardSet()
    torch._C._set_only_lift_cpu_tensors(True)
    torch.__future__.set_overwrite_module_params_on_conversion(True)
    with pytest.MonkeyPatch.context() as patch, cudnn.flags(), Card() as card:
        for name, value in there.items():
            patch.setattr(torch.cuda, name, value)
        # A network that is made on the meta device has memory here, and a run of the same process that asked for
        # repeatable arithmetic would have filled it with NaN.
        patch.setattr(torch.utils.deterministic, "fill_uninitialized_memory", False)
        patch.setattr(torch, "Generator", _generator_for(card))
        try:
            yield card
        finally:
            torch._C._set_only_lift_cpu_tensors(lifted)
            torch.__future__.set_overwrite_module_params_on_conversion(False)
            torch.use_deterministic_algorithms(algorithms[0], warn_only=True)
            torch.set_float32_matmul_precision(algorithms[1])
