"""The shape that every network has: encoder, aggregation, head; and the pieces they share."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from functools import cache
from types import MappingProxyType
from typing import Any, Self

import torch
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

from models.cards import Output
from models.presence import known, places


class ThreeParts(nn.Module, ABC):
    """Encoder, aggregation and head, and which of them can come pre-trained."""

    encoder: nn.Module
    aggregation: nn.Module
    head: nn.Module
    backbones: tuple[str, ...] = ("encoder",)  # dotted names of the parts that can come pre-trained
    pretrained: bool = False
    cam_layer: str = ""  # where it depends on an option; else the card's
    card_changes: Mapping[str, Any] = MappingProxyType({})  # fields of the card that an option changes

    def train(self, mode: bool = True) -> Self:
        """Frozen parts stay in evaluation mode: their running statistics and dropout are frozen too."""
        super().train(mode)
        if mode:
            for name in self.backbones:
                keep_frozen_parts_still(self.get_submodule(name))
        return self


class Network(ThreeParts):
    """Encoder over units, aggregation over a sample's units, head over the sample's embedding.

    A subclass sets `encoder`, `aggregation` and `head`, and says in `encode` how its inputs become units.
    """

    @abstractmethod
    def encode(self, inputs: torch.Tensor, mask: torch.Tensor | None) -> torch.Tensor:
        """The units of each sample, (batch, units, width)."""

    def forward(
        self, inputs: torch.Tensor, mask: torch.Tensor | None = None, *, details: bool = False
    ) -> torch.Tensor | Output:
        embedding, units = self.aggregate(inputs, mask)
        logits = self.head(embedding)
        if not details:
            return logits
        unit_logits = self.head(units.flatten(0, 1)).unflatten(0, units.shape[:2])
        return Output(logits, embedding, unit_logits)

    def embed(self, inputs: torch.Tensor, mask: torch.Tensor | None = None) -> torch.Tensor:
        return self.aggregate(inputs, mask)[0]

    def aggregate(self, inputs: torch.Tensor, mask: torch.Tensor | None) -> tuple[torch.Tensor, torch.Tensor]:
        """The sample's embedding (batch, width) and its units (batch, units, width).

        A mask of samples of sound, (batch, samples), silences what is absent; a mask of frames goes on.
        """
        if inputs.ndim == 2 and mask is not None:
            inputs, mask = inputs.masked_fill(~mask, 0.0), None
        return self.aggregation(self.encode(inputs, mask), mask)


def keep_frozen_parts_still(part: nn.Module) -> None:
    parameters = list(part.parameters())
    if parameters and not any(p.requires_grad for p in parameters):
        part.eval()
    for module in part.modules():
        if isinstance(module, _BatchNorm) and module.weight is not None and not module.weight.requires_grad:
            module.eval()


class Average(nn.Module):
    """The mean of the units that are present."""

    def forward(
        self, units: torch.Tensor, mask: torch.Tensor | None = None
    ) -> tuple[torch.Tensor, torch.Tensor]:
        if mask is None:
            return units.mean(1), units
        share = mask.to(units.dtype).unsqueeze(-1)  # (batch, units, 1)
        present = units.masked_fill(share == 0, 0.0)  # also where a masked unit is not finite
        return present.sum(1) / share.sum(1).clamp(min=1), units


class Attention(nn.Module):
    """The mean of the present units, weighted by a small network that looks at each."""

    def __init__(self, width: int, hidden: int = 128) -> None:
        super().__init__()
        self.score = nn.Sequential(nn.Linear(width, hidden), nn.Tanh(), nn.Linear(hidden, 1))

    def forward(
        self, units: torch.Tensor, mask: torch.Tensor | None = None
    ) -> tuple[torch.Tensor, torch.Tensor]:
        score = self.score(units).float()  # (batch, units, 1)
        if mask is not None:
            score = score.masked_fill(~mask.unsqueeze(-1), -1e4)
            units = units.masked_fill(~mask.unsqueeze(-1), 0.0)
        return (score.softmax(1).to(units.dtype) * units).sum(1), units


class Recurrent(nn.Module):
    """A bidirectional LSTM over the units; its outputs are averaged over those that are present."""

    def __init__(self, width: int, hidden: int = 128, layers: int = 2, dropout: float = 0.0) -> None:
        super().__init__()
        self.lstm = nn.LSTM(
            width, hidden, layers, batch_first=True, bidirectional=True, dropout=dropout if layers > 1 else 0
        )
        self.average = Average()

    def forward(
        self, units: torch.Tensor, mask: torch.Tensor | None = None
    ) -> tuple[torch.Tensor, torch.Tensor]:
        if mask is None or bool(known(mask).all()):
            return self.average(self._run(units))
        # Present units move to the front, in their order, so that an absent one leaves no gap in time.
        order = (~mask).long().argsort(dim=1, stable=True).unsqueeze(-1)
        moved = self._run_each(
            units.masked_fill(~mask.unsqueeze(-1), 0.0).gather(1, order.expand_as(units)),
            known(mask).sum(1).clamp(min=1).cpu(),
        )
        outputs = torch.zeros_like(moved).scatter(1, order.expand_as(moved), moved)
        return self.average(outputs, mask)

    def _run_each(self, units: torch.Tensor, lengths: torch.Tensor) -> torch.Tensor:
        """Over the first `lengths` units of each row, zero behind them. The longest first, as packing wants it: left to
        sort them itself it waits for the device."""
        lengths, longest_first = lengths.sort(descending=True)
        back = longest_first.argsort().to(units.device, non_blocking=True)
        rows = units.index_select(0, longest_first.to(units.device, non_blocking=True))
        packed = nn.utils.rnn.pack_padded_sequence(rows, lengths, batch_first=True)
        found, _ = nn.utils.rnn.pad_packed_sequence(
            self._run(packed), batch_first=True, total_length=units.shape[1]
        )
        return found.index_select(0, back)

    def _run(self, sequence: torch.Tensor | nn.utils.rnn.PackedSequence) -> torch.Tensor:
        # cuDNN gives no gradients for recurrent layers in evaluation mode; Grad-CAM needs them.
        if not self.training and torch.is_grad_enabled() and next(self.lstm.parameters()).is_cuda:
            with torch.backends.cudnn.flags(enabled=False):
                return self.lstm(sequence)[0]
        return self.lstm(sequence)[0]


def over_frames(
    encoder: Callable[[torch.Tensor], torch.Tensor],
    frames: torch.Tensor,
    mask: torch.Tensor | None,
    width: int,
) -> torch.Tensor:
    """Run a picture encoder over the frames that are present: (batch, frames, 3, H, W) -> (batch, frames, width).

    Absent frames never enter it, so they touch neither the result nor batch statistics.
    """
    batch, count = frames.shape[:2]
    flat = frames.flatten(0, 1)
    if mask is None or bool(known(mask).all()):
        return encoder(flat).unflatten(0, (batch, count))
    there = places(mask)
    if not len(there):
        return frames.new_zeros(batch, count, width)
    encoded = encoder(flat[there])
    units = encoded.new_zeros(batch * count, width)
    units[there] = encoded
    return units.unflatten(0, (batch, count))


@cache
def _guard(kind: type[_BatchNorm]) -> type[_BatchNorm]:
    class Guarded(kind):  # type: ignore[misc, valid-type]
        """Batch norm that uses its running statistics where a channel has a single value (batch of one)."""

        training: bool

        def forward(self, input: torch.Tensor) -> torch.Tensor:
            if self.training and input.numel() == input.shape[1] and self.running_mean is not None:
                self.training = False
                try:
                    return super().forward(input)
                finally:
                    self.training = True
            return super().forward(input)

    Guarded.__name__ = kind.__name__
    return Guarded


def protect_batch_norm(net: nn.Module) -> None:
    """Make training with one sample work everywhere in the network; state dicts are not touched."""
    for module in net.modules():
        if isinstance(module, _BatchNorm) and "Guarded" not in type(module).__qualname__:
            kind: Any = type(module)
            module.__class__ = _guard(kind)
