"""What is known of a file (codec, container, resolution, source) as tokens, one a field."""

from __future__ import annotations

import math
import zlib
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import nn

from models.multimodal.encoders import Tokens

CATEGORIES = ("codec", "audio_codec", "container", "source", "language", "platform")
NUMBERS = ("width", "height", "fps", "duration", "bitrate", "sample_rate", "channels", "bytes")
BUCKETS = 512  # values of a category are hashed into so many rows; row 0 is `not known`


def metadata_tensors(rows: Sequence[Mapping[str, Any] | None]) -> dict[str, torch.Tensor]:
    """`categories` (batch, 6) rows of the embeddings, `numbers` (batch, 8) logarithms, NaN where not
    known."""
    known = [row or {} for row in rows]
    return {
        "categories": torch.tensor([[bucket(row.get(name)) for name in CATEGORIES] for row in known]),
        "numbers": torch.tensor([[number(row.get(name)) for name in NUMBERS] for row in known]),
    }


def bucket(value: Any) -> int:
    """The same row on every machine and in every process, unlike Python's own hash."""
    text = str(value).strip().lower() if value is not None else ""
    return 1 + zlib.crc32(text.encode()) % (BUCKETS - 1) if text else 0


def number(value: Any) -> float:
    try:
        found = float(value)
    except (TypeError, ValueError):
        return math.nan
    return math.log1p(found) if math.isfinite(found) and found >= 0 else math.nan


class MetadataTokens(nn.Module):
    """An embedding for each category, a projection for each number; what is not known is absent, not zero."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.categories = nn.Embedding(len(CATEGORIES) * BUCKETS, width)
        self.slope = nn.Parameter(torch.randn(len(NUMBERS), width) * 0.02)
        self.place = nn.Parameter(torch.randn(len(NUMBERS), width) * 0.02)
        self.norm = nn.LayerNorm(width)

    def forward(self, metadata: dict[str, torch.Tensor], present: torch.Tensor) -> Tokens:
        rows, values = metadata["categories"], metadata["numbers"]
        offsets = torch.arange(len(CATEGORIES), device=rows.device) * BUCKETS
        there = torch.cat([rows > 0, values.isfinite()], 1) & present.unsqueeze(1)
        numbers = torch.nan_to_num(values, 0.0, 0.0, 0.0).unsqueeze(-1) * self.slope + self.place
        return self.norm(torch.cat([self.categories(rows + offsets), numbers], 1)), there
