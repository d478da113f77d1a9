"""What is asked about each file. Light: pages and commands make requests without torch."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from core.detection.explanations import AUTO


@dataclass(frozen=True)
class Request:
    run: str | None = None  # None: the default detector of the file's modality
    text: str | None = None  # what was said or written with it, for multimodal networks
    explain: bool = False
    method: str = AUTO
    out: Path | None = None  # where pictures go; needed to explain
    facts: bool = True
    draw_sound: bool = True  # the waveform and the spectrogram, where the sound is judged
    candidates: tuple[str, ...] = ()  # runs that the automatic choice may take beside the defaults
