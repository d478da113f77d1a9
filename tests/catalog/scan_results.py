"""A scan of a tree of small files, and what the tests read off its result."""

from __future__ import annotations

from pathlib import Path

from core.catalog import scan, statistics
from core.catalog.table import DatasetInfo
from core.workspace import Workspace
from tests.catalog.layout_trees import build, media

CELEB = media("Celeb-DF-v2/Celeb-real/id0_0000.mp4", "Celeb-DF-v2/Celeb-synthesis/id0_id1_0000.mp4")


def scanned(root: Path, files: dict[str, str], space: Workspace) -> scan.ScanResult:
    return scan.scan([build(root / "data", files)], space=space)


def counts(result: scan.ScanResult) -> dict[str, tuple[int, int, int]]:
    found = {}
    for about in result.datasets:
        total = statistics.count(about.counts)
        found[about.name] = (total.real, total.fake, total.unlabelled)
    return found


def the(result: scan.ScanResult, name: str) -> DatasetInfo:
    return next(about for about in result.datasets if about.name == name)
