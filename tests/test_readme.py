"""README's tree shows what is there, and the documents name no file that is not."""

from __future__ import annotations

import re
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


def test_the_tree_names_nothing_that_is_not_there() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    tree = text.split("## The house")[1].split("```")[1]
    house, room, missing = ROOT, ROOT, []
    for line in tree.strip().splitlines():
        names = re.findall(r"(?<![\w/.])\w+(?:/|\.py|\.css|\.js|\.svg)(?!\w)", line)
        above = room if line.startswith("    ") else house
        if not line.startswith(" "):
            house = above = ROOT / names[0]
        elif names and not line.startswith("    "):
            room = house / names[0]
        missing += [name for name in names if not (above / name).exists() and not (ROOT / name).exists()]
    assert missing == []


@pytest.mark.parametrize("document", ["README.md", "CONTRIBUTING.md"])
def test_paths_in_documents_exist(document: str) -> None:
    text = (ROOT / document).read_text(encoding="utf-8")
    named = re.findall(r"`((?:core|models|dashboard|tests|benchmarks|docs)/[\w/.]*)`", text)
    assert named and [path for path in named if not (ROOT / path).exists()] == []
