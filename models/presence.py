"""Which frames, samples and modalities of a batch are there: a mask on the device that the CPU still knows.

A network that must know how many are there would wait for the card to tell. Nobody waits where the mask was sent with
`send`; of any other mask on a card its values are asked for.
"""

from __future__ import annotations

from collections.abc import Callable

import torch


def send(mask: torch.Tensor, device: torch.device | str) -> torch.Tensor:
    """The mask there, with what it says kept here."""
    return tie(mask.to(device, non_blocking=True), mask)


def tie(mask: torch.Tensor, known: torch.Tensor) -> torch.Tensor:
    """The mask, of which the CPU knows that it says `known`."""
    if mask is not known:
        mask.known = known  # type: ignore[attr-defined]
    return mask


def apply(work: Callable[..., torch.Tensor], *masks: torch.Tensor) -> torch.Tensor:
    """`work` of masks, known here where all of them are."""
    told = [known(mask) for mask in masks]
    result = work(*masks)
    return result if any(a is b for a, b in zip(masks, told, strict=True)) else tie(result, work(*told))


def known(mask: torch.Tensor) -> torch.Tensor:
    """What it says, on the CPU where that is known there."""
    found: torch.Tensor = getattr(mask, "known", mask)
    return found


def places(mask: torch.Tensor) -> torch.Tensor:
    """Where it is true, counted through all its axes, on its device: [[1, 0], [0, 1]] -> [0, 3]"""
    return known(mask).flatten().nonzero().squeeze(1).to(mask.device, non_blocking=True)
