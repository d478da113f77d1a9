"""The leak report: what a plan lets cross between train, val and test, and what is no independent test."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

import pandas as pd

from core.catalog import components

# Sources that several published datasets were made from: tests across them are not independent.
SHARED_SOURCES = {
    "FaceForensics++ source videos": (
        "faceforensics", "deepfakedetection", "dfd", "dff", "df40", "deeperforensics", "faceshifter",
    ),
    "the Celeb-DF celebrities": ("celebdf", "celeb-df", "dfgc"),
    "VoxCeleb2": ("fakeavceleb", "lavdf", "avdeepfake1m", "voxceleb"),
    "VCTK": ("asvspoof2019", "asvspoof2021", "vctk"),
    "LJSpeech": ("wavefake", "ljspeech"),
    "JSUT": ("wavefake", "jsut"),
    "FFHQ photographs": ("140krealandfakefaces", "140k", "ffhq"),
}  # fmt: skip

# Two sequences of one YouTube video on two sides of the official FaceForensics++ lists (train, val or test).
FF_SAME_VIDEO = (
    ("605", "606"), ("639", "640"), ("755", "756"), ("837", "838"), ("875", "876"), ("954", "955"), ("982", "983"),
)  # fmt: skip


@dataclass(frozen=True)
class Leak:
    kind: str
    detail: str
    count: int
    examples: list[str] = field(default_factory=list)

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


def report(table: pd.DataFrame, *, media: bool = False, **options: Any) -> list[Leak]:
    """What leaks in the table of a plan; with `media` the files are read for duplicates too."""
    kept = table[table["split"] != ""]
    found = crossing_groups(kept)
    return found


def crossing_groups(kept: pd.DataFrame) -> list[Leak]:
    """Connected components with samples on more than one side, dataset by dataset."""
    found = []
    for name, part in kept.groupby("dataset", sort=True):
        groups = list(part["groups"])
        label = components.components(groups)
        sides = pd.Series(part["split"].to_numpy()).groupby(label).nunique()
        crossing = sides.index[sides > 1]
        if len(crossing):
            touched = int(pd.Series(label).isin(crossing).sum())
            named = components.names(list(part["id"]), groups, label)
            example = sorted({n for n, c in zip(named, label) if c in set(crossing)})
            found.append(
                Leak(
                    "crossing groups",
                    f"{name}: {len(crossing):,} groups are on more than one side, {touched:,} samples in them",
                    len(crossing),
                    example[:10],
                )
            )
    return found
