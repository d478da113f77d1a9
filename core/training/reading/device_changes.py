"""The changes of training pictures that were left to the device: made for a whole batch at once."""

from __future__ import annotations

from typing import Any

import torch
from torch.nn import functional

from core.training.augmentation.device_steps import ARRAYS

GREY = (0.299, 0.587, 0.114)
REACH = 5  # pixels: three deviations of the strongest blur


@torch.no_grad()
def change_pictures(stacked: dict[str, Any], device: torch.device | str) -> torch.Tensor:
    """`stacked["image"]`, (n, H, W, 3) or (n, T, H, W, 3): the bytes as they are, or changed floats on the device.

    What is decided here is decided by arrays that are not on the device yet: nobody waits for it.
    """
    image: torch.Tensor = stacked["image"]
    if "change_warp" not in stacked:
        return image
    asked = {name: stacked[name] for name in ARRAYS}
    there = {name: value.to(device, non_blocking=True) for name, value in asked.items()}
    clips = image if image.ndim == 5 else image.unsqueeze(1)
    present = stacked["mask"] if "mask" in stacked else torch.ones(clips.shape[:2], dtype=torch.bool)
    shown = present.to(device, non_blocking=True)[:, :, None, None, None]
    pixels = clips.to(device, non_blocking=True).movedim(-1, 2).float()  # (n, T, 3, H, W)
    if bool((asked["change_warp"] != torch.from_numpy(ARRAYS["change_warp"])).any()):
        pixels = _warp(pixels, there["change_warp"])
    if bool((asked["change_colour"] != 1).any()):
        pixels = _recolour(pixels, there["change_colour"], shown)
    if bool((asked["change_blur"] > 0).any()):
        pixels = _blur(pixels, there["change_blur"])
    if bool((asked["change_noise"] > 0).any()):
        pixels = _grain(pixels, asked["change_noise"].tolist(), asked["change_seed"].tolist())
    pixels = (pixels.clamp_(0, 255) * shown).movedim(2, -1)
    return pixels if image.ndim == 5 else pixels.squeeze(1)


def _warp(pixels: torch.Tensor, back: torch.Tensor) -> torch.Tensor:
    """`back` (n, 2, 3) leads from each pixel of the result to where it comes from; mirrored at the border."""
    n, frames, channels, height, width = pixels.shape
    y = torch.arange(height, device=pixels.device, dtype=torch.float32)[None, :, None]
    x = torch.arange(width, device=pixels.device, dtype=torch.float32)[None, None, :]
    rows = [
        row[:, 0, None, None] * x + row[:, 1, None, None] * y + row[:, 2, None, None]
        for row in (back[:, 0], back[:, 1])
    ]
    sides = (max(1, width - 1), max(1, height - 1))
    grid = torch.stack([2 * row / side - 1 for row, side in zip(rows, sides, strict=True)], -1)
    flat = pixels.reshape(n, frames * channels, height, width)
    moved = functional.grid_sample(flat, grid, "bilinear", "reflection", align_corners=True)
    return moved.reshape(pixels.shape)


def _recolour(pixels: torch.Tensor, factors: torch.Tensor, shown: torch.Tensor) -> torch.Tensor:
    """Brightness, contrast around the mean of what is shown, saturation around each pixel's grey."""
    brightness, contrast, saturation = (factors[:, k, None, None, None, None] for k in range(3))
    count = shown.sum((1, 2, 3, 4), keepdim=True).clamp(min=1) * pixels[0, 0].numel()
    mean = (pixels * shown).sum((1, 2, 3, 4), keepdim=True) / count
    red, green, blue = pixels.split(1, 2)
    grey = GREY[0] * red + GREY[1] * green + GREY[2] * blue
    mixed = saturation * pixels + (1 - saturation) * grey
    return (contrast * brightness * mixed + (1 - contrast) * brightness * mean).clamp_(0, 255)


def _blur(pixels: torch.Tensor, deviation: torch.Tensor) -> torch.Tensor:
    """Each sample with a Gaussian of its own, rows and then columns; a deviation of 0 leaves it as it is."""
    n, frames, channels, height, width = pixels.shape
    reach = min(REACH, height - 1, width - 1)
    place = torch.arange(-reach, reach + 1, device=pixels.device, dtype=torch.float32)
    weights = torch.exp(-0.5 * (place / deviation.clamp(min=1e-3)[:, None]) ** 2)
    weights = (weights / weights.sum(1, keepdim=True)).repeat_interleave(frames * channels, 0)
    flat = pixels.reshape(1, n * frames * channels, height, width)
    flat = functional.pad(flat, (reach, reach, reach, reach), mode="reflect")
    flat = functional.conv2d(flat, weights[:, None, None, :], groups=len(weights))
    flat = functional.conv2d(flat, weights[:, None, :, None], groups=len(weights))
    return flat.reshape(pixels.shape)


def _grain(pixels: torch.Tensor, deviations: list[float], seeds: list[int]) -> torch.Tensor:
    """Each sample from its own seed: a batch that is divided because memory ran out gets the same."""
    generator = torch.Generator(pixels.device)
    noise = torch.zeros_like(pixels)
    for row, deviation, seed in zip(noise, deviations, seeds, strict=True):
        if deviation > 0:
            row.normal_(0, deviation, generator=generator.manual_seed(seed))
    return pixels + noise
