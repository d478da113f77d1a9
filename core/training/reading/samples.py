"""Which samples a run learns from: the catalogue's rows that fit, with the label of its modality, and their plan."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from core.catalog import table as catalog
from core.catalog.splits import plan as make_plan
from core.errors import BadInput
from core.training.options.config import TrainConfig
from core.workspace import Workspace

# A clip can be learned from as a clip, as frames, as its sound track, or with all of it.
FITTING = {
    "image": ("image", "video"),
    "audio": ("audio", "video"),
    "video": ("video",),
    "multimodal": ("video",),
}
SPLITS = ("train", "val", "test")
FEWEST_LEFT = 2  # of a class in a thinned validation or test split


@dataclass(frozen=True)
class Planned:
    """The plan of a run: rows with `id, path, file, dataset, modality, label, method, split, component, …`."""

    rows: pd.DataFrame
    protocol: str
    dropped: int
    unlabelled: int
    notes: tuple[str, ...]

    def split(self, name: str) -> pd.DataFrame:
        return self.rows[self.rows["split"] == name].reset_index(drop=True)

    def counts(self) -> dict[str, dict[str, int]]:
        return {
            name: {
                "real": int(((self.rows["split"] == name) & (self.rows["label"] == 0)).sum()),
                "fake": int(((self.rows["split"] == name) & (self.rows["label"] == 1)).sum()),
            }
            for name in SPLITS
        }


def select(config: TrainConfig, space: Workspace | None = None) -> pd.DataFrame:
    """The sample table of the datasets asked for, with `label` as this modality hears or sees it."""
    names = config.datasets or fitting_datasets(config.modality, space)
    known = catalog.datasets(space)
    for name in names:
        if name not in known:
            raise BadInput(
                f"datasets: {name!r} is not in the catalogue; it has {', '.join(known) or 'none yet'}"
            )
    table = catalog.load(list(names), space)
    table = table[table["modality"].isin(FITTING[config.modality])].copy()
    table["label"] = labels_for(config.modality, table)
    if not len(table):
        raise BadInput(f"datasets: {', '.join(names)} hold nothing for modality {config.modality}")
    return table.reset_index(drop=True)


def fitting_datasets(modality: str, space: Workspace | None = None) -> list[str]:
    """Datasets made for the modality; where there are none, those with something that can serve it."""
    kinds: dict[str, set[str]] = {}
    both_tracks: set[str] = set()
    for name in catalog.datasets(space):
        table = catalog.load([name], space)
        kinds[name] = set(table["modality"])
        if table["label_audio"].notna().any() and "video" in kinds[name]:
            both_tracks.add(name)
    own = [name for name, found in kinds.items() if modality in found]
    if modality == "multimodal":
        own = sorted(both_tracks)
    serving = [name for name, found in kinds.items() if found & set(FITTING[modality])]
    if modality == "audio":
        serving = sorted(both_tracks)
    chosen = own or serving
    if not chosen:
        raise BadInput(
            f"datasets: the catalogue has none for modality {modality}; "
            "`python -m core demo` makes some, `python -m core scan FOLDER` finds yours"
        )
    return chosen


def labels_for(modality: str, table: pd.DataFrame) -> pd.Series:
    """Pictures are judged by what is seen, sound by what is heard, multimodal by either; null where not stated."""
    if modality == "multimodal":
        return table["label"]
    if modality in ("image", "video"):
        return table["label_video"].where(table["label_video"].notna(), table["label"])
    clips = table["modality"] == "video"
    spoken = table["label_audio"].where(table["label_audio"].notna() | clips, table["label"])
    return spoken


def plan_samples(
    config: TrainConfig, table: pd.DataFrame, space: Workspace | None = None, *, training: bool = True
) -> Planned:
    """Divide the labelled samples leak-free, cap them, and refuse a division that nothing can be learned from."""
    labelled = table[table["label"].notna()].reset_index(drop=True)
    if not len(labelled):
        raise BadInput(f"datasets: no sample states a label for modality {config.modality}")
    options: dict[str, Any] = {"heldout": config.heldout} if config.heldout else {}
    plan = make_plan(labelled, config.protocol, config.seed, space=space, **options)
    rows = plan.table.copy()
    extra = ["id"] + [c for c in labelled.columns if c not in rows.columns]
    rows = rows.merge(labelled[extra], on="id", how="left", validate="one_to_one")
    rows = rows[rows["split"].isin(SPLITS)]
    rows = (
        rows.assign(label=rows["label"].astype(int)).sort_values("id", kind="stable").reset_index(drop=True)
    )
    if config.max_samples_per_class is not None:
        rows = capped(rows, config.max_samples_per_class, config.seed)
    rows = rows.assign(file=[str(path) for path in catalog.absolute_paths(rows, space)])
    planned = Planned(rows, plan.protocol, int(plan.dropped), len(table) - len(labelled), tuple(plan.notes))
    if training:
        _require_both_classes(planned)
    return planned


def capped(rows: pd.DataFrame, cap: int, seed: int) -> pd.DataFrame:
    """At most `cap` of each class in each split: training class by class, validation and test in proportion.

    Thinning validation and test in proportion keeps the natural balance that their figures are about.
    """
    rng = np.random.default_rng([seed, 71])
    kept: list[np.ndarray] = []
    for split in SPLITS:
        inside = rows["split"].to_numpy() == split
        places = {label: np.flatnonzero(inside & (rows["label"].to_numpy() == label)) for label in (0, 1)}
        largest = max(len(p) for p in places.values())
        share = min(1.0, cap / max(1, largest))
        for found in places.values():
            count = min(len(found), cap)
            if split != "train":
                count = min(count, max(FEWEST_LEFT, round(len(found) * share)))
            kept.append(rng.permutation(found)[:count])
    return rows.iloc[np.sort(np.concatenate(kept))].reset_index(drop=True)


def _require_both_classes(planned: Planned) -> None:
    counts = planned.counts()
    for label in ("real", "fake"):
        if not counts["train"][label]:
            raise BadInput(
                f"datasets: the training split has no {label} sample (protocol {planned.protocol}: {counts}); "
                "name other datasets or another protocol"
            )
    if not sum(counts["val"].values()):
        way = (
            "try protocol: group" if planned.protocol != "group" else "too few groups; name further datasets"
        )
        raise BadInput(f"protocol: {planned.protocol} leaves no validation sample ({counts}); {way}")
