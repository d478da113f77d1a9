"""The words of samples: what the catalogue has of them, else what the file brings, else what a recogniser
heard."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
from torch import nn

from core.media.sidecar_text import read_sidecar_text
from core.media.subtitles import subtitles
from core.training.reading import transcripts
from core.workspace import Workspace


def known_texts(rows: pd.DataFrame, space: Workspace | None = None, *, inside: bool = False) -> list[str]:
    """Of each row; empty where nobody says anything. `inside`: subtitles in clips too, which opens each."""
    stated = rows["text"].fillna("").astype(str) if "text" in rows else [""] * len(rows)
    found = [text.strip() or read_sidecar_text(file) for text, file in zip(stated, rows["file"], strict=True)]
    if inside and "modality" in rows:
        clips = (rows["modality"] == "video").tolist()
        files = zip(found, rows["file"], clips, strict=True)
        found = [text or (subtitles(Path(file)) if clip else "") for text, file, clip in files]
    if "dataset" not in rows or all(found):
        return found
    heard = transcripts.texts_of(rows, space)
    return [text or other for text, other in zip(found, heard, strict=True)]


def texts_for(rows: pd.DataFrame, network: nn.Module, space: Workspace | None = None) -> list[str]:
    """The same for a network that reads; for the others nothing is looked up."""
    reads = "text" in getattr(network, "parts", ())
    return known_texts(rows, space, inside=True) if reads else [""] * len(rows)


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
