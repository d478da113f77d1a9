"""README's tree shows what is there."""

from __future__ import annotations

from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.mark.parametrize("house", ["dashboard", "core"])
def test_the_tree_names_everything_directly_under_a_house(house: str) -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    tree = text.split("## The house")[1].split("```")[1]
    there = {
        path.name + ("/" if path.is_dir() else "")
        for path in (ROOT / house).iterdir()
        if path.name not in ("__init__.py", "__pycache__", "__main__.py") and not path.name.startswith(".")
    }
    assert {name for name in there if name not in tree} == set()
