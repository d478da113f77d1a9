"""Explanations: one file a method behind one protocol. Importing this package is light; `method(name)` is not."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

from core.errors import BadInput

if TYPE_CHECKING:
    from core.detection.explanations.base import Explainer

# name: title. Each name is a module here with EXPLAINER. The pictures' methods come first, then those over time.
PICTURE_METHODS = {
    "gradcam": "Grad-CAM",
    "gradcam_plus_plus": "Grad-CAM++",
    "hirescam": "HiResCAM",
    "eigencam": "EigenCAM",
    "layercam": "LayerCAM",
}
TIME_METHODS = {
    "integrated_gradients": "Integrated gradients",
    "occlusion": "Occlusion",
}
METHODS = PICTURE_METHODS | TIME_METHODS
DEFAULT = "gradcam"
AUTO = "auto"  # Grad-CAM over pictures and spectrograms, integrated gradients over raw sound
CHOICES = {AUTO: "automatic"} | METHODS


def method(name: str) -> Explainer:
    """The explainer of this name; an unknown one lists the known."""
    if name not in METHODS:
        raise BadInput(f"unknown explanation {name!r}; known are {', '.join(METHODS)}")
    return importlib.import_module(f"core.detection.explanations.{name}").EXPLAINER
