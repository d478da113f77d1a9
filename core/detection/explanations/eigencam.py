"""EigenCAM (Muhammad and Yeasin 2020)."""

from __future__ import annotations

from pytorch_grad_cam import EigenCAM

from core.detection.explanations.class_activation import ClassActivation

EXPLAINER = ClassActivation(
    name="eigencam",
    title="EigenCAM",
    about="the main pattern of the layer, without gradients: what it looks at, not what speaks for fake",
    library=EigenCAM,
)
