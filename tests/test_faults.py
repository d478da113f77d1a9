"""A small edition of the fault benchmark: processes are killed in the middle of things, and nothing is lost."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.faults import SHARES, bombard
from benchmarks.full_disk import ACTS


@pytest.mark.long
@pytest.mark.alone
@pytest.mark.timeout(1500)
def test_nothing_is_lost_or_half_written_when_processes_are_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DEEPFAKE_WORKSPACE", str(tmp_path / "workspace"))
    bench = bombard(10, seed=7, root=tmp_path, disks=10)
    assert bench.wrong == []
    assert set(bench.kills) == set(SHARES) and set(bench.full) == set(ACTS)
