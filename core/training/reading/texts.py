"""The words of samples: what the catalogue has of them, else what lies beside the file."""

from __future__ import annotations

import pandas as pd
from torch import nn

from core.media.words_beside import words_beside


def known_texts(rows: pd.DataFrame) -> list[str]:
    """Of each row; empty where nobody says anything."""
    stated = rows["text"].fillna("").astype(str) if "text" in rows else [""] * len(rows)
    return [text.strip() or words_beside(file) for text, file in zip(stated, rows["file"], strict=True)]


def texts_for(rows: pd.DataFrame, network: nn.Module) -> list[str]:
    """The same for a network that reads; for the others nothing is looked up."""
    return known_texts(rows) if "text" in getattr(network, "parts", ()) else [""] * len(rows)


def about_texts(found: int, samples: int, encoder: str) -> str:
    """What the log says: an encoder without any text is not built."""
    if not found:
        return "text: no training sample has words, so no text encoder is built"
    if not encoder:
        return (
            f"text: {found:,} of {samples:,} training samples have words, which this network does not read; "
            "model_options: {text_encoder: bytes} would"
        )
    return f"text: {found:,} of {samples:,} training samples have words, read by {encoder}"
