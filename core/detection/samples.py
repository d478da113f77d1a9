"""Demo samples to try a detector on in one click: a real and a fake one of each modality, from the demo
datasets."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from core.errors import MediaError
from core.media import shards
from core.workspace import Workspace, workspace

ORDER = ("image", "video", "audio")
NAMES = {"image": "picture", "video": "clip", "audio": "recording"}


@dataclass(frozen=True)
class Sample:
    path: Path
    modality: str
    label: str  # real | fake
    dataset: str

    @property
    def title(self) -> str:
        return f"{NAMES[self.modality]}, {self.label}"


def demo_samples(space: Workspace | None = None) -> list[Sample]:
    """At most one of each modality and label; from a test split where there is one, as nothing learned from
    it."""
    space = space or workspace()
    from core.catalog import table

    found: dict[tuple[str, str], Sample] = {}
    for name in table.datasets(space):
        if not table.info(name, space).demo:
            continue
        columns = ["path", "dataset", "modality", "label", "split"]
        rows = table.load([name], space, columns)
        rows = rows[rows["label"].notna()].sort_values(["split", "path"], na_position="last", kind="stable")
        for (modality, label), group in rows.groupby(["modality", "label"]):
            key = (str(modality), "fake" if label == 1 else "real")
            test = group[group["split"] == "test"]
            row = (test if len(test) else group).iloc[0]
            try:
                path = table.absolute_path(row, space)
            except MediaError:  # replaced by a link out of the data roots
                continue
            if key not in found and shards.is_file(path):
                found[key] = Sample(path, key[0], key[1], name)
    return [found[m, label] for m in ORDER for label in ("real", "fake") if (m, label) in found]
