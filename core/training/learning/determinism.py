"""What it costs that a run on a GPU can be repeated."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

import torch

TIMES = 3


def cost_of_repeating(rehearse: Callable[[], None], device: torch.device) -> float:
    """How many times as long a pass takes with algorithms that repeat themselves, as they are set now."""
    slow = _seconds(rehearse, device)
    torch.use_deterministic_algorithms(False)
    torch.backends.cudnn.deterministic = False
    try:
        quick = _seconds(rehearse, device)
    finally:
        torch.use_deterministic_algorithms(True)
        torch.backends.cudnn.deterministic = True
    return slow / quick


def _seconds(rehearse: Callable[[], None], device: torch.device) -> float:
    rehearse()
    took = []
    for _ in range(TIMES):
        _wait(device)
        began = time.perf_counter()
        rehearse()
        _wait(device)
        took.append(time.perf_counter() - began)
    return statistics.median(took)


def _wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)
