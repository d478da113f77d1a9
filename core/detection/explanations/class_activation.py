"""Class activation maps through pytorch-grad-cam, for convolutional and for token (ViT) layers."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from pytorch_grad_cam.base_cam import BaseCAM
from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget
from torch import nn

from core.detection.explanations.base import (
    FAKE,
    Attribution,
    View,
    backward_through_recurrence,
    clear_gradients,
)
from core.detection.network_lock import alone
from core.errors import WorkbenchError


class _Called(nn.Module):
    """The view as the module that the library expects; its hooks sit on the layer inside the network."""

    def __init__(self, view: View) -> None:
        super().__init__()
        self.network = view.network
        self.view_forward = view.forward

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        return self.view_forward(inputs)


@dataclass(frozen=True)
class ClassActivation:
    """One method of the library."""

    name: str
    title: str
    about: str
    library: type[BaseCAM]
    over: str = "picture"

    def __call__(self, view: View, inputs: torch.Tensor) -> Attribution:
        if view.layer is None:
            raise WorkbenchError(
                f"this network names no layer for {self.title}; use an explanation over time"
            )
        with alone(view.network):
            return self._maps(view, inputs)

    def _maps(self, view: View, inputs: torch.Tensor) -> Attribution:
        assert view.layer is not None
        leaf = view.layer.register_forward_hook(_graph_begins_here)  # before the library's own hooks
        cam = self.library(_Called(view), [view.layer], reshape_transform=Reshape(view.network))
        strengths: list[np.ndarray] = []
        inner = cam.get_cam_image

        def recorded(*args: Any, **kwargs: Any) -> np.ndarray:
            image = inner(*args, **kwargs)
            strengths.append(np.maximum(image, 0).sum(axis=(1, 2)))
            return image

        cam.get_cam_image = recorded
        if view.picture_size is not None:  # the picture is made inside the network: a spectrogram
            height, width = view.picture_size
            cam.get_target_width_height = lambda _inputs: (width, height)
        try:
            rows = len(inputs)
            with torch.enable_grad(), backward_through_recurrence(view.network):
                maps = cam(input_tensor=inputs.detach(), targets=[ClassifierOutputTarget(FAKE)] * rows)
        finally:
            leaf.remove()
            del cam.get_cam_image  # it refers back: the pass's memory would wait for the garbage collector
            cam.activations_and_grads.release()
            clear_gradients(view.network)
        return Attribution(
            np.asarray(maps, np.float32),
            np.asarray(strengths[0], np.float32),
            scores=cam.outputs.detach().float().softmax(-1)[:, FAKE].cpu().numpy(),
        )


def _graph_begins_here(_layer: nn.Module, _inputs: Any, output: Any) -> Any:
    """Of a frozen network only what follows the layer is differentiated: what lies before it costs a plain pass.

    Where a learning part lies before the layer its graph is there already and stays.
    """
    if not isinstance(output, torch.Tensor) or output.requires_grad:
        return None
    return output.detach().requires_grad_(True).clone()  # a copy, as what follows may work in place


class Reshape:
    """Activations as (n, channels, h, w): tokens lose their prefix and are laid out, channels-last is
    turned."""

    def __init__(self, network: nn.Module) -> None:
        self.prefix = next(
            (int(m.num_prefix_tokens) for m in network.modules() if hasattr(m, "num_prefix_tokens")), None
        )

    def __call__(self, activation: torch.Tensor) -> torch.Tensor:
        if isinstance(activation, tuple):
            activation = activation[0]
        if activation.ndim == 3:
            count = activation.shape[1]
            prefix = self.prefix if self.prefix is not None else count - math.isqrt(count) ** 2
            tokens = activation[:, prefix:]
            side = math.isqrt(tokens.shape[1])
            if side * side != tokens.shape[1]:
                raise WorkbenchError(f"{tokens.shape[1]} tokens do not form a square picture")
            return tokens.transpose(1, 2).reshape(len(tokens), -1, side, side)
        channels_last = activation.ndim == 4 and activation.shape[1] == activation.shape[2]
        if channels_last and activation.shape[2] != activation.shape[3]:
            return activation.permute(0, 3, 1, 2)
        return activation
