"""Explanations behind one protocol. One file each: a file of this folder that keeps an EXPLAINER is a method.

Titles are read without running the files, which need torch; `method(name)` runs one.
"""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import TYPE_CHECKING

from core import registry
from core.errors import BadInput

if TYPE_CHECKING:
    from core.detection.explanations.base import Explainer

DEFAULT = "gradcam"
AUTO = "auto"  # Grad-CAM over pictures and spectrograms, integrated gradients over raw sound
VARIABLE = "EXPLAINER"


def _explainer(name: str) -> Explainer:
    found: Explainer = getattr(importlib.import_module(f"{__name__}.{name}"), VARIABLE)
    return found


def _words(path: Path) -> tuple[str, str] | None:
    """Title of a method and what it is over (picture, time); None where the file is no method."""
    stated = registry.literals(path, VARIABLE)
    if stated is None:
        return None
    if "title" in stated and "over" in stated:
        return str(stated["title"]), str(stated["over"])
    found = _explainer(path.stem)  # they are computed: only running the file tells
    return found.title, found.over


def _methods() -> dict[str, tuple[str, str]]:
    files = sorted(Path(__file__).parent.glob("*.py"), key=lambda path: (path.stem != DEFAULT, path.stem))
    words = {path.stem: _words(path) for path in files if path.stem != "__init__"}
    return {name: found for name, found in words.items() if found is not None}


# name: title. The pictures' methods come first, then those over time.
_found = _methods()
PICTURE_METHODS = {name: title for name, (title, over) in _found.items() if over == "picture"}
TIME_METHODS = {name: title for name, (title, over) in _found.items() if over == "time"}
METHODS = PICTURE_METHODS | TIME_METHODS
CHOICES = {AUTO: "automatic"} | METHODS


def method(name: str) -> Explainer:
    """The explainer of this name; an unknown one lists the known."""
    if name not in METHODS:
        raise BadInput(f"unknown explanation {name!r}; known are {', '.join(METHODS)}")
    return _explainer(name)
