"""The protocol of explanations, and the view of a network that they work on."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from torch import nn

FAKE = 1  # the column of the logits that is explained


@dataclass(frozen=True)
class View:
    """A network seen from one input: `forward(inputs)` gives logits (n, 2), one row a scored thing.

    The inputs are pictures (units, 3, H, W) or windows of sound (units, samples); a network over a whole clip
    gives one row for all its frames.
    """

    network: nn.Module
    forward: Callable[[torch.Tensor], torch.Tensor]
    layer: nn.Module | None = None  # whose activations a class activation map weighs
    picture_size: tuple[int, int] | None = None  # height, width of the map; None: that of the inputs


@dataclass(frozen=True)
class Attribution:
    """Maps in 0..1: (units, H, W) over pictures, (units, bins) over time; and the weight of each unit."""

    maps: np.ndarray
    strengths: np.ndarray  # (units,), before each map was scaled to 0..1: comparable across units
    raw: np.ndarray | None = None  # signed, unscaled, where the method has it
    scores: np.ndarray | None = None  # P(fake) of each row, where the method's own pass gave it


class Explainer(Protocol):
    """What a method is: a name, words, what it works on, and the computation."""

    name: str
    title: str
    about: str
    over: str  # picture | time

    def __call__(self, view: View, inputs: torch.Tensor) -> Attribution: ...


@contextlib.contextmanager
def backward_through_recurrence(network: nn.Module) -> Iterator[None]:
    """cuDNN differentiates recurrent layers only in training mode; PyTorch's own do it in evaluation mode
    too."""
    parameter = next(network.parameters(), None)
    on_gpu = parameter is not None and parameter.is_cuda
    if on_gpu and any(isinstance(part, nn.RNNBase) for part in network.modules()):
        with torch.backends.cudnn.flags(enabled=False):
            yield
    else:
        yield


def clear_gradients(network: nn.Module) -> None:
    network.zero_grad(set_to_none=True)


def scaled(maps: np.ndarray) -> np.ndarray:
    """Each map to 0..1, nothing where nothing speaks for fake."""
    positive = np.maximum(np.asarray(maps, np.float32), 0.0)
    top = positive.reshape(len(positive), -1).max(axis=1)
    top = np.where(top > 0, top, 1.0)
    return positive / top.reshape(-1, *([1] * (positive.ndim - 1)))
