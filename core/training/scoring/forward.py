"""The one way from a prepared file through the network to its scores. Evaluation and detection both use it."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any

import numpy as np
import torch

from core.media.recipe import Recipe
from core.training.process.memory import in_passes, is_probe
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
    piece_logits, unit_logits = run_network(network, card, rows, recipe, device, autocast)
    start = 0
    for sample in samples:
        end = start + len(sample.pieces)
        yield aggregate_units(sample, piece_logits[start:end], unit_logits[start:end], recipe)
        start = end


@torch.no_grad()
def run_network(
    network: torch.nn.Module,
    card: Any,
    rows: Sequence[Arrays],
    recipe: Recipe,
    device: torch.device | str,
    autocast: Autocast = contextlib.nullcontext,
) -> tuple[list[float], list[np.ndarray | None]]:
    """Of every row the logit of fake against real; and of its parts, where the network gives them."""

    def run(part: Sequence[Arrays]) -> tuple[torch.Tensor, torch.Tensor | None]:
        inputs, mask = batch_of(part, recipe, card, device, network)
        with autocast():
            output = network(inputs, mask, details=True)
        units = output.unit_logits
        return ahead(output.logits), None if units is None else ahead(units)

    was_training = network.training
    if was_training:  # walking through all modules takes longer than a small network's pass
        network.eval()
    piece_logits: list[float] = []
    unit_logits: list[np.ndarray | None] = []
    try:
        for whole, parts in in_passes(network, rows, run, device):
            piece_logits += whole.tolist()
            unit_logits += [None] * len(whole) if parts is None else list(parts.cpu().numpy())
    finally:
        if was_training:
            network.train()
    return piece_logits, unit_logits


@torch.no_grad()
def mean_embedding(
    network: torch.nn.Module, card: Any, cut: Pieces, recipe: Recipe, device: torch.device | str
) -> np.ndarray:
    """Of a sample, over its pieces: where it lies among what the network knows."""

    def run(part: Sequence[Arrays]) -> np.ndarray:
        inputs, mask = batch_of(part, recipe, card, device, network)
        return network.embed(inputs, mask).float().cpu().numpy()  # type: ignore[operator, no-any-return]

    found = list(in_passes(network, [piece.arrays for piece in cut.pieces], run, device))
    return np.concatenate(found).mean(axis=0)


@contextlib.contextmanager
def head_inputs(network: torch.nn.Module) -> Iterator[list[np.ndarray]]:
    """What reaches the head while the network runs: embeddings of pieces, without a second pass.

    The head also sees single units, with one dimension more; those are left out.
    """
    seen: list[np.ndarray] = []

    def keep(_head: torch.nn.Module, given: tuple[Any, ...]) -> None:
        if not is_probe() and given and isinstance(given[0], torch.Tensor) and given[0].ndim == 2:
            seen.append(given[0].detach().float().cpu().numpy())

    handle = network.head.register_forward_pre_hook(keep)  # type: ignore[union-attr]
    try:
        yield seen
    finally:
        handle.remove()


def ahead(logits: torch.Tensor) -> torch.Tensor:
    """How much fake is ahead of real, where the logits are, in double precision."""
    logits = logits.detach().double()
    return logits[..., 1] - logits[..., 0]


def margin(logits: torch.Tensor) -> torch.Tensor:
    """The same on the CPU."""
    return ahead(logits).cpu()
