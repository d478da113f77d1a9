"""Arrays of pieces become batches of tensors as a network takes them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import torch

from core.media.recipe import Recipe
from core.training.reading.device_changes import change_pictures
from core.training.reading.inputs import Arrays
from models import presence


def batch_of(
    arrays: Sequence[Arrays], recipe: Recipe, card: Any, device: torch.device | str, network: torch.nn.Module
) -> tuple[Any, Any]:
    """`(inputs, mask)` as the network takes them, from the arrays of pieces."""
    return to_network(stack(arrays), recipe, card, device, network)


def of_one_shape(rows: Sequence[Arrays], most: int) -> Iterator[slice]:
    """Stretches of at most `most` rows that can be stacked: what is seen whole differs in size from file to
    file."""
    start = 0
    while start < len(rows):
        shape = shape_of(rows[start])
        end = start + 1
        while end < min(start + most, len(rows)) and shape_of(rows[end]) == shape:
            end += 1
        yield slice(start, end)
        start = end


def shape_of(arrays: Arrays) -> tuple[tuple[int, ...], ...]:
    return tuple(arrays[name].shape for name in ("image", "audio") if name in arrays)


def stack(arrays: Sequence[Arrays]) -> dict[str, Any]:
    """One array a name, still small (pictures as bytes), so that it travels cheaply between processes."""
    stacked: dict[str, Any] = {}
    for name in arrays[0]:
        values = [a[name] for a in arrays]
        if name in ("text", "metadata"):
            stacked[name] = [str(v) for v in values]
        else:
            stacked[name] = torch.from_numpy(np.stack(values))
    return stacked


def to_network(
    stacked: dict[str, Any], recipe: Recipe, card: Any, device: torch.device | str, network: torch.nn.Module
) -> tuple[Any, Any]:
    """Pictures normalised with the card's mean and deviation, channels first; everything on the device.

    A multimodal network turns texts and metadata into tensors itself; what it has no encoder for is left out.
    """
    if recipe.modality == "audio":
        return stacked["audio"].to(device, non_blocking=True), None
    image = normalise(change_pictures(stacked, device), card, device)
    if recipe.modality == "image":
        return image, None
    if recipe.modality == "video" and image.is_cuda and bool(stacked["mask"].all()):
        return image, None
    frame_mask = presence.send(stacked["mask"], device)
    if recipe.modality == "video":
        return image, frame_mask
    there = {
        "image": presence.send(stacked["mask"].any(dim=1), device),
        "audio": presence.send(stacked["has_audio"], device),
    }
    inputs: dict[str, Any] = {"image": image, "audio": stacked["audio"].to(device, non_blocking=True)}
    mask = {**there, "image_frames": frame_mask}
    known = [json.loads(value) for value in stacked["metadata"]]
    for name, tensors, present in (
        ("text", network.text_tensors(stacked["text"]), stacked["text"]),  # type: ignore[operator]
        ("metadata", network.metadata_tensors(known), known),  # type: ignore[operator]
    ):
        if tensors is not None:
            inputs[name] = {key: value.to(device, non_blocking=True) for key, value in tensors.items()}
            mask[name] = presence.send(torch.tensor([bool(value) for value in present]), device)
    return inputs, mask


def normalise(image: torch.Tensor, card: Any, device: torch.device | str) -> torch.Tensor:
    """(…, H, W, 3) levels of 0 to 255 to (…, 3, H, W) floats; on a GPU the channels stay last in memory, as its kernels
    want."""
    # Made here and handed over: a tensor made there from numbers of ours would be waited for.
    mean, std = (
        (torch.tensor(of, dtype=torch.float32)[:, None, None] * 255).to(device, non_blocking=True)
        for of in (card.mean, card.std)
    )
    pixels = image.to(device, non_blocking=True).movedim(-1, -3)
    layout = torch.preserve_format if pixels.is_cuda else torch.contiguous_format
    floats = pixels.to(torch.float32, copy=True, memory_format=layout)
    return floats.sub_(mean).div_(std)  # in place: the batch is walked through as seldom as can be
