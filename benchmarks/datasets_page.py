"""python -m benchmarks.datasets_page: the Datasets page over 1,000,000 catalogued samples beside an empty page.

One server a catalogue. A visitor's session opens the empty page (the Datasets page of an empty catalogue) and the
full one in turns; the first drawing of each is not counted, which imports what both need.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa

from benchmarks.runs import server
from benchmarks.sessions import Session
from core.catalog import table
from core.catalog.info import DatasetInfo
from core.workspace import Workspace

DATASETS, BATCH = 20, 50_000
MORE_AT_MOST = 1.0  # seconds over the empty page


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--samples", type=int, default=1_000_000)
    parser.add_argument("--turns", type=int, default=5)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="datasets-page-") as folder:
        empty, full = Workspace(Path(folder) / "empty"), Workspace(Path(folder) / "full")
        for number in range(DATASETS):
            catalogue(full, f"set {number:02d}", args.samples // DATASETS)
        with server(empty, 0) as one, server(full, 0) as other:
            drawn = [(open_page(one), open_page(other)) for _ in range(args.turns + 1)][1:]
    print(f"{'turn':<6} {'empty page':>11} {f'{args.samples:,} samples':>18} {'more':>8}")
    for turn, (short, long) in enumerate(drawn, 1):
        print(f"{turn:<6} {short:>9.2f} s {long:>16.2f} s {long - short:>6.2f} s")
    more = statistics.median(long - short for short, long in drawn)
    print(f"\nmore than an empty page, median: {more:.2f} s; at most {MORE_AT_MOST:.0f} s is the aim")


def open_page(port: int) -> float:
    """A new visitor's first sight of the page."""
    with Session(port, "datasets") as visitor:
        return visitor.rerun()


def catalogue(space: Workspace, name: str, samples: int) -> None:
    """A dataset of which only the table exists."""
    root = space.root / "media" / name
    root.mkdir(parents=True)
    real = samples // 5
    counts: list[dict[str, Any]] = [
        {"split": "train", "modality": "image", "method": None, "label": 0, "n": real},
        {"split": "train", "modality": "image", "method": "swap", "label": 1, "n": samples - real},
    ]
    about = DatasetInfo(name, "generic", str(root), counts=counts, formats={"jpg": samples})
    table.save(name, _batches(name, samples, real), about, space)


def _batches(name: str, samples: int, real: int) -> Iterator[pa.Table]:
    for start in range(0, samples, BATCH):
        n = min(BATCH, samples - start)
        paths = [f"{'real' if i < real else 'fake'}/{i:07d}.jpg" for i in range(start, start + n)]
        labels = [int(i >= real) for i in range(start, start + n)]
        columns = {
            "id": [f"{name}/{path}" for path in paths],
            "path": paths,
            "dataset": [name] * n,
            "layout": ["generic"] * n,
            "modality": ["image"] * n,
            "label": labels,
            "method": ["swap" if label else None for label in labels],
            "split": ["train"] * n,
            "groups": [[f"person:{i // 10}"] for i in range(start, start + n)],
            "bytes": [1000] * n,
            "mtime_ns": [1] * n,
        }
        yield pa.table(
            {f.name: pa.array(columns.get(f.name, [None] * n), f.type) for f in table.SCHEMA},
            schema=table.SCHEMA,
        )


if __name__ == "__main__":
    main()
