"""LayerCAM (Jiang et al. 2021)."""

from __future__ import annotations

from pytorch_grad_cam import LayerCAM

from core.detection.explanations.class_activation import ClassActivation

EXPLAINER = ClassActivation(
    name="layercam",
    title="LayerCAM",
    about="positive gradients times activations at each place: finer maps from earlier layers",
    library=LayerCAM,
)
