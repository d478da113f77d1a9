"""The styles of a component touch nothing outside it: they stand in its shadow tree, or begin with its own class."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

DASHBOARD = Path(__file__).resolve().parents[2] / "dashboard"
COMPONENTS = sorted(
    p.parent for p in DASHBOARD.rglob("*.py") if "components.v2.component(" in p.read_text("utf-8")
)


def isolated(folder: Path) -> bool:
    """Whether Streamlit puts the component of this folder into a shadow tree, which is what it does by itself."""
    calls = [node for path in folder.glob("*.py") for node in ast.walk(ast.parse(path.read_text("utf-8")))]
    return not any(isinstance(node, ast.keyword) and node.arg == "isolate_styles" for node in calls)


def selectors(css: str) -> list[str]:
    """`a, b { … }` gives a and b; of an at-rule those inside it."""
    bare = re.sub(r"/\*.*?\*/", "", css, flags=re.DOTALL)
    heads = re.findall(r"([^{}]+)\{", bare)
    return [part.strip() for head in heads if not head.strip().startswith("@") for part in head.split(",")]


@pytest.mark.parametrize("folder", COMPONENTS, ids=lambda folder: folder.name)
def test_styles_stay_in_their_component(folder: Path) -> None:
    sheets = list(folder.glob("*.css"))
    assert sheets or "css=" not in (folder / "__init__.py").read_text("utf-8")
    own = "." + folder.name.replace("_", "-")
    if not isolated(folder):
        assert [
            s for sheet in sheets for s in selectors(sheet.read_text("utf-8")) if not s.startswith(own)
        ] == []


def test_all_components_were_found() -> None:
    assert [folder.name for folder in COMPONENTS] == [
        "heat_map",
        "live_curves",
        "page_frame",
        "threshold_lab",
    ]
