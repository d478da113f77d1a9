"""Which samples a run learns from: the catalogue's rows that fit, with the label of its modality, and their
plan."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from core import words
from core.catalog import table as catalog
from core.catalog.splits import lacks
from core.catalog.splits import plan as make_plan
from core.errors import BadInput
from core.training.options.config import TrainConfig
from core.training.reading.usable_datasets import FITTING, fitting_datasets, labels_for, require_fitting
from core.workspace import Workspace

SPLITS = ("train", "val", "test")
FEWEST_LEFT = 2  # of a class in a thinned validation or test split


@dataclass(frozen=True)
class Planned:
    """The plan of a run: rows with `id, path, file, dataset, modality, label, method, split, component,
    …`."""

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
    if config.datasets:
        require_fitting(config.datasets, config.modality, space)
    names = config.datasets or fitting_datasets(config.modality, space)
    table = catalog.load(list(names), space)
    table = table[table["modality"].isin(FITTING[config.modality])].copy()
    table["label"] = labels_for(config.modality, table)
    return table.reset_index(drop=True)


def plan_samples(
    config: TrainConfig, table: pd.DataFrame, space: Workspace | None = None, *, training: bool = True
) -> Planned:
    """Divide the labelled samples leak-free, cap them, and refuse a division that nothing can be learned
    from."""
    labelled = table[table["label"].notna()].reset_index(drop=True)
    if not len(labelled):
        raise BadInput(f"datasets: no sample states a label for modality {config.modality}")
    plan = make_plan(
        labelled, config.protocol, config.seed, heldout=config.heldout, shares=config.shares, space=space
    )
    rows = plan.table.copy()
    extra = ["id"] + [c for c in labelled.columns if c not in rows.columns]
    rows = rows.merge(labelled[extra], on="id", how="left", validate="one_to_one")
    rows = rows[rows["split"].isin(SPLITS)]
    rows = (
        rows.assign(label=rows["label"].astype(int)).sort_values("id", kind="stable").reset_index(drop=True)
    )
    if config.max_samples_per_class is not None:
        rows = cap_samples(rows, config.max_samples_per_class, config.seed)
    rows = rows.assign(file=[str(path) for path in catalog.absolute_paths(rows, space)])
    notes = (*plan.notes, *_only_measured(rows))
    planned = Planned(rows, plan.protocol, int(plan.dropped), len(table) - len(labelled), notes)
    if training:
        _require_both_classes(planned)
    return planned


def _only_measured(rows: pd.DataFrame) -> list[str]:
    """A line for each dataset that the plan keeps out of training."""
    learned = set(rows.loc[rows["split"] == "train", "dataset"])
    return [
        f"{name}: none of its samples is in the training part; a detector is only measured on it"
        for name in sorted(set(rows["dataset"]) - learned)
    ]


def cap_samples(rows: pd.DataFrame, cap: int, seed: int) -> pd.DataFrame:
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
    parts = "; ".join(
        f"{words.split(split)} {c['real']:,} real, {c['fake']:,} fake" for split, c in counts.items()
    )
    for label in ("real", "fake"):
        if not counts["train"][label]:
            raise BadInput(
                f"datasets: {lacks('train', label)} ({parts}); choose other datasets, or divide them another way "
                "(protocol)"
            )
    if not sum(counts["val"].values()):
        way = (
            "divide the data by person, source or clip (group)"
            if planned.protocol != "group"
            else "there are too few people, sources or clips; choose further datasets"
        )
        raise BadInput(f"protocol: the validation part is empty ({parts}); {way}")
