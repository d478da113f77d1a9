"""Real media that a detector has never seen the like of: it says so, and leaves files of its own kind alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.domain import together
from benchmarks.domain_parts import cases, measure


@pytest.mark.long
@pytest.mark.alone
@pytest.mark.parametrize("detector", ["faces", "speech", "demo"])
def test_foreign_files_are_outside_and_own_ones_inside(
    shared_data: Path, tmp_path: Path, detector: str
) -> None:
    """Photographs for faces, other speakers for speech, faces and speech for the demo."""
    rows = [
        row for case in cases(shared_data, tmp_path, [detector], 1, small=True) for row in measure(case, 24)
    ]
    found = {(row.kind, row.medium): row for row in together(rows)}
    for (kind, medium), row in found.items():
        called = row.called["in use"]
        if kind == "foreign":
            assert called >= 0.95 * row.n - 1, (medium, called, row.n)
        else:  # one in twenty; with so few files chance adds some
            assert called <= 0.05 * row.n + 3, (medium, called, row.n)
