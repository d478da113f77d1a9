"""Grad-CAM (Selvaraju et al. 2017)."""

from __future__ import annotations

from pytorch_grad_cam import GradCAM

from core.detection.explanations.class_activation import ClassActivation

EXPLAINER = ClassActivation(
    name="gradcam",
    title="Grad-CAM",
    about="the layer's channels, weighed by their mean gradient towards fake",
    library=GradCAM,
)
