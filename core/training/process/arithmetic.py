"""What the device computes in, and how: precision, TF32, layout of pictures, repeatable algorithms."""

from __future__ import annotations

import contextlib
import logging
import os
from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import partial
from typing import Any

import torch
from torch import nn

from core.training.options.choices import AUTO
from core.training.options.config import TrainConfig

log = logging.getLogger(__name__)

PRECISIONS = {"bf16": torch.bfloat16, "fp16": torch.float16}
BF16_SINCE = (8, 0)  # compute capability of Ampere, the first with tensor cores for bf16
FP16_SINCE = (7, 0)  # Volta, the first with tensor cores at all
WORKSPACE = "CUBLAS_WORKSPACE_CONFIG"  # cuBLAS repeats itself only with a fixed one


def precision_for(asked: str, device: torch.device) -> str:
    """`auto` as this device has it.    A100, H100: bf16    V100, T4: fp16    older cards, CPU: fp32"""
    if asked != AUTO:
        return asked
    if device.type != "cuda":
        return "fp32"
    capability = torch.cuda.get_device_capability(device)
    return "bf16" if capability >= BF16_SINCE else "fp16" if capability >= FP16_SINCE else "fp32"


def autocast_for(precision: str, device: torch.device) -> Callable[[], AbstractContextManager[Any]]:
    if precision == "fp32":
        return contextlib.nullcontext
    return partial(torch.autocast, device.type, dtype=PRECISIONS[precision])


def on_device(network: nn.Module, device: torch.device) -> nn.Module:
    """The network there; on a GPU convolutions see pictures with their channels last, as its kernels do."""
    if device.type == "cuda" and any(isinstance(m, nn.Conv2d) for m in network.modules()):
        return network.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload, no-any-return]
    return network.to(device)


def settle_algorithms(config: TrainConfig, device: torch.device) -> None:
    """Before the first pass. On a CPU every algorithm repeats itself; on a GPU those that do are slower.

    Single precision may use TF32, which has the range of fp32 and the digits of fp16, unless runs shall repeat.
    """
    if device.type != "cuda":
        torch.use_deterministic_algorithms(True, warn_only=True)
        return
    torch.set_float32_matmul_precision("highest" if config.deterministic else "high")
    torch.backends.cudnn.allow_tf32 = not config.deterministic
    torch.backends.cudnn.benchmark = False
    torch.backends.cudnn.deterministic = config.deterministic
    # Whatever this run wants: PyTorch looks at it once a process, and a later run here may want to be repeated.
    os.environ.setdefault(WORKSPACE, ":4096:8")
    torch.use_deterministic_algorithms(config.deterministic)


def about_repeating(config: TrainConfig, device: torch.device) -> str:
    """What the run says of its seed."""
    if device.type != "cuda":
        return "on a CPU the same seed gives the same run" if config.deterministic else ""
    if config.deterministic:
        return "deterministic: the same seed gives the same run on this kind of GPU"
    return (
        "on a GPU the seed does not fix the result: two runs of this configuration differ in their last digits and "
        "drift apart; deterministic: true makes them repeat"
    )
