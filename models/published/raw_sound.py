"""What the published detectors of raw speech share: the first four seconds at 16 kHz, as they are; output 1 is bona fide."""

from __future__ import annotations

from typing import Any

from models.cards import ModelCard
from models.published.base import Family, Reading

RATE, SAMPLES = 16_000, 64_600
READING = Reading(2, (0,), "the authors' code scores by output 1, bona fide; output 0 is spoof", "spoof")


class RawSoundFamily(Family):
    modality = "audio"

    def card(self, **options: Any) -> ModelCard:
        return ModelCard(
            name=self.name,
            modality="audio",
            about=self.about,
            source=self.source,
            sample_rate=RATE,
            seconds=SAMPLES / RATE,
        )

    def recipe(self, **options: Any) -> dict[str, Any]:
        return {"windows": "first", "level": "as_is", "trim_silence": False}
