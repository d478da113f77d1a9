"""How strongly a JPEG was compressed, as its quantisation tables tell."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache

import numpy as np
from PIL import Image

# The luminance table of the JPEG standard (Annex K), which encoders scale by quality.
# fmt: off
_LUMINANCE = np.array([
    16, 11, 10, 16, 24, 40, 51, 61, 12, 12, 14, 19, 26, 58, 60, 55, 14, 13, 16, 24, 40, 57, 69, 56, 14, 17, 22, 29,
    51, 87, 80, 62, 18, 22, 37, 56, 68, 109, 103, 77, 24, 35, 55, 64, 81, 104, 113, 92, 49, 64, 78, 87, 103, 121,
    120, 101, 72, 92, 95, 98, 112, 100, 103, 99,
], float)
# fmt: on


def jpeg_quality(picture: Image.Image) -> int | None:
    """The quality (1 to 100) whose standard luminance table is nearest to the file's; None for other formats."""
    tables: Mapping[int, Sequence[int]] | None = getattr(picture, "quantization", None)
    if not tables:
        return None
    found = np.sort(np.asarray(tables[min(tables)], float))
    return 1 + int(np.argmin(np.abs(_standard_tables() - found).sum(axis=1)))


@cache
def _standard_tables() -> np.ndarray:
    """(100, 64), each in ascending order: files list theirs in one order or another."""
    qualities = np.arange(1, 101)
    scales = np.where(qualities < 50, 5000 / qualities, 200 - 2 * qualities)
    scaled = np.floor((_LUMINANCE * scales[:, None] + 50) / 100)
    return np.asarray(np.sort(np.clip(scaled, 1, 255), axis=1))
