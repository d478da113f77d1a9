"""Which datasets can serve a modality, and why the others cannot. No torch: the Train page asks, too."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from core.catalog import table as catalog
from core.errors import BadInput
from core.workspace import Workspace

# A clip can be learned from as a clip, as frames, as its sound track, or with
# all of it; multimodal takes what a sample brings and masks the rest.
FITTING = {
    "image": ("image", "video"),
    "audio": ("audio", "video"),
    "video": ("video",),
    "multimodal": ("image", "audio", "video"),
}
TAKES = {
    "image": "pictures and frames of clips",
    "audio": "recordings and clips whose sound has a label",
    "video": "clips",
    "multimodal": "pictures, recordings and clips",
}
HELD = {"image": "pictures", "audio": "recordings", "video": "clips"}
JUDGED_BY = ("modality", "label", "label_video", "label_audio")


@dataclass(frozen=True)
class Fit:
    """What a dataset has for a modality. `why` says why it cannot be used; None where it can."""

    name: str
    real: int
    fake: int
    why: str | None = None


def fit(name: str, modality: str, space: Workspace | None = None) -> Fit:
    path = catalog.file_of(name, space)
    return _fit(path, path.stat().st_mtime_ns if path.exists() else 0, name, modality)


@functools.lru_cache(maxsize=1024)
def _fit(path: Path, mtime_ns: int, name: str, modality: str) -> Fit:
    """Counted from the dataset's file in the catalogue; the time of its last change is part of the key."""
    rows = catalog.frame_of(catalog.arrow_file(path, JUDGED_BY))
    fitting = rows[rows["modality"].isin(FITTING[modality])]
    if not len(fitting):
        held = " and ".join(HELD[kind] for kind in sorted(set(rows["modality"]))) or "nothing"
        return Fit(name, 0, 0, f"holds {held}, and this kind of detector takes {TAKES[modality]}")
    labels = labels_for(modality, fitting)
    real, fake = int((labels == 0).sum()), int((labels == 1).sum())
    if real + fake:
        return Fit(name, real, fake)
    heard = modality == "audio" and set(fitting["modality"]) == {"video"}
    return Fit(name, 0, 0, "has no label for the sound of its clips" if heard else "has no labels")


def labels_for(modality: str, table: pd.DataFrame) -> pd.Series:
    """Pictures are judged by what is seen, sound by what is heard, multimodal by either; null where not
    stated."""
    if modality == "multimodal":
        return table["label"]
    if modality in ("image", "video"):
        return table["label_video"].where(table["label_video"].notna(), table["label"])
    clips = table["modality"] == "video"
    return table["label_audio"].where(table["label_audio"].notna() | clips, table["label"])


def require_fitting(names: list[str], modality: str, space: Workspace | None = None) -> None:
    """Every dataset that is named can be used, or the run does not start."""
    known = catalog.datasets(space)
    for name in names:
        if name not in known:
            raise BadInput(
                f"datasets: “{name}” is not in the catalogue, which has {', '.join(known) or 'none yet'}"
            )
    wrong = [found for name in names if (found := fit(name, modality, space)).why]
    if wrong:
        reasons = "; ".join(f"{one.name!r} {one.why}" for one in wrong)
        raise BadInput(
            f"datasets: not usable for modality {modality}: {reasons}; take {'it' if len(wrong) == 1 else 'them'} "
            "off the list or choose another modality"
        )


def fitting_datasets(modality: str, space: Workspace | None = None) -> list[str]:
    """Datasets made for the modality; where there are none, those with something that can serve it."""
    serving = [name for name in catalog.datasets(space) if fit(name, modality, space).why is None]
    both_tracks, own = [], []
    for name in serving:
        rows = catalog.load([name], space, JUDGED_BY)
        kinds = set(rows["modality"])
        if rows["label_audio"].notna().any() and "video" in kinds:
            both_tracks.append(name)
        if modality in kinds:
            own.append(name)
    chosen = (both_tracks if modality == "multimodal" else own) or serving
    if not chosen:
        raise BadInput(
            f"datasets: the catalogue has none for modality {modality}; "
            "`python -m core demo` makes some, `python -m core scan FOLDER` finds yours"
        )
    return chosen
