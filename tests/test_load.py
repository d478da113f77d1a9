"""A small edition of the load benchmark: analysts on every page while a run trains, and nobody notices anybody."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.load import load


@pytest.mark.long
@pytest.mark.alone
@pytest.mark.timeout(1500)
def test_a_crowd_at_work_breaks_nothing_and_changes_no_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DEEPFAKE_WORKSPACE", str(tmp_path / "workspace"))
    found = load(tmp_path, sessions=9, minutes=0.75, small=True)
    assert found.wrong == []
    assert set(found.loaded_ms) == {"datasets", "thresholds", "detect"} and found.reruns >= 9
    assert found.runs > 0 and found.differing == []
