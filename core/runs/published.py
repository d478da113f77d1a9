"""Figures of published detectors, and whether one may stand beside a run: only where data and protocol
match."""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core import numbers, words

_FILE = Path(__file__).with_name("published.json")
UNSTATED = "unstated"  # what its authors do not say cannot match
# What a run has to judge to stand beside a figure of that modality.
_JUDGES = {
    "audio": (("audio",), "sound"),
    "video": (("image", "video"), "what is seen"),
    "multimodal": (("multimodal",), "picture and sound together"),
}


@dataclass(frozen=True)
class Figure:
    """One published number, and everything that has to match before it means the same."""

    detector: str
    modality: str  # of what is judged: video | audio | multimodal
    trained_on: str
    compression: str  # c23, c40, unstated, or empty where there is none
    tested_on: str
    protocol: str
    level: str  # frame | video | utterance
    metric: str
    value: float
    source: str


@dataclass(frozen=True)
class Beside:
    """A published figure beside a run's own, or why it may not stand there."""

    figure: Figure
    ours: float | None
    interval: tuple[float, float] | None
    why_not: str | None


@functools.cache
def figures() -> tuple[Figure, ...]:
    document = json.loads(_FILE.read_text(encoding="utf-8"))
    return tuple(
        Figure(detector=row["detector"], tested_on=name, value=value, **table["same"])
        for table in document["tables"]
        for row in table["rows"]
        for name, value in row["values"].items()
    )


def beside(
    config: Mapping[str, Any],
    plan: Mapping[str, Any],
    metrics: Mapping[str, Any],
    compression: str | None,
    not_whole: Mapping[str, str] | None = None,
) -> list[Beside]:
    """Every published figure on a dataset that this run was tested on, comparable or not, and why not.

    `compression` is that of the training clips, where all have one and the same; `not_whole` says of a dataset
    why the copy here is not the published one (demo data, samples missing).
    """
    found = []
    tested = {part["name"]: part for part in ((metrics.get("test") or {}).get("by") or {}).get("dataset", [])}
    for figure in figures():
        part = tested.get(figure.tested_on)
        if part is None:
            continue
        copies = not_whole or {}
        why_not = copies.get(figure.tested_on) or copies.get(figure.trained_on)
        why_not = why_not or _why_not(figure, config, plan, compression, set(tested))
        ours, interval = _ours(figure, part, metrics, len(tested))
        if why_not is None and ours is None:
            why_not = (
                f"this run has no {words.figure(figure.metric)} by {figure.level} on “{figure.tested_on}”"
            )
        found.append(
            Beside(figure, ours if why_not is None else None, interval if why_not is None else None, why_not)
        )
    return found


def _why_not(
    figure: Figure,
    config: Mapping[str, Any],
    plan: Mapping[str, Any],
    compression: str | None,
    tested: set[str],
) -> str | None:
    """The first thing that does not match, in words; None where all does."""
    trained = [str(name) for name in plan.get("datasets") or config.get("datasets") or []]
    others = sorted(set(trained) - {figure.trained_on})
    if figure.trained_on not in trained:
        return f"trained on {', '.join(words.quoted(trained)) or 'other data'}; the published one on “{figure.trained_on}”"
    if others:
        return f"also trained on {', '.join(words.quoted(others))}; the published one on “{figure.trained_on}” alone"
    if figure.compression == UNSTATED:
        return f"it is not stated on which compression of “{figure.trained_on}” the published one was trained"
    if figure.compression and compression != figure.compression:
        return f"trained on compression {compression or 'unknown or mixed'}; the published one on {figure.compression}"
    protocol = str(plan.get("protocol") or config.get("protocol"))
    if figure.protocol == UNSTATED:
        return "it is not stated how the data of the published one was split"
    if protocol != figure.protocol:
        return f"split by {protocol}; the published one uses the {figure.protocol} split"
    if config.get("max_samples_per_class"):
        return f"at most {numbers.count_of(config['max_samples_per_class'], 'sample')} a class; the published one uses all"
    judged, kind = _JUDGES[figure.modality]
    if config.get("modality") not in judged:
        return f"this run judges {words.modality(str(config.get('modality')))}; the published one {kind}"
    if figure.level == "frame" and len(tested) > 1:
        return "frame-level figures of this run are over all its test datasets together"
    return None


def _ours(
    figure: Figure, part: Mapping[str, Any], metrics: Mapping[str, Any], datasets: int
) -> tuple[float | None, tuple[float, float] | None]:
    """The run's figure at the same level: units are frames, samples are clips or utterances."""
    if figure.level == "frame":
        units = ((metrics.get("test") or {}).get("units")) or {}
        at = units.get("at_chosen") or {}
    elif datasets == 1:
        at = (metrics.get("test") or {}).get("at_chosen") or {}
    else:
        at = part
    value, bounds = at.get(figure.metric), (at.get("intervals") or {}).get(figure.metric)
    return (
        None if value is None else float(value),
        (float(bounds[0]), float(bounds[1])) if bounds else None,
    )
