"""How a preprocessor_config.json says that pictures are scaled, cut and normalised, in the words of the recipe."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from models.published.base import Given, Refused

FILTERS = {0: "nearest", 1: "lanczos", 2: "bilinear", 3: "bicubic", 4: "area", 5: "bilinear"}
MOST = 4096  # pixels a side


def picture_options(given: Given) -> dict[str, Any]:
    processor = given.processor
    if not processor:
        raise Refused(
            f"{given.name}: preprocessor_config.json is missing, and nothing else says how pictures are scaled; "
            "put it beside the weights"
        )
    try:
        return {**_cut(processor, given.name), **_read_normalisation(processor, given.name)}
    except (TypeError, ValueError, KeyError) as error:
        raise Refused(f"{given.name}: preprocessor_config.json cannot be followed ({error})") from error


def _cut(processor: Mapping[str, Any], name: str) -> dict[str, Any]:
    """Squashed to a square, or the shorter side scaled and the middle cut out."""
    size = processor.get("size", 224)
    filter = FILTERS[int(processor.get("resample", 2))]
    cropped = bool(processor.get("do_center_crop", False))
    shorter = size.get("shortest_edge") if isinstance(size, Mapping) else (size if cropped else None)
    if not processor.get("do_resize", True):
        if not cropped:
            return {"size": 224, "resize": "whole", "shorter_side": 0, "filter": "area"}
        return {
            "size": _side(processor.get("crop_size"), name),
            "resize": "crop",
            "shorter_side": 0,
            "filter": "area",
        }
    if shorter is None:
        return {"size": _side(size, name), "resize": "fit", "shorter_side": 0, "filter": filter}
    shorter = _check_side(int(shorter), name)
    side = _side(processor["crop_size"], name) if cropped and "crop_size" in processor else shorter
    if "crop_pct" in processor and not cropped:  # ConvNeXt: scaled a little larger, below 384 pixels
        if shorter >= 384:
            return {"size": shorter, "resize": "fit", "shorter_side": 0, "filter": filter}
        shorter = int(shorter / float(processor["crop_pct"]))
    return {"size": side, "resize": "crop", "shorter_side": max(shorter, side), "filter": filter}


def _read_normalisation(processor: Mapping[str, Any], name: str) -> dict[str, Any]:
    """Mean and deviation of values from 0 to 1, whatever factor the file scales bytes by."""
    factor = (
        255 * float(processor.get("rescale_factor", 1 / 255)) if processor.get("do_rescale", True) else 255.0
    )
    mean, std = [0.0] * 3, [1.0] * 3
    if processor.get("do_normalize", True):
        mean = [float(v) for v in processor.get("image_mean", [0.5] * 3)]
        std = [float(v) for v in processor.get("image_std", [0.5] * 3)]
    if len(mean) != 3 or len(std) != 3 or not all(std) or not factor > 0:
        raise Refused(f"{name}: preprocessor_config.json must give three means and deviations")
    return {"mean": [v / factor for v in mean], "std": [v / factor for v in std]}


def _side(size: Any, name: str) -> int:
    if isinstance(size, Mapping):
        height, width = int(size["height"]), int(size["width"])
        if height != width:
            raise Refused(f"{name}: takes pictures of {width} x {height}; only square ones are known here")
        return _check_side(height, name)
    return _check_side(int(size), name)


def _check_side(side: int, name: str) -> int:
    if not 8 <= side <= MOST:
        raise Refused(f"{name}: preprocessor_config.json asks for {side} pixels; 8 to {MOST} can be made")
    return side
