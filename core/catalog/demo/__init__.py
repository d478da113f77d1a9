"""Demo datasets: small editions of published layouts with media drawn, spoken and manipulated here."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from core.access import LOCAL, Person

MARKER = "DEMO_DATA.txt"  # lies in the folder of every demo dataset


def is_demo(root: Path | str) -> bool:
    """Whether a dataset's folder, or one that it lies in, was made here."""
    path = Path(root)
    return any((folder / MARKER).is_file() for folder in (path, *list(path.parents)[:4]))


def make(
    root: Path,
    seed: int = 0,
    progress: Callable[[int, int, str], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
    workers: int | None = None,
    person: Person = LOCAL,
) -> dict[str, Any]:
    """Make every demo dataset under `root`; see `core.catalog.demo.making`."""
    person.require_operator("make the demo datasets")
    from core.catalog.demo import making  # brings the encoders, which the catalogue does not need

    return making.make(root, seed, progress, cancelled, workers)
