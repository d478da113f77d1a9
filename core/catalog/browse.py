"""Pages of samples by what they are, read from the catalogue without loading the whole table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds

from core.catalog import table
from core.catalog.table import DatasetInfo
from core.workspace import Workspace

COLUMNS = ("id", "path", "dataset", "modality", "label", "method", "split", "bytes", "groups")
LABELS: dict[str, int | None] = {"real": 0, "fake": 1, "unlabelled": None}


@dataclass(frozen=True)
class Filter:
    """What to show; an empty value shows all. `unassigned` stands for none (no official split, no method)."""

    label: str = ""
    split: str = ""
    method: str = ""
    modality: str = ""
    text: str = ""  # in the path

    def fits(self, row: dict[str, Any]) -> bool:
        """Whether a row of the counts belongs."""
        return (
            (not self.label or row["label"] == LABELS[self.label])
            and (not self.split or (row["split"] or "unassigned") == self.split)
            and (not self.method or (row["method"] or "unassigned") == self.method)
            and (not self.modality or row["modality"] == self.modality)
        )

    def expression(self) -> pc.Expression | None:
        parts: list[pc.Expression] = []
        if self.label:
            value = LABELS[self.label]
            parts.append(ds.field("label").is_null() if value is None else ds.field("label") == value)
        for name in ("split", "method", "modality"):
            wanted = getattr(self, name)
            if wanted:
                field = ds.field(name)
                parts.append(field.is_null() if wanted == "unassigned" else field == wanted)
        if self.text:
            parts.append(pc.match_substring(ds.field("path"), self.text, ignore_case=True))
        combined: pc.Expression | None = None
        for part in parts:
            combined = part if combined is None else combined & part
        return combined


def folders(dataset: str, space: Workspace | None = None, most: int = 200) -> list[str]:
    """The folders that hold samples, below the dataset's root; the first `most`."""
    paths = table.arrow(dataset, space, ["path"]).column("path")
    return sorted(pc.unique(pc.replace_substring_regex(paths, "/?[^/]*$", "")).to_pylist())[:most]


def total(about: DatasetInfo, chosen: Filter, space: Workspace | None = None) -> int:
    """How many samples fit; from the saved counts unless a text is searched."""
    if chosen.text:
        return int(_dataset(about.name, space).count_rows(filter=chosen.expression()))
    return sum(int(row["n"]) for row in about.counts if chosen.fits(row))


def page(
    name: str, chosen: Filter, number: int, size: int, space: Workspace | None = None
) -> list[dict[str, Any]]:
    """Page `number` (from 1) of the samples that fit, in the catalogue's order."""
    return _between(name, chosen, (number - 1) * size, number * size, space)


def mixed_page(
    about: DatasetInfo, chosen: Filter, number: int, size: int, space: Workspace | None = None
) -> list[dict[str, Any]]:
    """The same, reals and fakes by turns while there are both; what has no label comes last.

    reals  r1 r2 r3 r4 r5      page 1  r1 f1 r2 f2
    fakes  f1 f2               page 2  r3 r4 r5
    """
    if chosen.label:
        return page(about.name, chosen, number, size, space)
    parts = [replace(chosen, label=label) for label in LABELS]
    totals = [total(about, part, space) for part in parts]
    begins, ends = (_taken(k, totals) for k in ((number - 1) * size, number * size))
    found = [
        _between(about.name, part, begin, end, space) if end > begin else []
        for part, begin, end in zip(parts, begins, ends, strict=True)
    ]
    by_turns = [row for pair in zip_longest(found[0], found[1]) for row in pair if row is not None]
    return by_turns + found[2]


def _taken(k: int, totals: Sequence[int]) -> tuple[int, int, int]:
    """How many reals, fakes and unlabelled are among the first `k`."""
    real, fake, other = totals
    both = min(k, real + fake)
    first = min(real, max(-(-both // 2), both - fake))
    return first, both - first, min(other, max(0, k - real - fake))


def _between(
    name: str, chosen: Filter, begin: int, wanted: int, space: Workspace | None
) -> list[dict[str, Any]]:
    size = wanted - begin
    scanner = _dataset(name, space).scanner(
        columns=list(COLUMNS), filter=chosen.expression(), batch_size=4096, use_threads=False
    )
    rows: list[dict[str, Any]] = []
    seen = 0
    for batch in scanner.to_batches():
        if seen + batch.num_rows > wanted - size:
            rows += batch.slice(max(0, wanted - size - seen), size - len(rows)).to_pylist()
        seen += batch.num_rows
        if seen >= wanted:
            break
    return rows


def _dataset(name: str, space: Workspace | None) -> ds.Dataset:
    table.info(name, space)  # a clear error where there is no such dataset
    return ds.dataset(table.file_of(name, space), format="parquet", schema=_schema())


def _schema() -> pa.Schema:
    return pa.schema([table.SCHEMA.field(c) for c in COLUMNS])
