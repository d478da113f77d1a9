"""dataset_statistics.json and .csv: the counts of the catalogue for other tools."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator
from typing import Any

from core import exports
from core.catalog import advice, shortcut_measurements, statistics
from core.catalog.table import DatasetInfo
from core.workspace import Workspace

CSV_COLUMNS = (
    "dataset",
    "part",
    "value",
    "real",
    "fake",
    "unlabelled",
    "ratio",
    "severity",
    "published_real",
    "published_fake",
    "number",
)


def document(abouts: Iterable[DatasetInfo], space: Workspace | None = None) -> dict[str, Any]:
    """Everything that is counted, dataset by dataset, and in total per modality.

    `media` holds durations and resolutions of a sample of the files, null where none was measured yet.
    """
    abouts = list(abouts)
    return {
        "totals": {m: c.summary() for m, c in statistics.totals(abouts).items()},
        "datasets": [
            {
                "name": about.name,
                "layout": about.layout,
                "root": about.root,
                "demo": about.demo,
                **statistics.count(about.counts).summary(),
                "splits": _parts(about, "split"),
                "modalities": _parts(about, "modality"),
                "methods": _parts(about, "method"),
                "formats": about.formats,
                "media": shortcut_measurements.media_statistics(about.name, space=space),
                "published": about.published,
                "missing": statistics.missing(about),
                "advice": advice.text(about),
                "problems": about.problems,
                "problem_count": about.problem_count,
                "notes": about.notes,
            }
            for about in abouts
        ],
    }


def as_json(abouts: Iterable[DatasetInfo], space: Workspace | None = None) -> str:
    return json.dumps(document(abouts, space), indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def as_csv(abouts: Iterable[DatasetInfo], space: Workspace | None = None) -> str:
    """One row a dataset and part of it: the whole, each split, modality and method; then totals per modality.

    Rows of the parts `format` (files), `duration` (seconds) and `resolution` (files) have one `number`.
    """
    abouts = list(abouts)
    out = io.StringIO()
    writer = csv.DictWriter(out, CSV_COLUMNS, lineterminator="\n")
    writer.writeheader()
    for about in abouts:
        published = about.published or {}
        whole = _row(about.name, "all", "", statistics.count(about.counts).summary())
        writer.writerow(
            whole | {"published_real": published.get("real"), "published_fake": published.get("fake")}
        )
        for key in ("split", "modality", "method"):
            for value, summary in _parts(about, key).items():
                writer.writerow(_row(about.name, key, value, summary))
        for part, value, number in _numbers(about, space):
            writer.writerow(_row(about.name, part, value, {"number": number}))
    for modality, total in statistics.totals(abouts).items():
        writer.writerow(_row("total", "modality", modality, total.summary()))
    return out.getvalue()


def _numbers(about: DatasetInfo, space: Workspace | None) -> Iterator[tuple[str, str, float]]:
    media: dict[str, Any] = shortcut_measurements.media_statistics(about.name, space=space) or {}
    for part, values in (
        ("format", about.formats),
        ("duration", media.get("durations") or {}),
        ("resolution", media.get("resolutions") or {}),
    ):
        for value, number in values.items():
            yield part, value, number


def _parts(about: DatasetInfo, key: str) -> dict[str, dict[str, Any]]:
    return {value: count.summary() for value, count in statistics.count_by(about, key).items()}


def _row(dataset: str, part: str, value: str, summary: dict[str, Any]) -> dict[str, Any]:
    return {"dataset": exports.safe_cell(dataset), "part": part, "value": exports.safe_cell(value), **summary}
