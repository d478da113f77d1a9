"""What the Train page knows of the data: which datasets fit, how they are divided, what the imbalance advises."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from core.catalog import table
from core.training.config import AUDIO_AUGMENTATIONS, AUGMENTATIONS, IMAGE_AUGMENTATIONS
from core.workspace import Workspace
from dashboard import theme

# Frames and the sound track of a clip can be trained on too.
SOURCES = {
    "image": ("image", "video"),
    "video": ("video",),
    "audio": ("audio", "video"),
    "multimodal": ("video",),
}


@dataclass(frozen=True)
class Dataset:
    name: str
    real: int
    fake: int
    severity: str
    demo: bool

    @property
    def shown(self) -> str:
        counts = f"{theme.count(self.real)} real, {theme.count(self.fake)} fake"
        return f"{self.name} · {counts} · {theme.severity_word(self.severity)}"


def fitting(modality: str, space: Workspace) -> list[Dataset]:
    """The datasets of the catalogue that have something of this modality, both classes first."""
    found = []
    for name in table.datasets(space):
        info = table.info(name, space)
        rows = [row for row in info.counts if row["modality"] in SOURCES[modality]]
        real = sum(int(r["n"]) for r in rows if r["label"] == 0)
        fake = sum(int(r["n"]) for r in rows if r["label"] == 1)
        if real + fake:
            found.append(Dataset(name, real, fake, severity(real, fake), info.demo))
    return sorted(found, key=lambda d: (min(d.real, d.fake) == 0, d.name))


def severity(real: int, fake: int) -> str:
    """The band of an imbalance, majority over minority."""
    if not min(real, fake):
        return "single-class"
    ratio = max(real, fake) / min(real, fake)
    bands = ((1.5, "balanced"), (2, "mild"), (5, "moderate"), (10, "severe"))
    return next((word for most, word in bands if ratio <= most), "extreme")


def first_choice(space: Workspace, modality: str | None = None) -> dict[str, Any]:
    """A modality that there is data for, and its first dataset with both classes."""
    for name in [modality] if modality else list(SOURCES):
        if found := fitting(name, space):
            return {"modality": name, "datasets": [found[0].name], "model": "", "augmentation": []}
    return {"modality": modality or "video", "datasets": [], "model": "", "augmentation": []}


def methods(config: dict[str, Any], space: Workspace) -> list[str]:
    """The manipulation methods in the chosen datasets, for the one that is held out."""
    known = set(table.datasets(space))
    return sorted(
        {
            str(row["method"])
            for name in config["datasets"]
            if name in known
            for row in table.info(name, space).counts
            if row["method"]
        }
    )


def augmentations(modality: str) -> tuple[str, ...]:
    if modality == "audio":
        return tuple(AUDIO_AUGMENTATIONS)
    return tuple(AUGMENTATIONS if modality == "multimodal" else IMAGE_AUGMENTATIONS)


def signature(config: dict[str, Any]) -> tuple[Any, ...]:
    """What the advice depends on."""
    return config["modality"], tuple(config["datasets"])


def advice(config: dict[str, Any], space: Workspace) -> list[str]:
    """What the imbalance of the chosen data suggests, each with its reason."""
    chosen = [d for d in fitting(config["modality"], space) if d.name in config["datasets"]]
    if not chosen:
        return []
    real, fake = sum(d.real for d in chosen), sum(d.fake for d in chosen)
    return [
        f"{theme.severity_badge(severity(real, fake))} {theme.count(real)} real, {theme.count(fake)} fake"
    ]


def draw_plan(config: dict[str, Any], space: Workspace) -> None:
    """How the chosen protocol divides the data, in one line."""
