"""How a preprocessor_config.json says that sound is fed: as it is, or as one of two spectrograms."""

from __future__ import annotations

import math
from typing import Any

from models.published.base import Given, Refused

SPECTROGRAM = "audio-spectrogram-transformer"
WHISPER = "whisper"
LONGEST = 30.0  # seconds of a recording that are heard
MOST_STEPS = 6_000  # of a spectrogram, a hundred a second


def sound_options(kind: str, given: Given) -> dict[str, Any]:
    processor = given.processor
    if not processor:
        raise Refused(
            f"{given.name}: preprocessor_config.json is missing, and nothing else says how sound is fed; put it beside"
        )
    rate = _whole(given, "sampling_rate", 16_000, 4_000, 192_000)
    if kind == SPECTROGRAM:
        steps = _whole(given, "max_length", 1024, 2, MOST_STEPS)
        return {
            "bands": _whole(given, "num_mel_bins", 128, 4, 512),
            "steps": steps,
            "sample_rate": rate,
            "centre": _number(given, "mean", -4.2677393),
            "spread": _number(given, "std", 4.5689974),
            "seconds": steps / 100 + 0.025,
            "normalise": False,
        }
    if kind == WHISPER:
        return _whisper_options(given, rate)
    if processor.get("feature_size", 1) != 1:
        raise Refused(f"{given.name}: the features that {kind} takes are not known here; only raw sound is")
    return {"sample_rate": rate, "normalise": bool(processor.get("do_normalize", True)), "seconds": LONGEST}


def _whisper_options(given: Given, rate: int) -> dict[str, Any]:
    """The encoder takes one number of steps alone: two for each of its positions."""
    positions = given.config.get("max_source_positions", 1500)
    steps = 2 * positions if isinstance(positions, int) else 0
    hop = _whole(given, "hop_length", 160, 16, 4_096)
    seconds = _whole(given, "chunk_length", 30, 1, int(LONGEST))
    if steps != seconds * rate // hop:
        raise Refused(
            f"{given.name}: preprocessor_config.json makes {seconds * rate // hop} steps of {seconds} s, and config.json "
            f"takes {steps}; put the two of one folder together"
        )
    window = _whole(given, "n_fft", 400, 16, 8_192)
    bands = _whole(given, "feature_size", 80, 4, 512)
    if bands != given.config.get("num_mel_bins", 80):
        raise Refused(
            f"{given.name}: preprocessor_config.json makes spectrograms of {bands} bands, and config.json takes "
            f"{str(given.config.get('num_mel_bins', 80))[:40]}; put the two of one folder together"
        )
    return {
        "bands": bands,
        "steps": steps,
        "window": window,
        "hop": hop,
        "sample_rate": rate,
        "seconds": float(seconds),
        "normalise": False,
    }


def _whole(given: Given, key: str, usual: int, least: int, most: int) -> int:
    value = given.processor.get(key, usual)
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
        raise Refused(
            f"{given.name}: preprocessor_config.json gives {key} = {str(value)[:40]}; "
            f"it must be a whole number from {least} to {most}"
        )
    return value


def _number(given: Given, key: str, usual: float) -> float:
    value = given.processor.get(key, usual)
    wrong = isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value)
    if wrong or (key == "std" and value == 0):
        raise Refused(
            f"{given.name}: preprocessor_config.json gives {key} = {str(value)[:40]}, which is no number to scale by"
        )
    return float(value)
