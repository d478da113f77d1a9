"""The rule on arrows: dashboard → core → models, and left to right inside core."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
FORBIDDEN = {
    "core": {"streamlit", "dashboard"},
    "models": {"streamlit", "core", "dashboard"},
    "dashboard": {"torch", "torchvision", "torchaudio", "models", "timm"},
}
# Inside core a room may import itself, core's own files and these.
ALLOWED_ROOMS = {
    "media": set(),
    "thresholds": set(),
    "catalog": {"media"},
    "runs": {"thresholds", "catalog"},
    "training": {"media", "catalog", "runs", "thresholds"},
    "imports": {"media", "catalog", "runs", "thresholds", "training"},
    "detection": {"media", "catalog", "runs", "thresholds", "training"},
    "service": {"media", "catalog", "runs", "thresholds", "imports", "detection"},
}


def imports(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            assert node.level == 0, f"{path}: imports are absolute here"
            found |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return found


@pytest.mark.parametrize("house", FORBIDDEN)
def test_no_forbidden_imports(house: str) -> None:
    wrong = [
        f"{path.relative_to(ROOT)} imports {name}"
        for path in (ROOT / house).rglob("*.py")
        for name in imports(path)
        if name.split(".")[0] in FORBIDDEN[house]
    ]
    assert wrong == []


@pytest.mark.parametrize("room", ALLOWED_ROOMS)
def test_rooms_of_core_flow_left_to_right(room: str) -> None:
    rooms = set(ALLOWED_ROOMS) | {"cli"}
    wrong = []
    for path in (ROOT / "core" / room).rglob("*.py"):
        for name in imports(path):
            parts = name.split(".")
            if parts[0] == "core" and len(parts) > 1 and parts[1] in rooms - ALLOWED_ROOMS[room] - {room}:
                wrong.append(f"{path.relative_to(ROOT)} imports {name}")
    assert wrong == []


@pytest.mark.parametrize("room", ["core.catalog", "core.thresholds"])
def test_light_rooms_do_not_import_torch(room: str) -> None:
    code = f"""
import importlib, pkgutil, sys
package = importlib.import_module({room!r})
for module in pkgutil.walk_packages(package.__path__, package.__name__ + '.'):
    importlib.import_module(module.name)
sys.exit('torch' in sys.modules)
"""
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0
