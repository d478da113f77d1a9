"""What all tests share: a workspace of their own, and where real data may lie."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from core.workspace import Workspace

ROOT = Path(__file__).resolve().parent.parent
SHARED_DATA = ROOT.parent / "shared" / "data"
SHARED_WEIGHTS = ROOT.parent / "shared" / "weights"


# PyTorch looks at it at the first matrix product of the process: a later test may want a GPU to repeat itself.
os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")

LONGEST = 1800  # seconds of a long test that states no limit of its own; a busy machine is no failure


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.get_closest_marker("long") and not item.get_closest_marker("timeout"):
            item.add_marker(pytest.mark.timeout(LONGEST))


@pytest.fixture
def space(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    """A fresh workspace, also for child processes."""
    root = tmp_path / "workspace"
    monkeypatch.setenv("DEEPFAKE_WORKSPACE", str(root))
    return Workspace(root)


@pytest.fixture
def shared_data() -> Path:
    """Real pictures, speech and scores, where this machine has them."""
    if not SHARED_DATA.is_dir():
        pytest.skip("needs the real test data beside the checkout (shared/data), which is not here")
    return SHARED_DATA


@pytest.fixture
def shared_weights() -> Path:
    """Published weights of others, where this machine has them."""
    if not SHARED_WEIGHTS.is_dir():
        pytest.skip("needs published weights beside the checkout (shared/weights), which are not here")
    return SHARED_WEIGHTS
