"""timm, imported without torch's compiler.

timm imports torchvision, one of whose detection operators asks torch's compiler which devices it knows, and timm tells
the compiler at once which of its functions to leave alone. No network here needs either, and the compiler takes as long
to import as torch itself:

    timm ─▶ torchvision ─▶ roi_align ─▶ torch._dynamo ─▶ sympy, triton, torch.distributed …
    timm ─▶ torch.compiler.disable   ─▶ torch._dynamo

So both ask later: the operator when it is compiled, the function when it is called.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from types import ModuleType
from typing import Any

import torch
from torch._compile import _disable_dynamo

COMPILER = "torch._dynamo.utils"


@cache
def load() -> ModuleType:
    """The module `timm`."""
    with compiler_later():
        return importlib.import_module("timm")


@contextmanager
def compiler_later() -> Iterator[None]:
    """What is imported inside gets torch's compiler when it first uses it."""
    if COMPILER in sys.modules:
        yield
        return
    at_once = torch.compiler.disable
    sys.modules[COMPILER] = _StandIn(COMPILER)
    torch.compiler.disable = _disable_dynamo  # torch's own, which imports the compiler at the first call
    try:
        yield
    finally:
        torch.compiler.disable = at_once
        _StandIn.step_aside()


class _StandIn(ModuleType):
    """Answers for torch._dynamo.utils until somebody wants anything of it, also in another thread."""

    @staticmethod
    def step_aside() -> None:
        if isinstance(sys.modules.get(COMPILER), _StandIn):
            del sys.modules[COMPILER]

    @staticmethod
    def is_compile_supported(device_type: str) -> bool:
        return bool(_StandIn.compiler().is_compile_supported(device_type))

    @staticmethod
    def compiler() -> ModuleType:
        _StandIn.step_aside()
        return importlib.import_module(COMPILER)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):  # of the import system, which looks at every module
            raise AttributeError(name)
        return getattr(_StandIn.compiler(), name)
