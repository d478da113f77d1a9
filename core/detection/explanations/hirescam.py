"""HiResCAM (Draelos and Carin 2020)."""

from __future__ import annotations

from pytorch_grad_cam import HiResCAM

from core.detection.explanations.class_activation import ClassActivation

EXPLAINER = ClassActivation(
    name="hirescam",
    title="HiResCAM",
    about="gradient times activation at each place: faithful for networks with a linear head",
    library=HiResCAM,
)
