"""The one way from a prepared file through the network to its scores. Evaluation and detection both use it."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, NamedTuple

import numpy as np
import torch

from core.media.recipe import Recipe
from core.training.process.memory import in_passes
from core.training.reading.inputs import Arrays, Pieces, pieces_of
from core.training.reading.tensors import batch_of
from core.training.scoring.aggregation import Scored, aggregate_units

Autocast = Callable[[], AbstractContextManager[Any]]


def score_prepared(
    network: torch.nn.Module,
    card: Any,
    prepared: Any,
    recipe: Recipe,
    device: torch.device | str = "cpu",
    *,
    text: str | None = None,
    metadata: Mapping[str, Any] | None = None,
) -> Scored:
    """Raw P(fake) of every unit of a prepared file and of the whole sample."""
    cut = pieces_of(prepared, recipe, text=text, metadata=metadata)
    return next(score_many(network, card, [cut], recipe, device))


def score_many(
    network: torch.nn.Module,
    card: Any,
    samples: Sequence[Pieces],
    recipe: Recipe,
    device: torch.device | str = "cpu",
    autocast: Autocast = contextlib.nullcontext,
) -> Iterator[Scored]:
    """The same for several samples, whose pieces share forward passes."""
    rows = [piece.arrays for sample in samples for piece in sample.pieces]
    found = run_network(network, card, rows, recipe, device, autocast)
    start = 0
    for sample in samples:
        own = slice(start, start + len(sample.pieces))
        yield aggregate_units(sample, found.logits[own], found.unit_logits[own], recipe)
        start = own.stop


class Rows(NamedTuple):
    """What one walk through the network gives of every row."""

    logits: list[float]  # of fake against real
    unit_logits: list[np.ndarray | None]  # of its parts, where the network gives them
    embeddings: list[np.ndarray]  # what its head sees


@torch.no_grad()
def run_network(
    network: torch.nn.Module,
    card: Any,
    rows: Sequence[Arrays],
    recipe: Recipe,
    device: torch.device | str,
    autocast: Autocast = contextlib.nullcontext,
) -> Rows:
    def run(part: Sequence[Arrays]) -> tuple[torch.Tensor, torch.Tensor | None, torch.Tensor]:
        inputs, mask = batch_of(part, recipe, card, device, network)
        with autocast():
            output = network(inputs, mask, details=True)
        units = output.unit_logits
        return (
            margin_on_device(output.logits),
            None if units is None else margin_on_device(units),
            output.embedding.detach(),
        )

    was_training = network.training
    if was_training:  # walking through all modules takes longer than a small network's pass
        network.eval()
    found = Rows([], [], [])
    try:
        for whole, parts, embeddings in in_passes(network, rows, run, device):
            found.logits.extend(whole.tolist())
            found.unit_logits.extend([None] * len(whole) if parts is None else parts.cpu().numpy())
            found.embeddings.extend(embeddings.float().cpu().numpy())
    finally:
        if was_training:
            network.train()
    return found


def margin_on_device(logits: torch.Tensor) -> torch.Tensor:
    """How much fake is ahead of real, where the logits are, in double precision."""
    logits = logits.detach().double()
    return logits[..., 1] - logits[..., 0]


def margin(logits: torch.Tensor) -> torch.Tensor:
    """The same on the CPU."""
    return margin_on_device(logits).cpu()
