"""The slots of this machine: one a GPU, one for the CPU. Found without torch, which a server never
imports."""

from __future__ import annotations

import functools
import os
from collections.abc import Mapping
from typing import Any

CPU = "cpu"


@functools.cache
def slots() -> tuple[str, ...]:
    """The names of all slots: cuda:0, cuda:1, …, cpu."""
    return (*(f"cuda:{index}" for index in range(_gpus())), CPU)


def _gpus() -> int:
    import pynvml

    try:
        pynvml.nvmlInit()
        found = int(pynvml.nvmlDeviceGetCount())
        pynvml.nvmlShutdown()
    except pynvml.NVMLError:  # no driver here
        return 0
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    return found if visible is None else min(found, len([v for v in visible.split(",") if v.strip()]))


def resolve_device(named: str | None) -> str:
    """The device that was asked for; `auto` is a GPU where there is one."""
    if named in (None, "", "auto") or named not in ("cuda", *slots()):
        return "cuda" if slots()[0] != CPU else CPU
    return str(named)


def processes(config: Mapping[str, Any]) -> int:
    """How many processes train together: the `devices` of the configuration."""
    given = config.get("devices")
    return max(1, given) if isinstance(given, int) else 1


def choose(named: str | None, count: int, busy: set[str]) -> tuple[str, ...] | None:
    """Free slots for a run, or None: it waits. Several processes on the CPU share its one slot."""
    named = resolve_device(named)
    if named == CPU:
        return None if CPU in busy else (CPU,)
    free = [slot for slot in slots() if slot != CPU and slot not in busy]
    if named != "cuda" and count == 1:
        return (named,) if named in free else None
    return tuple(free[:count]) if len(free) >= count else None


def environment(slots_taken: tuple[str, ...]) -> dict[str, str]:
    """What makes a worker see exactly its slots."""
    gpus = [slot.removeprefix("cuda:") for slot in slots_taken if slot != CPU]
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    if visible is not None and gpus:
        names = [v.strip() for v in visible.split(",") if v.strip()]
        gpus = [names[int(g)] for g in gpus]
    return {"CUDA_VISIBLE_DEVICES": ",".join(gpus)}
