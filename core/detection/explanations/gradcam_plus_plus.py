"""Grad-CAM++ (Chattopadhyay et al. 2018)."""

from __future__ import annotations

from pytorch_grad_cam import GradCAMPlusPlus

from core.detection.explanations.class_activation import ClassActivation

EXPLAINER = ClassActivation(
    name="gradcam_plus_plus",
    title="Grad-CAM++",
    about="Grad-CAM with weights that favour several separate places",
    library=GradCAMPlusPlus,
)
